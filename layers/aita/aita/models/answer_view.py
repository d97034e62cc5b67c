"""Answers of one question, each with everything that a decision on it needs, for the person who grades them."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from aita.models.answer import AnswerPlace
from aita.models.base import StrictModel
from aita.models.claim import ClaimView
from aita.models.decision import Decision
from aita.models.exam import AnswerKey, Question, Rubric
from aita.models.review import PlaceView, Proposal, ReviewLine
from aita.models.review_flags import FlagKind
from aita.models.second_look import SecondLook

Percent = Annotated[float, Field(gt=0, le=100)]
"""Share of answers, in percent."""

TextPlace = tuple[int, int]
"""Start and end of a passage, in UTF-16 code units, as browsers count the characters of a string."""


class Show(StrEnum):
    """Answers to list."""

    OPEN = "open"
    """Those that await a person's decision."""
    CLOSED = "closed"
    ALL = "all"
    UNSEEN = "unseen"
    """Those on which the person who asks has not decided."""


class AnswerFilter(StrictModel):
    """Answers of a question to list: those of which everything that is given is true.

    Parameters
    ----------
    sample
        Percentage for a spot check: it is drawn from the closed answers that nobody flagged and nobody decided on, in
        place of what ``show`` lists.
    blind
        Whether to withhold the proposal of an answer for which the person who asks has accepted or set no points.
    """

    show: Show = Show.OPEN
    flag: FlagKind | None = None
    student: str | None = None
    sample: Percent | None = None
    blind: bool = False


class StripView(AnswerPlace):
    """Strip of a page image with a part of the answer; ``width`` and ``height`` in pixels."""

    url: str
    width: int
    height: int


class AnswerView(ReviewLine):
    """One answer with all material for a decision about it, beside what its question's answers have in common.

    Parameters
    ----------
    strips
        Strips of the answer that were cut; empty if none were.
    rubric
        Version of the rubric by which a person decides, in ``AnswerPage.rubrics``; empty without one.
    quotes
        Places in ``raw_text`` of each criterion's quote; empty for a quote that is not found as it is.
    confidence
        Confidence of the transcription; ``None`` if it is withheld, as it tells a doubt.
    hidden
        Whether the points, the flags, the confidence, the proposal, the second look and the decisions are withheld.
    counts
        Id of the decision that the points are from; empty without one.
    claim
        Person who is at work on the answer; ``None`` without one.
    """

    raw_text: str
    confidence: float | None
    read_by_person: bool = False
    pages: tuple[PlaceView, ...]
    strips: tuple[StripView, ...] = ()
    rubric: str = ""
    proposal: Proposal | None
    quotes: tuple[tuple[TextPlace, ...], ...] = ()
    second_look: SecondLook | None = None
    hidden: bool = False
    decisions: tuple[Decision, ...] = ()
    counts: str = ""
    claim: ClaimView | None = None


class AnswerPage(StrictModel):
    """``GET /assignments/{assignment}/answers``: answers of one question.

    ``rubrics`` are those of the page's answers, by version. ``open_answers`` counts all open ones of the question.
    """

    question: Question
    points_step: float
    answer_key: AnswerKey | None
    rubrics: dict[str, Rubric]
    open_answers: int
    answers: tuple[AnswerView, ...]
    next_token: str | None = None
