"""Decisions: people's, about single cells."""

from datetime import datetime
from enum import StrEnum
from typing import Self

from pydantic import model_validator

from aita.models.base import LenientModel
from aita.models.exam import QuestionId
from aita.models.grade import Amount, CellState
from aita.models.points import total


class DecisionAction(StrEnum):
    """Action of a person on a cell."""

    ACCEPT = "accept"
    """Let the proposed points count."""
    SET = "set"
    """Set other points."""
    CORRECT = "correct"
    """Correct the transcription."""
    NOTE = "note"
    """Leave the answer to the instructor, with a note."""
    UNDO = "undo"
    """Take the last decision back."""


class Decision(LenientModel):
    """A person's decision about one cell. Decisions are added, and never changed.

    Parameters
    ----------
    decision_id
        Id that sorts behind the one of the decision before it. It is derived from that one, so that of people who
        decide at once only the first is recorded.
    points
        Points that were accepted or set; ``None`` of other actions.
    criteria
        Points for each criterion of the rubric, which sum to the points; empty if the points were set as one number,
        as all are before version 0.3, or accepted.
    rubric
        Version of the rubric with these criteria.
    feedback
        Feedback for the student in place of the grader's.
    transcription
        Corrected text of the answer; empty of other actions.
    reading
        Version of the reading that was corrected. The correction counts until the page is read otherwise.
    undoes
        Id of the decision that is taken back.
    by, caller
        Name that the person gave, and ARN that signed the request. Students see neither.
    basis
        Cell's basis at the time of the decision. A cell that is graded again on another basis is open again.
    old_state, old_points
        Cell's state and points before the decision.
    proposal, aita
        Versions of the accepted proposal and of the stack's aita; both are empty for 0.1.0.
    parts
        Ids of the unplaced parts of pages that the person saw beside the answer: they do not open it any more.
    question
        Version of the question's wording; empty before version 0.3.
    inputs
        Versions of the material that the cell's grade was made of at the time, by name; empty before version 0.3.
    """

    decision_id: str
    cell_id: str
    student_id: str
    question_id: QuestionId
    action: DecisionAction
    points: Amount | None = None
    criteria: tuple[Amount, ...] = ()
    rubric: str = ""
    feedback: str = ""
    transcription: str = ""
    reading: str = ""
    undoes: str = ""
    why: str
    by: str
    caller: str = ""
    at: datetime
    basis: str
    old_state: CellState
    old_points: Amount | None = None
    proposal: str = ""
    aita: str = ""
    parts: tuple[str, ...] = ()
    question: str = ""
    inputs: dict[str, str] = {}

    @model_validator(mode="after")
    def _fields_fit_action(self) -> Self:
        is_of_points = self.action in (DecisionAction.ACCEPT, DecisionAction.SET)
        if is_of_points != (self.points is not None):
            raise ValueError("a decision has points if it accepts or sets them")
        if self.criteria and self.points != total(self.criteria):
            raise ValueError("a decision's points are the sum of its criteria")
        return self
