"""Wording of questions: no answer is graded with an answer key or a rubric that was written for another wording.

Files of aita 0.1.0 and an instructor's own rubrics do not record the wording that they were written for. It is taken
from the cells of the answers that were graded with them.
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
    """Check that answer keys and rubrics were written for the present wording of their questions.

    An instructor's own rubric counts as written for the wording at its upload.

    Raises
    ------
    InvalidMaterialError
        If an answer key or a rubric was written for another wording. The message names all of them.
    """
    if stale := [*_stale(material, exam, rubrics)]:
        raise InvalidMaterialError(
            f"{', '.join(stale)}: written when the question was worded otherwise. Write the answer keys and rubrics "
            f"anew, which asks only for reworded questions, and confirms your own rubrics: aita generate-rubric "
            f"--assignment {material.assignment}"
        )


def current_keys(material: AssignmentFiles, exam: ExamSpec) -> dict[str, AnswerKey]:
    """Return the answer keys by question id, without those that were written for another wording."""
    written_for, wordings = material.written_for(object_keys.ANSWER_KEYS), _wordings(exam)
    found = material.answer_keys()
    return {each: found[each] for each in found if written_for[each] in ("", wordings.get(each))}


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
    """Return the wordings of the answers that were graded against a rubric, for a rubric that records none."""
    version = rubric_version(rubric)
    return {cell.question for cell in cells if cell.rubric == version}


def _wordings(exam: ExamSpec) -> dict[str, str]:
    return {question.question_id: question_version(question) for question in exam.questions}
