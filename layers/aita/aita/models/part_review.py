"""Review of parts: views of unplaced parts of pages for the person who decides, and requests for decisions."""

from typing import Annotated

from pydantic import Field

from aita.models.answer import AnswerPlace, Fraction
from aita.models.base import StrictModel
from aita.models.exam import QuestionId
from aita.models.part_decision import PartAction, PartDecision
from aita.models.review import By, Why
from aita.models.transcription import Line


class PartView(AnswerPlace):
    """An unplaced part of a student's page, with all material for a decision.

    Parameters
    ----------
    lines
        Lines of the transcription that were read there, with their kinds; empty for ink alone.
    ink
        Sum of the ink there; 0 if the part has lines only, or ink is unknown.
    opens
        Questions whose answers are open beside the part, in the exam's order; empty once it is decided, or if the
        answers are closed.
    question_ids
        Questions of the exam, to one of which the part may belong.
    counts
        Decision that counts; ``None`` while the part is undecided.
    decisions
        All decisions, from the oldest to the newest.
    basis
        Version of the part as it is shown here.
    masked
        Share of the page's height, from its top, that is white in its image; 0 if nothing is, or it is unknown.
    source
        Id of the scanned file with the page; ``None`` if there is no image any more.
    url
        URL of the page's image, which expires after some minutes; ``None`` if there is no image any more.
    """

    part_id: str
    student_id: str
    lines: tuple[Line, ...]
    ink: int
    opens: tuple[QuestionId, ...]
    question_ids: tuple[QuestionId, ...]
    counts: PartDecision | None
    decisions: tuple[PartDecision, ...]
    basis: str
    masked: Fraction = 0.0
    source: str | None = None
    url: str | None


class PartPage(StrictModel):
    """``GET /assignments/{assignment}/parts``: parts that open answers come first.

    ``open_parts`` counts those of all pages.
    """

    parts: tuple[PartView, ...]
    open_parts: int
    next_token: str | None = None


class PartDecisionRequest(StrictModel):
    """``POST /assignments/{assignment}/parts/{part_id}/decisions``.

    Parameters
    ----------
    question_id
        Question whose answer the part belongs to, for the action ``belongs`` alone.
    for_class
        Whether the same is decided about the undecided parts at the same place of the same exam page of all students.
    basis
        Basis of the part as the person saw it.
    """

    action: PartAction
    question_id: QuestionId | None = None
    for_class: bool = False
    why: Why = ""
    by: By | None = None
    basis: Annotated[str, Field(max_length=200)]


class PartDecisions(StrictModel):
    """The decisions of one request: the one about the named part, then those about its counterparts."""

    decisions: tuple[PartDecision, ...]


class PartDecisionPage(StrictModel):
    """``GET /assignments/{assignment}/part-decisions``, ordered by part, then from the oldest to the newest."""

    decisions: tuple[PartDecision, ...]
    next_token: str | None = None
