"""Part of a grade that its student sees. Nothing else of the grade reaches a report or a gradebook."""

from datetime import datetime

from aita.models.base import StrictModel
from aita.models.decision import DecisionAction
from aita.models.grade import CellState, CriterionGrade
from aita.models.second_look import ReadLine


class ShownDecision(StrictModel):
    """A person's decision, without the person's name.

    ``before`` are the points that counted before it; ``None`` if they are the same, or if the cell was open, as a
    proposal does not count.
    """

    action: DecisionAction
    at: datetime
    why: str
    before: float | None


class ShownAnswer(StrictModel):
    """An answer's grade as its student sees it.

    Parameters
    ----------
    points
        Points that count; ``None`` while the answer is open.
    criteria
        Criteria of the grading whose points count, whether by itself or because a person accepted it, or those that a
        person set; empty if a person set points as one number. A quote that was not found is left out, and its
        ``quote_found`` is false.
    feedback
        Feedback of the same grading, or of the person who set points; empty without one.
    reading
        Lines that the grader of an accepted grading read on the page otherwise than they were transcribed: its quotes
        may stand in these.
    decision
        Decision that set or accepted the points; ``None`` if no person decided.
    bonus
        Whether the points count on top.
    not_counted
        Choice in words, such as ``best 2 of questions 3, 4 and 5``, if others of its answers count in place of
        this one; else empty.
    """

    question_id: str
    state: CellState
    points: float | None
    max_points: float
    criteria: tuple[CriterionGrade, ...] = ()
    feedback: str = ""
    reading: tuple[ReadLine, ...] = ()
    decision: ShownDecision | None = None
    bonus: bool = False
    not_counted: str = ""
