"""Student's view of a grade. The HTML report and all exports use this view, so that they show the same.

An open answer shows nothing of its proposal. Points that a person set show only that person's criteria, feedback and
reason, even if they equal the proposed ones, as the graders' criteria, quotes and feedback were not accepted. The view
shows no names of deciding people, and no quote that is not in the answer, even of an accepted grading.
"""

from collections.abc import Iterable

from aita.models.decision import Decision
from aita.models.grade import Cell, CellState, CriterionGrade
from aita.models.second_look import ReadLine
from aita.models.shown import ShownAnswer, ShownDecision
from aita.services.grading.gradebook import Gradebook


def shown_answers(gradebook: Gradebook, student_id: str) -> tuple[ShownAnswer, ...]:
    """Return a student's view of each answer, in the order of the exam's questions."""
    grades = gradebook.students[student_id]
    shown = []
    for question, cell in zip(gradebook.exam.questions, grades.cells, strict=True):
        choice = gradebook.exam.choice_of(cell.question_id) if cell.question_id in grades.not_counted else None
        counting = {"bonus": question.bonus, "not_counted": choice.text if choice else ""}
        shown.append(shown_answer(cell, gradebook.decision(cell.cell_id)).model_copy(update=counting))
    return tuple(shown)


def shown_answer(cell: Cell, decision: Decision | None) -> ShownAnswer:
    """Return the student's view of one answer by itself, whether it is a bonus or of a choice.

    Parameters
    ----------
    cell
        Cell as it counts, with people's decisions.
    decision
        Decision that determines the cell's points; ``None`` without one.
    """
    if cell.state.is_open:
        return ShownAnswer(question_id=cell.question_id, state=cell.state, points=None, max_points=cell.max_points)
    accepted = cell.state is not CellState.OVERRIDDEN
    by_criterion = decision is not None and decision.criteria != ()
    return ShownAnswer(
        question_id=cell.question_id,
        state=cell.state,
        points=cell.points,
        max_points=cell.max_points,
        criteria=found_quotes(cell.criteria) if accepted or by_criterion else (),
        feedback=cell.feedback if accepted else decision.feedback if decision is not None else "",
        reading=_reading(cell) if accepted else (),
        decision=_shown_decision(decision) if decision is not None else None,
    )


def _reading(cell: Cell) -> tuple[ReadLine, ...]:
    """Return the lines that the grader whose grading counts read otherwise."""
    counting = next((each.reading for each in cell.gradings if each.criteria == cell.criteria), None)
    if counting is not None or cell.second_look is None:
        return counting or ()
    return cell.second_look.reading


def found_quotes(criteria: Iterable[CriterionGrade]) -> tuple[CriterionGrade, ...]:
    """Return criteria without the quotes that were not found in the answer, as these are not the student's words."""
    return tuple(each if each.quote_found else each.model_copy(update={"quote": ""}) for each in criteria)


def _shown_decision(decision: Decision) -> ShownDecision:
    counted = not decision.old_state.is_open and decision.old_points != decision.points
    return ShownDecision(
        action=decision.action,
        at=decision.at,
        why=decision.why,
        before=decision.old_points if counted else None,
    )
