"""What a person is shown of a cell, and what they may decide."""

from typing import Annotated

from pydantic import Field, StringConstraints

from aita.models.answer import AnswerPlace
from aita.models.base import StrictModel
from aita.models.exam import AnswerKey, Question, Rubric
from aita.models.grade import Amount, CellState, CriterionGrade, Decision, DecisionAction
from aita.models.review_flags import FlagKind


class FlagView(StrictModel):
    """A flag, and its reason in words."""

    kind: FlagKind
    text: str


class ReviewLine(StrictModel):
    """A cell in the queue. ``points`` are what is proposed or, once it is closed, what counts."""

    cell_id: str
    student_id: str
    question_id: str
    state: CellState
    points: float | None
    max_points: float
    flags: tuple[FlagView, ...]
    reason: str
    basis: str


class ReviewPage(StrictModel):
    """``GET /assignments/{assignment}/reviews``; ``open_cells`` counts those of all pages."""

    cells: tuple[ReviewLine, ...]
    open_cells: int
    next_token: str | None = None


class PlaceView(AnswerPlace):
    """A part of a page that belongs to the answer, and where to get the page's image for the next minutes."""

    url: str


class Proposal(StrictModel):
    """What grading came to, before people's decisions; ``points`` is ``None`` where it came to nothing."""

    points: float | None
    criteria: tuple[CriterionGrade, ...]
    feedback: str
    graders: tuple[float, ...]


class ReviewView(ReviewLine):
    """``GET /assignments/{assignment}/reviews/{cell_id}``: all there is to decide by.

    ``rubric`` is the one that the answer was graded against or, where it was not graded, the one that there is.
    ``of_older_version`` says that the proposal is of an older version of aita than the stack's.
    """

    question: Question
    points_step: float
    raw_text: str
    confidence: float
    pages: tuple[PlaceView, ...]
    rubric: Rubric | None
    answer_key: AnswerKey | None
    proposal: Proposal
    of_older_version: bool = False
    decisions: tuple[Decision, ...]


class DecisionRequest(StrictModel):
    """``POST /assignments/{assignment}/reviews/{cell_id}``.

    ``points`` and ``why`` are for ``set``; ``basis`` is that of the cell as the person saw it.
    """

    action: DecisionAction
    points: Amount | None = None
    why: Annotated[str, StringConstraints(strip_whitespace=True, max_length=2000)] = ""
    by: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
    basis: Annotated[str, Field(max_length=200)]


class DecisionPage(StrictModel):
    """``GET /assignments/{assignment}/decisions``: by cell, and then the oldest first."""

    decisions: tuple[Decision, ...]
    next_token: str | None = None
