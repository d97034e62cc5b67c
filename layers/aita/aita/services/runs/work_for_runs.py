"""Work of an assignment that waits for a run: files and answers that came after the last run of their kind."""

from collections.abc import Iterable, Mapping

from aita.models.exam import Question, Rubric
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
        if student.student_id not in answers
        or (student.files and present.get(student.folder, {*student.files}) != {*student.files})
    ]
    return len(waiting) + len(listed.untranscribed)


def ungraded_answers(material: AssignmentFiles, questions: Iterable[Question], rubrics: Mapping[str, Rubric]) -> int:
    """Return the number of transcribed answers to questions with a rubric that no run has graded."""
    grades = material.grades()
    gradable = [question.question_id for question in questions if question.question_id in rubrics]
    return sum(
        question_id not in grades.get(student_id, {}) for student_id in material.answers() for question_id in gradable
    )
