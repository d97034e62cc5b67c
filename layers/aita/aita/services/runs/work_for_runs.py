"""Work of an assignment that waits for a run: files and answers that came after the last run of their kind."""

from collections.abc import Iterable, Mapping

from aita.models.exam import Question, Rubric
from aita.models.grade import Cell
from aita.models.review_flags import FlagKind
from aita.services.assignments import object_keys
from aita.services.assignments.assignment_files import AssignmentFiles
from aita.services.assignments.class_list import ClassList
from aita.services.assignments.pile_files import pile_files
from aita.services.assignments.uploaded_files import uploaded_scans


def unseparated_piles(material: AssignmentFiles) -> int:
    """Return the number of files of piles that are uploaded in full, and not separated into booklets yet."""
    counted = material.separation().counted
    return sum(not file.lacks and file.source not in counted for file in pile_files(material))


def untranscribed_students(material: AssignmentFiles, listed: ClassList) -> int:
    """Return the number of students whose scans were not transcribed, or have changed since."""
    present: dict[str, set[str]] = {}
    for folder, _, file in uploaded_scans(material):
        present.setdefault(folder, set()).add(object_keys.source_id(file.key, file.etag))
    answers = material.answers()
    waiting = [
        student
        for student in listed.students.students
        if student.folder in present
        and (student.student_id not in answers or (student.files and present[student.folder] != {*student.files}))
    ]
    return len(waiting) + len(listed.untranscribed)


def ungraded_answers(material: AssignmentFiles, questions: Iterable[Question], rubrics: Mapping[str, Rubric]) -> int:
    """Return the number of transcribed answers to questions with a rubric that no run has graded against any.

    A run leaves an answer whose question has no rubric yet to a person, in a cell of its own.
    """
    grades = material.grades()
    gradable = [question.question_id for question in questions if question.question_id in rubrics]
    return sum(
        _lacks_grade(grades.get(student_id, {}).get(question_id))
        for student_id in material.answers()
        for question_id in gradable
    )


def _lacks_grade(cell: Cell | None) -> bool:
    return cell is None or any(flag.kind is FlagKind.NO_RUBRIC for flag in cell.flags)
