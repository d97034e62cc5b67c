"""Grades as people decided on them before the material changed, for a comparison with the grades after it."""

from collections.abc import Iterable, Mapping

from aita.models.decision import Decision
from aita.models.exam import ExamSpec
from aita.models.grade import Cell
from aita.services.grading.decided_cells import decided
from aita.services.grading.decided_questions import decided_cell
from aita.services.grading.standing_decisions import in_order, standing


def decided_as_graded(
    exam: ExamSpec, cells: Mapping[str, Mapping[str, Cell]], decisions: Iterable[Decision]
) -> dict[str, Cell]:
    """Return the cells on which a person's decision counts, or counted until the material changed, as decided, by id.

    Parameters
    ----------
    cells
        Graded cells, by student id and question id.
    decisions
        People's decisions, in any order.
    """
    find_cell = decided_cell(exam)
    made: dict[str, list[Decision]] = {}
    for decision in standing(in_order(decisions)):
        made.setdefault(find_cell(decision), []).append(decision)
    found = {}
    for graded in cells.values():
        for cell in graded.values():
            as_decided, counts = decided(cell, made.get(cell.cell_id, ()))
            if counts is not None:
                found[cell.cell_id] = as_decided
    return found
