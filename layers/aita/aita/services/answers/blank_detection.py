"""Detection of blank answers before grading, as a blank answer costs no call and earns zero points.

An answer is blank only if two signals agree: it has no transcribed text, and no ink in its place once the blank exam's
print is subtracted. Every other answer without text goes to a person.
"""

import math
from collections.abc import Iterable, Iterator, Mapping

from aita.models.answer import AnswerPlace, Presence, QuestionAnswer
from aita.models.review_flags import Flag, FlagKind
from aita.models.scan import BANDS, PageInk
from aita.services.answers.ink_runs import most_in_a_line

INK = 5
"""Least sum of ink in the height of a line that counts as ink, in units of about two pixels at 75 pixels an inch.

On the sample exam's scans, a blank answer has 0, also with strong noise and shade, and one letter has 28 or more. In
the smallest usual handwriting, a digit has 6 to 20, also in light pencil, and a dash 3 to 10. The print that remains on
a page bent by a hundredth has up to 25; such an error leads to a person's review, not to zero points.
"""

MARGIN = 1
"""Number of bands above and below a place that are searched for ink too, as its edges are a model's estimates.

The last line of the previous answer ends two hundredths of the page above the printed label at which a place begins.
"""

INK_FLAGS = frozenset({FlagKind.PRESENCE_DISAGREES, FlagKind.NO_BLANK_EXAM})
"""Flags of this module. They follow from an answer's text, its places and the ink there."""

Inked = list[tuple[AnswerPlace, PageInk | None]]


def with_presence(answer: QuestionAnswer, ink: Mapping[int, PageInk | None]) -> QuestionAnswer:
    """Return an answer with its presence, and with flags for doubts about it behind its other flags.

    Parameters
    ----------
    answer
        Answer with all other flags. With any flag it is never blank, as its place or its transcription is in doubt.
    ink
        Ink on the student's pages by page number; ``None`` or no entry where it is unknown.
    """
    places = [(place, ink.get(place.page)) for place in answer.pages]
    if answer.raw_text.strip():
        presence, doubts = Presence.WRITTEN, _doubts_with_text(places)
    else:
        presence, doubts = Presence.UNCLEAR, _doubts_without_text(places)
    flags = (*answer.flags, *doubts)
    if presence is Presence.UNCLEAR and not flags and _is_clean(places):
        presence = Presence.BLANK
    return answer.model_copy(update={"presence": presence, "flags": flags})


def _doubts_with_text(places: Inked) -> Iterator[Flag]:
    if _is_clean(places):
        note = f"{_page_numbers(place.page for place, _ in places)}: something was read where there is no ink"
        yield Flag(kind=FlagKind.PRESENCE_DISAGREES, note=note)


def _doubts_without_text(places: Inked) -> Iterator[Flag]:
    """Yield the reasons for which an answer without text may not be blank."""
    if inked := [place.page for place, ink in places if _has_ink(place, ink)]:
        yield Flag(kind=FlagKind.PRESENCE_DISAGREES, note=f"{_page_numbers(inked)}: nothing was read, and there is ink")
    if unknown := [place.page for place, ink in places if ink is None]:
        note = f"{_page_numbers(unknown)}: nothing was read, and no blank exam to check"
        yield Flag(kind=FlagKind.NO_BLANK_EXAM, note=note)


def _is_clean(places: Inked) -> bool:
    """Return whether an answer has places, all of which are known to have no ink."""
    return bool(places) and all(_has_ink(place, ink) is False for place, ink in places)


def _has_ink(place: AnswerPlace, ink: PageInk | None) -> bool | None:
    """Return whether a place has ink; ``None`` if that is unknown."""
    if ink is None or ink.exam_page is None:
        return None
    first = max(0, math.floor(place.top * BANDS) - MARGIN)
    end = math.ceil(place.bottom * BANDS) + MARGIN
    inked = most_in_a_line(bytes.fromhex(ink.bands)[first:end]) >= INK
    return inked or (None if ink.undrawn else False)


def _page_numbers(pages: Iterable[int]) -> str:
    return f"page {', '.join(map(str, dict.fromkeys(pages)))}"
