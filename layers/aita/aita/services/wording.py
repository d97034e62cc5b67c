"""Wording: answer keys and rubrics that were written when their question was worded otherwise are not graded with."""

from collections.abc import Iterator, Mapping
from functools import cache

from aita.errors import InvalidMaterial
from aita.models.exam import ExamSpec, Rubric
from aita.models.grade import Cell, question_version
from aita.services import keys
from aita.services.material import Material
from aita.services.versions import rubric_version


def check_wording(material: Material, exam: ExamSpec, rubrics: Mapping[str, Rubric]) -> None:
    """Check that what was written for the exam's questions was written for their wording of now.

    An instructor's own rubric is for the wording of now from its upload on, until the question is reworded.

    Raises
    ------
    InvalidMaterial
        If an answer key or a rubric was not, naming them.
    """
    if stale := [*_stale(material, exam, rubrics)]:
        raise InvalidMaterial(
            f"{', '.join(stale)}: written when the question was worded otherwise. Write the answer keys and rubrics "
            f"anew, which asks only for reworded questions, and confirms your own rubrics: aita generate-rubric "
            f"--assignment {material.assignment}"
        )


def _stale(material: Material, exam: ExamSpec, rubrics: Mapping[str, Rubric]) -> Iterator[str]:
    answer_keys, written = material.written_for(keys.ANSWER_KEYS), material.written_for(keys.RUBRICS)
    gathered = material.gathered_rubrics()
    grades = cache(material.grades)
    for question in exam.questions:
        question_id, now = question.question_id, question_version(question)
        rubric = rubrics.get(question_id)
        of_this = {"answer key": answer_keys.get(question_id)}
        if rubric is not None and rubric == gathered.get(question_id):
            of_this["rubric"] = written[question_id]
        for name, version in of_this.items():
            if version is not None and now not in ({version} if version else _graded(grades(), rubric) or {now}):
                yield f"the {name} of question {question_id!r}"


def _graded(cells: Mapping[str, Mapping[str, Cell]], rubric: Rubric | None) -> set[str]:
    """Return the wordings with which answers were graded against a rubric: of files of 0.1.0, nothing else tells."""
    if rubric is None:
        return set()
    version, question_id = rubric_version(rubric), rubric.question_id
    found = (graded.get(question_id) for graded in cells.values())
    return {cell.question for cell in found if cell is not None and cell.question and cell.rubric == version}
