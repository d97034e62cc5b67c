"""Strips of an answer: the rows of the page images that show it, and nothing that belongs to no answer.

Names stand in page heads, and may stand in parts that belong to nobody. A strip shows none of either: its rows end
before them. Where that would hide a line of the answer, or it is unknown where a head is, there is no strip.
"""

import hashlib
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from aita.models.answer import AnswerPlace
from aita.models.exam import Page
from aita.models.ledger import Owner, Part
from aita.models.scan import BANDS, PageInk
from aita.models.second_look import Strip
from aita.services.answers.blank_detection import INK
from aita.services.answers.ink_runs import most_in_a_line
from aita.services.answers.page_furniture import HEAD_BOTTOM
from aita.services.answers.page_segments import PAGE_TOP
from aita.services.assignments import object_keys

MARGIN = 0.01
"""Margin around an answer's place, and around parts that a strip hides, as a fraction of the page's height: tops are
a model's estimates, and ink is known by bands of this height."""

LINE = 0.03
"""Height of a line of handwriting of which only the top is known, as a fraction of the page's height."""

LEAST = 0.01
"""Least height of a strip."""

NO_PLACE = "its place on the pages is not known"
NO_LEDGER = "nobody knows what else stands on its pages: transcribe them again"

Rows = tuple[float, float]
"""Rows of a page from a top to a bottom, as fractions of its height."""


@dataclass(frozen=True, slots=True)
class PageContent:
    """Parts of a page that a strip may show, and parts that it must hide.

    Parameters
    ----------
    parts
        The page's parts that are answers, heads or unplaced.
    ink
        Handwritten ink on the page; ``None`` if it is unknown.
    masked
        Share of the page's height, from its top, that is white in the image.
    """

    page: Page
    parts: tuple[Part, ...]
    ink: PageInk | None = None
    masked: float = 0.0

    def rows(self, place: AnswerPlace, given: frozenset[str]) -> list[Rows]:
        """Return the rows of a place that a strip may show, from top to bottom.

        Parameters
        ----------
        given
            Ids of the unplaced parts that a person gave to the answer.
        """
        free = [(max(0.0, place.top - (MARGIN if self._heads() else 0.0)), min(1.0, place.bottom + MARGIN))]
        for top, bottom in self._hidden(given, is_continued=place.top < MARGIN):
            free = [rows for each in free for rows in _without(each, top, bottom)]
        return [rows for rows in free if rows[1] - rows[0] >= LEAST]

    def hides(self, question_id: str, shown: Iterable[Rows]) -> bool:
        """Tell whether a part of the answer on this page stands outside of the rows that are shown."""
        wide = [(top - MARGIN, bottom + MARGIN) for top, bottom in shown]
        own = [each for each in self.parts if each.owner is Owner.ANSWER and each.question_id == question_id]
        return any(not _covers(wide, part.top, part.bottom) for part in own)

    def _hidden(self, given: frozenset[str], *, is_continued: bool) -> Iterator[Rows]:
        """Yield the rows that no strip shows: heads, parts of nobody, and a top that may hold an unread head."""
        heads = self._heads()
        for part in self.parts:
            if part.owner is Owner.PAGE_HEAD or (part.owner is Owner.UNPLACED and part.part_id not in given):
                yield _extent(part)
        unknown = any(not part.ink and part.top <= 0 for part in heads)  # its lines' height was not read
        if unknown or (not heads and is_continued and not self._is_top_empty()):
            yield 0.0, PAGE_TOP

    def _heads(self) -> list[Part]:
        return [part for part in self.parts if part.owner is Owner.PAGE_HEAD]

    def _is_top_empty(self) -> bool:
        if self.masked >= HEAD_BOTTOM:
            return True
        if self.ink is None or self.ink.undrawn or not self.ink.bands:
            return False
        return most_in_a_line(bytes.fromhex(self.ink.bands)[: math.ceil(PAGE_TOP * BANDS)]) < INK


def strips(
    assignment: str,
    student_id: str,
    question_id: str,
    places: Sequence[AnswerPlace],
    pages: dict[int, PageContent],
    given: frozenset[str] = frozenset(),
) -> tuple[tuple[Strip, ...], str]:
    """Return an answer's strips in reading order, uncut, or none and the reason.

    Parameters
    ----------
    pages
        Contents of the student's pages, by number.
    given
        Ids of the unplaced parts that a person gave to the answer.
    """
    if not places or any(place.page not in pages for place in places):
        return (), NO_PLACE
    shown: dict[int, list[Rows]] = {}
    found: list[Strip] = []
    for place in places:
        content = pages[place.page]
        for rows in content.rows(place, given):
            shown.setdefault(place.page, []).append(rows)
            found.append(_strip(assignment, student_id, content.page, rows))
    for page in dict.fromkeys(place.page for place in places):
        if page not in shown or pages[page].hides(question_id, shown[page]):
            return (), f"page {page}: it can't be parted from a head, or from what belongs to no answer"
    return tuple(dict.fromkeys(found)), ""


def _strip(assignment: str, student_id: str, page: Page, rows: Rows) -> Strip:
    """Return a strip of whole rows of pixels inside of the given ones."""
    first, end = math.ceil(rows[0] * page.height), math.floor(rows[1] * page.height)
    digest = hashlib.sha256(f"{page.sha256} {first} {end}".encode()).hexdigest()[:32]
    return Strip(
        page=page.page,
        top=first / page.height,
        bottom=end / page.height,
        key=object_keys.strip(assignment, student_id, digest),
        width=page.width,
        height=end - first,
    )


def _extent(part: Part) -> Rows:
    """Return the rows of a part that must not be shown; of lines without ink, with room for their handwriting."""
    if part.ink:
        return part.top - MARGIN, part.bottom + MARGIN
    return part.top - MARGIN, max(part.bottom, part.top + LINE * len(part.lines)) + LINE


def _without(rows: Rows, top: float, bottom: float) -> Iterator[Rows]:
    if rows[1] <= top or bottom <= rows[0]:
        yield rows
        return
    if rows[0] < top:
        yield rows[0], top
    if bottom < rows[1]:
        yield bottom, rows[1]


def _covers(shown: Iterable[Rows], top: float, bottom: float) -> bool:
    """Tell whether rows, which may overlap, cover all from a top to a bottom."""
    reached = top
    for first, end in sorted(shown):
        if first > reached:
            break
        reached = max(reached, end)
    return reached >= bottom
