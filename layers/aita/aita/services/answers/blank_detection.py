"""Whether there is an answer at all, before anything is asked: what is blank costs no call and earns nothing.

An answer counts as blank only when two signals agree that it is: nothing was transcribed, and there is no ink in its
place once the blank exam's print is taken away. Whatever else is empty, a person sees.
"""

import math
from collections.abc import Iterable, Iterator
from enum import StrEnum

from aita.models.answer import AnswerPlace, QuestionAnswer
from aita.models.review_flags import Flag, FlagKind
from aita.models.scan import BANDS, PageInk, StudentScans

INK = 5
"""From this on there is ink: the sum of a place's bands, in units of about two pixels of 75 an inch.

On the sample exam's scans a blank answer has 0, also with strong noise and shade, and one letter 28 or more. Drawn as
small as people write, a digit has 6 to 20, also in light pencil; a dash has 3 to 10. What a page that is bent by a
hundredth leaves of its print has up to 25: the error is on the side of a person's look.
"""

MARGIN = 1
"""Bands above and below a place that count as its own.

The edges are a model's estimates. The last line of the answer before it ends two hundredths of the page above the
printed label that a place begins with.
"""


class Presence(StrEnum):
    """Whether there is an answer."""

    WRITTEN = "written"
    BLANK = "blank"
    UNCLEAR = "unclear"
    """There may be one that was not read: nothing to grade, and no reason for zero points."""


def presence(answer: QuestionAnswer, scans: StudentScans | None) -> tuple[Presence, tuple[Flag, ...]]:
    """Tell whether there is an answer, and what of that a person must look at.

    Parameters
    ----------
    scans
        What split found on the student's pages; ``None`` if that is not known.

    Returns
    -------
    tuple
        The flags are beside the answer's own; what those say already is not repeated. An answer with flags of its own
        is never blank: its place, or what was read there, is in doubt.
    """
    known = {flag.kind for flag in answer.flags}
    pages = [*_pages(answer, scans)]
    if answer.raw_text.strip():
        found = Presence.WRITTEN
        flags = [*_other_exams(pages), *_disagreeing(pages)]
    else:
        flags = [*_other_exams(pages), *_doubts(answer, scans, pages)]
        found = Presence.UNCLEAR if flags or known else Presence.BLANK
    return found, tuple(flag for flag in flags if flag.kind not in known)


def _pages(answer: QuestionAnswer, scans: StudentScans | None) -> Iterator[tuple[AnswerPlace, PageInk | None]]:
    ink = scans.ink if scans else ()
    for place in answer.pages:
        yield place, ink[place.page - 1] if place.page <= len(ink) else None


def _other_exams(pages: list[tuple[AnswerPlace, PageInk | None]]) -> Iterator[Flag]:
    foreign = [place.page for place, ink in pages if ink is not None and ink.exam_page is None]
    if foreign:
        yield Flag(kind=FlagKind.OTHER_EXAM, note=f"{_named(foreign)}: like none of the blank exam's")


def _disagreeing(pages: list[tuple[AnswerPlace, PageInk | None]]) -> Iterator[Flag]:
    """Yield a flag if there is text, and all of its places are known to have no ink."""
    if pages and all(_has_ink(place, ink) is False for place, ink in pages):
        note = f"{_named(place.page for place, _ in pages)}: something was read where there is no ink"
        yield Flag(kind=FlagKind.PRESENCE_DISAGREES, note=note)


def _doubts(
    answer: QuestionAnswer, scans: StudentScans | None, pages: list[tuple[AnswerPlace, PageInk | None]]
) -> Iterator[Flag]:
    """Yield why an answer without text may be there all the same."""
    if not answer.pages:
        yield Flag(kind=FlagKind.ANSWER_NOT_FOUND, note="its place was not found on any page")
    if scans and scans.unreadable:
        yield Flag(kind=FlagKind.PAGE_MISSING, note=f"files without a readable page: {scans.unreadable}")
    if inked := [place.page for place, ink in pages if _has_ink(place, ink)]:
        yield Flag(kind=FlagKind.PRESENCE_DISAGREES, note=f"{_named(inked)}: nothing was read, and there is ink")
    if unknown := [place.page for place, ink in pages if ink is None]:
        yield Flag(kind=FlagKind.NO_BLANK_EXAM, note=f"{_named(unknown)}: nothing was read, and no blank exam to check")


def _has_ink(place: AnswerPlace, ink: PageInk | None) -> bool | None:
    """Tell whether there is ink in a place; ``None`` if nobody knows."""
    if ink is None or ink.exam_page is None:
        return None
    first = max(0, math.floor(place.top * BANDS) - MARGIN)
    end = math.ceil(place.bottom * BANDS) + MARGIN
    return sum(bytes.fromhex(ink.bands)[first:end]) >= INK


def _named(pages: Iterable[int]) -> str:
    return f"page {', '.join(map(str, dict.fromkeys(pages)))}"
