"""The one place that decides what of a grade its student is shown: the HTML report and all exports take it from here.

While an answer is open, nothing of its proposal is. Points that a person set stand with that person's reason alone,
also where they are what the graders proposed: their criteria, quotes and feedback were not accepted. No person's name
is shown, and no quote that does not stand in the answer, whoever accepted it.
"""

from collections.abc import Iterable

from aita.models.grade import Cell, CellState, CriterionGrade, Decision
from aita.models.shown import ShownAnswer, ShownDecision
from aita.services.grading.gradebook import Gradebook


def shown_answers(gradebook: Gradebook, student_id: str) -> tuple[ShownAnswer, ...]:
    """Return what a student is shown of each answer, in the order of the exam's questions."""
    cells = gradebook.students[student_id].cells
    return tuple(shown_answer(cell, gradebook.decision(cell.cell_id)) for cell in cells)


def shown_answer(cell: Cell, decision: Decision | None) -> ShownAnswer:
    """Return what a student is shown of one answer.

    Parameters
    ----------
    cell
        As it counts, with what a person decided.
    decision
        The decision that its points are of, if there is one.
    """
    if cell.state.is_open:
        return ShownAnswer(question_id=cell.question_id, state=cell.state, points=None, max_points=cell.max_points)
    accepted = cell.state is not CellState.OVERRIDDEN
    return ShownAnswer(
        question_id=cell.question_id,
        state=cell.state,
        points=cell.points,
        max_points=cell.max_points,
        criteria=found_quotes(cell.criteria) if accepted else (),
        feedback=cell.feedback if accepted else "",
        decision=_shown_decision(decision) if decision is not None else None,
    )


def found_quotes(criteria: Iterable[CriterionGrade]) -> tuple[CriterionGrade, ...]:
    """Return criteria without the quotes that were not found in the answer: these are not the student's words."""
    return tuple(each if each.quote_found else each.model_copy(update={"quote": ""}) for each in criteria)


def _shown_decision(decision: Decision) -> ShownDecision:
    counted = not decision.old_state.is_open
    return ShownDecision(
        action=decision.action,
        at=decision.at,
        why=decision.why,
        before=decision.old_points if counted else None,
    )
