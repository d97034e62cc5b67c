"""Ledger: every part of a student's pages, with its owner."""

from enum import StrEnum
from typing import Annotated, Any

from pydantic import Field, model_validator

from aita.models.answer import AnswerPlace, Fraction
from aita.models.base import StrictModel
from aita.models.exam import QuestionId


class Owner(StrEnum):
    """Owner of a part of a page."""

    ANSWER = "answer"
    PRINT = "print"
    """A printed label that the transcriber copied."""
    PAGE_HEAD = "page_head"
    FURNITURE = "furniture"
    """Page numbers, holes and the like, at the same place on many of the class's pages."""
    EMPTY_SHEET = "empty_sheet"
    UNPLACED = "unplaced"


class Part(StrictModel):
    """Part of a page: neighbouring lines of the transcription and runs of ink with one owner.

    Parameters
    ----------
    part_id
        Opaque id. It follows from the page's image and the part's place on it, so that it outlives another run.
    page
        Number among the student's pages, from 1.
    lines
        Numbers of the transcription's lines, from 1.
    top, bottom
        Place on the page, as fractions of its height.
    ink
        Sum of the ink in the part's bands; 0 if the part has lines only, or ink is unknown.
    question_id
        Question whose answer owns the part; ``None`` for other owners.
    opens
        Questions whose answers are open while the part is unplaced, in the exam's order.
    """

    part_id: str
    page: Annotated[int, Field(ge=1)]
    lines: tuple[Annotated[int, Field(ge=1)], ...] = ()
    top: Fraction
    bottom: Fraction
    ink: Annotated[int, Field(ge=0)] = 0
    owner: Owner
    question_id: QuestionId | None = None
    opens: tuple[QuestionId, ...] = ()

    @property
    def place(self) -> AnswerPlace:
        """Place of the part on the student's pages."""
        return AnswerPlace(page=self.page, top=self.top, bottom=self.bottom)


class StudentLedger(StrictModel):
    """A student's parts, page by page and from top to bottom."""

    parts: tuple[Part, ...] = ()


class ContentLedger(StudentLedger):
    """A student's parts that are answers, heads of pages or unplaced."""

    @model_validator(mode="before")
    @classmethod
    def _content(cls, data: Any) -> Any:
        return _with_owners(data, {Owner.ANSWER, Owner.PAGE_HEAD, Owner.UNPLACED})


class UnplacedLedger(StudentLedger):
    """A student's unplaced parts alone: the others, which are most of a ledger, are not read into memory."""

    @model_validator(mode="before")
    @classmethod
    def _unplaced(cls, data: Any) -> Any:
        return _with_owners(data, {Owner.UNPLACED})


def _with_owners(data: Any, owners: set[Owner]) -> Any:
    """Return a student's ledger without the parts of other owners; other data stays for the validation."""
    if not isinstance(data, dict) or not isinstance(parts := data.get("parts", []), list):
        return data
    others = {*Owner} - owners
    return data | {"parts": [each for each in parts if not (isinstance(each, dict) and each.get("owner") in others)]}
