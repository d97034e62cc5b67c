"""What of an answer's grade its student is shown. Nothing else of the grade reaches a report or a gradebook."""

from datetime import datetime

from aita.models.base import StrictModel
from aita.models.grade import CellState, CriterionGrade, DecisionAction


class ShownDecision(StrictModel):
    """A person's decision, without the person's name.

    ``before`` are the points that counted until then; ``None`` if none did, as a proposal never counted.
    """

    action: DecisionAction
    at: datetime
    why: str
    before: float | None


class ShownAnswer(StrictModel):
    """An answer's grade as its student is shown it.

    Parameters
    ----------
    points
        What counts; ``None`` while the answer is open.
    criteria
        Where the points are their sum by the grading itself or by a person who accepted it, and else none. A quote
        that was not found is left out, and ``quote_found`` says so.
    feedback
        Of the same grading; else empty.
    decision
        The person's decision that the points are of; ``None`` if nobody had to decide.
    """

    question_id: str
    state: CellState
    points: float | None
    max_points: float
    criteria: tuple[CriterionGrade, ...] = ()
    feedback: str = ""
    decision: ShownDecision | None = None
