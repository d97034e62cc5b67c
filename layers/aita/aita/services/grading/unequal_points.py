"""Flags of answers that say the same as others, and were given other points."""

from collections.abc import Mapping
from typing import Any

from aita.models.exam import QuestionType
from aita.models.grade import CellState
from aita.models.points import exact
from aita.models.review_flags import Flag, FlagKind
from aita.services.grading.equal_answers import is_text_known
from aita.services.grading.equal_forms import normal_form
from aita.services.grading.grade_inputs import GradeInputs

JsonCells = Mapping[str, dict[str, dict[str, Any]]]
"""Cells by student id and question id, as they are stored."""


def flag_unequal_points(inputs: GradeInputs, cells: JsonCells) -> None:
    """Open the cells of answers that say the same and have different points, in place.

    A drawing, and an answer that its grader read otherwise on the page, were not graded by their text, and are equal to
    none.
    A flag of an earlier run on a kept cell is taken off first, as the others may have been graded again since.
    """
    drawn = {each.question_id for each in inputs.exam.questions if each.question_type is QuestionType.DIAGRAM}
    alike: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for student_id, of_student in cells.items():
        for question_id, cell in of_student.items():
            _take_off(cell)
            answer = inputs.answers.get(student_id, {}).get(question_id)
            is_known = question_id not in drawn and is_text_known(FlagKind(flag["kind"]) for flag in cell["flags"])
            if answer is not None and is_known and cell["points"] is not None and cell["criteria"]:
                alike.setdefault((question_id, normal_form(answer.text)), []).append(cell)
    for (_, form), same in alike.items():
        points = sorted({exact(cell["points"]) for cell in same})
        if form and len(points) > 1:
            note = (
                f"{len(same)} answers that say the same have from {float(points[0]):g} to {float(points[-1]):g} points"
            )
            flag = Flag(kind=FlagKind.UNEQUAL_POINTS, note=note).model_dump(mode="json")
            for cell in same:
                cell |= {"state": CellState.NEEDS_REVIEW, "flags": [*cell["flags"], flag]}


def _take_off(cell: dict[str, Any]) -> None:
    left = [flag for flag in cell["flags"] if flag["kind"] != FlagKind.UNEQUAL_POINTS]
    if len(left) < len(cell["flags"]):
        cell["flags"] = left
        if not left:  # nothing else had opened it
            cell["state"] = CellState.GRADED
