"""Wording: answer keys and rubrics that were written when their question was worded otherwise are not graded with.

Files of aita 0.1.0, and an instructor's own rubrics, do not name a wording. Answers that were graded with them do.
"""

from collections.abc import Iterable, Iterator, Mapping
from functools import cache

from aita.errors import InvalidMaterialError
from aita.models.exam import AnswerKey, ExamSpec, Rubric
from aita.models.grade import Cell, question_version
from aita.services.assignments import object_keys
from aita.services.assignments.assignment_files import AssignmentFiles
from aita.services.grading.material_versions import rubric_version


def check_wording(material: AssignmentFiles, exam: ExamSpec, rubrics: Mapping[str, Rubric]) -> None:
    """Check that what was written for the exam's questions was written for their wording of now.

    An instructor's own rubric is for the wording of now from its upload on, until the question is reworded.

    Raises
    ------
    InvalidMaterialError
        If an answer key or a rubric was not, naming them.
    """
    if stale := [*_stale(material, exam, rubrics)]:
        raise InvalidMaterialError(
            f"{', '.join(stale)}: written when the question was worded otherwise. Write the answer keys and rubrics "
            f"anew, which asks only for reworded questions, and confirms your own rubrics: aita generate-rubric "
            f"--assignment {material.assignment}"
        )


def keys_of_now(material: AssignmentFiles, exam: ExamSpec) -> dict[str, AnswerKey]:
    """Return the answer keys that were not written for another wording."""
    written_for, now = material.written_for(object_keys.ANSWER_KEYS), _wordings(exam)
    found = material.answer_keys()
    return {each: found[each] for each in found if written_for[each] in ("", now.get(each))}


def _stale(material: AssignmentFiles, exam: ExamSpec, rubrics: Mapping[str, Rubric]) -> Iterator[str]:
    answer_keys, written = material.written_for(object_keys.ANSWER_KEYS), material.written_for(object_keys.RUBRICS)
    gathered = material.gathered_rubrics()
    cells = cache(lambda: [cell for graded in material.grades().values() for cell in graded.values() if cell.question])
    for question_id, now in _wordings(exam).items():
        if (version := answer_keys.get(question_id)) is not None:
            known = {version} if version else {cell.question for cell in cells() if cell.question_id == question_id}
            if known and now not in known:
                yield f"the answer key of question {question_id!r}"
        if (rubric := rubrics.get(question_id)) is not None:
            version = written[question_id] if rubric == gathered.get(question_id) else ""
            known = {version} if version else _graded_against(rubric, cells())
            if known and now not in known:
                yield f"the rubric of question {question_id!r}"


def _graded_against(rubric: Rubric, cells: Iterable[Cell]) -> set[str]:
    """Return the wordings with which answers were graded against a rubric that does not name its own."""
    version = rubric_version(rubric)
    return {cell.question for cell in cells if cell.rubric == version}


def _wordings(exam: ExamSpec) -> dict[str, str]:
    return {question.question_id: question_version(question) for question in exam.questions}
