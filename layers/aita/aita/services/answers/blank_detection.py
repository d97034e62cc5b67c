"""Whether there is an answer at all, before anything is asked: what is blank costs no call and earns nothing.

An answer counts as blank only when two signals agree that it is: nothing was transcribed, and there is no ink in its
place once the blank exam's print is taken away. Whatever else is empty, a person sees.
"""

import math
from collections.abc import Iterable, Iterator, Mapping

from aita.models.answer import AnswerPlace, Presence, QuestionAnswer
from aita.models.review_flags import Flag, FlagKind
from aita.models.scan import BANDS, PageInk

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

INK_FLAGS = frozenset({FlagKind.PRESENCE_DISAGREES, FlagKind.NO_BLANK_EXAM})
"""The flags that are raised here. They follow from an answer's text and places and the ink there."""

Inked = list[tuple[AnswerPlace, PageInk | None]]


def with_presence(answer: QuestionAnswer, ink: Mapping[int, PageInk | None]) -> QuestionAnswer:
    """Return an answer with its presence and, behind its own flags, those of what the ink leaves in doubt.

    Parameters
    ----------
    answer
        With all other flags that it has: one that has any is never blank, as its place, or what was read there, is
        in doubt.
    ink
        What split found on the student's pages, by page, as far as that is known.
    """
    places = [(place, ink.get(place.page)) for place in answer.pages]
    if answer.raw_text.strip():
        presence, doubts = Presence.WRITTEN, _doubts_of_text(places)
    else:
        presence, doubts = Presence.UNCLEAR, _doubts_of_nothing(places)
    flags = (*answer.flags, *doubts)
    if presence is Presence.UNCLEAR and not flags and _is_clean(places):
        presence = Presence.BLANK
    return answer.model_copy(update={"presence": presence, "flags": flags})


def _doubts_of_text(places: Inked) -> Iterator[Flag]:
    if _is_clean(places):
        note = f"{_named(place.page for place, _ in places)}: something was read where there is no ink"
        yield Flag(kind=FlagKind.PRESENCE_DISAGREES, note=note)


def _doubts_of_nothing(places: Inked) -> Iterator[Flag]:
    """Yield why an answer without text may be there all the same."""
    if inked := [place.page for place, ink in places if _has_ink(place, ink)]:
        yield Flag(kind=FlagKind.PRESENCE_DISAGREES, note=f"{_named(inked)}: nothing was read, and there is ink")
    if unknown := [place.page for place, ink in places if ink is None]:
        yield Flag(kind=FlagKind.NO_BLANK_EXAM, note=f"{_named(unknown)}: nothing was read, and no blank exam to check")


def _is_clean(places: Inked) -> bool:
    """Tell whether an answer has places, and all are known to have no ink."""
    return bool(places) and all(_has_ink(place, ink) is False for place, ink in places)


def _has_ink(place: AnswerPlace, ink: PageInk | None) -> bool | None:
    """Tell whether there is ink in a place; ``None`` if nobody knows."""
    if ink is None or ink.exam_page is None:
        return None
    first = max(0, math.floor(place.top * BANDS) - MARGIN)
    end = math.ceil(place.bottom * BANDS) + MARGIN
    return sum(bytes.fromhex(ink.bands)[first:end]) >= INK


def _named(pages: Iterable[int]) -> str:
    return f"page {', '.join(map(str, dict.fromkeys(pages)))}"
