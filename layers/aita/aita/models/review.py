"""Review: views of cells for the person who decides, and requests for decisions."""

import hashlib
import re
from typing import Annotated

from pydantic import Field, StringConstraints

from aita.models.answer import AnswerPlace, Fraction
from aita.models.base import StrictModel
from aita.models.decision import Decision, DecisionAction
from aita.models.effort import DEFAULT_EFFORT, ReasoningEffort
from aita.models.exam import AnswerKey, Question, Rubric
from aita.models.grade import Amount, CellState, CriterionGrade
from aita.models.review_flags import FlagKind
from aita.models.second_look import SecondLook

_FINGERPRINT = re.compile(r"[0-9a-f]{6}(-[0-9a-f]{6})?")

Why = Annotated[str, StringConstraints(strip_whitespace=True, max_length=2000)]
"""Reason that a person gives for a decision."""

Feedback = Annotated[str, StringConstraints(strip_whitespace=True, max_length=5000)]
"""Feedback that a person gives a student in place of the grader's."""

Transcription = Annotated[str, StringConstraints(strip_whitespace=True, max_length=50_000)]
"""Corrected text of an answer."""

By = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
"""Name of the person who decides."""


_AFTER = ", after "
"""Stands between a cell's basis and the id of the last decision on the cell."""


def basis_after(basis: str, decision_id: str) -> str:
    """Return the basis that people see of a cell on which a decision was made last."""
    return f"{basis.partition(_AFTER)[0]}{_AFTER}{decision_id}"


def fingerprint(basis: str) -> str:
    """Return the short form of a basis, which people copy from the screen."""
    return "-".join(_short(each) for each in basis.split(_AFTER))


def is_fingerprint(text: str) -> bool:
    """Return whether a text has the form of a basis's short form."""
    return _FINGERPRINT.fullmatch(text) is not None


def last_seen(basis: str) -> str:
    """Return the short form of the last decision that a person saw, by a basis or its short form; empty without."""
    short = basis if is_fingerprint(basis) else fingerprint(basis)
    return short.partition("-")[2]


def _short(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:6]


class FlagView(StrictModel):
    """A flag with its reason in words."""

    kind: FlagKind
    text: str


class ReviewLine(StrictModel):
    """A cell in the queue. ``points`` are the proposed ones or, of a closed cell, the ones that count.

    ``parts`` are the ids of the undecided parts of pages that open the cell. ``outdated`` is true if grading again
    opens it whatever is decided until then, as it was graded before something changed, or not at all.
    """

    cell_id: str
    student_id: str
    question_id: str
    state: CellState
    points: float | None
    max_points: float
    flags: tuple[FlagView, ...]
    reason: str
    basis: str
    parts: tuple[str, ...] = ()
    outdated: bool = False


class ReviewPage(StrictModel):
    """``GET /assignments/{assignment}/reviews``; ``open_cells`` counts the open cells of all pages.

    With a filter, both are of the cells that fit it.
    """

    cells: tuple[ReviewLine, ...]
    open_cells: int
    next_token: str | None = None


class PlaceView(AnswerPlace):
    """Part of a page that belongs to the answer, with the page's image.

    Parameters
    ----------
    url
        URL of the image, which expires after some minutes.
    masked
        Share of the page's height, from its top, that is white in the image; 0 if nothing is, or it is unknown.
    source
        Id of the scanned file with the page.
    """

    url: str
    masked: Fraction = 0.0
    source: str = ""


class Proposal(StrictModel):
    """Result of grading, before people's decisions; ``points`` is ``None`` without a proposal.

    ``flags`` are the doubts that the grading left to a person, which a closed cell itself has no more.
    ``model``, ``reasoning_effort`` and ``aita`` are those that graded; ``aita`` is empty for 0.1.0.
    """

    points: float | None
    criteria: tuple[CriterionGrade, ...]
    feedback: str
    graders: tuple[float, ...]
    model: str = ""
    reasoning_effort: ReasoningEffort = DEFAULT_EFFORT
    aita: str = ""
    flags: tuple[FlagView, ...] = ()


class ReviewView(ReviewLine):
    """``GET /assignments/{assignment}/reviews/{cell_id}``: a cell with all material for a decision.

    ``rubric`` is the one that the answer was graded against or, of an ungraded answer, the present one.
    ``second_look`` is the graders' look at the answer on the page; ``None`` if none was due.
    ``of_older_version`` is true of a proposal by an older version of aita than the stack's, and ``read_by_person`` of a
    text that a person corrected. ``counts`` is the id of the decision that the points are from; empty without one.
    """

    question: Question
    points_step: float
    raw_text: str
    confidence: float
    pages: tuple[PlaceView, ...]
    rubric: Rubric | None
    answer_key: AnswerKey | None
    proposal: Proposal
    second_look: SecondLook | None = None
    of_older_version: bool = False
    decisions: tuple[Decision, ...]
    read_by_person: bool = False
    counts: str = ""


class CellFilter(StrictModel):
    """Cells to list: those of which everything that is given is true.

    Parameters
    ----------
    question
        Id of the question.
    flag
        Kind of a doubt that the cell has.
    student
        Id of the student.
    decided_by
        Name of a person who has decided on the cell.
    """

    question: str | None = None
    flag: FlagKind | None = None
    student: str | None = None
    decided_by: str | None = None


EVERYTHING = CellFilter()
"""The filter that every cell fits."""


class DecisionRequest(StrictModel):
    """``POST /assignments/{assignment}/reviews/{cell_id}``.

    Parameters
    ----------
    points, criteria, feedback
        What the action ``set`` sets: the points, or those of criteria by their numbers from 1. Criteria that are left
        out keep the points of the proposal. The feedback is for the student.
    transcription
        Text that the action ``correct`` takes.
    why
        Reason. To set points as one number needs one, and so does a note.
    by
        Name of the person who decides; ``None`` for the one who signs the request.
    basis
        Basis of the cell as the person saw it, or its fingerprint.
    """

    action: DecisionAction
    points: Amount | None = None
    criteria: dict[Annotated[int, Field(ge=1)], Amount] = {}
    feedback: Feedback = ""
    transcription: Transcription = ""
    why: Why = ""
    by: By | None = None
    basis: Annotated[str, Field(max_length=200)]


class DecisionPage(StrictModel):
    """``GET /assignments/{assignment}/decisions``, ordered by cell, then from the oldest to the newest."""

    decisions: tuple[Decision, ...]
    next_token: str | None = None
