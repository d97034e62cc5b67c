"""Costs of taking neighbouring pages of a pile for one booklet, and the cheapest division of a pile."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import inf
from typing import Final

from aita.models.pile import PilePage

MARGIN: Final = 2.0
"""Least difference of costs between two divisions of a pile for the cheaper one to be taken."""

GAP: Final = 2.0
"""Cost of pages of the exam that are missing one after another."""

_MORE_MISSING: Final = 0.25  # for each further page of a gap: pages are lost by sheets, or from one end
_BACKWARD: Final = 1.5  # a page that lies before one that it should lie behind
_LATE_CODE: Final = 0.5  # a printed code that is not on the first page: it was not read there, or the order is another
_LATE_COVER: Final = 3.0  # a cover that does not lie on its booklet
_EXTRA: Final = 0.5  # a page that is none of the exam's
_SAME: Final = 1.0  # a page of the exam twice, with the same writing
_UNKNOWN: Final = 2.5  # the same, where the writing does not tell
_OTHER: Final = 4.0  # the same, with other writing: two students' pages
_SAME_CUT: Final = 3.0  # a cut between two images of the same page with the same writing

_ALIKE: Final = 0.3
_UNLIKE: Final = 0.5
"""Bounds of the difference between the ink of two images, as a share of it, for the same writing and for another.

Of the sample exam's pages, those of two students differ by 0.34 and more; one that is scanned again, turned by a degree
and stretched, by 0.24 in most cases, and by 0.5 at most.
"""

_LEAST_INK: Final = 60  # levels of all cells: about a written word


@dataclass(slots=True)
class PageRun:
    """Neighbouring pages taken for one booklet, with the cost of that; it grows page by page.

    Parameters
    ----------
    expected
        Bit set of the exam's pages with print, of which bit 0 is the first page.
    """

    expected: int
    cost: float = 0.0
    seen: int = 0
    last: int = 0
    owner: str = ""
    conflict: bool = False

    def add(self, page: PilePage, earlier: Sequence[PilePage]) -> int | None:
        """Add a page, and return the number of the exam's page that it is taken for; ``None`` for none of them."""
        if page.owner:
            self.conflict = self.conflict or bool(self.owner and page.owner != self.owner)
            if self.last and (page.is_cover or not self.owner):
                self.cost += _LATE_COVER if page.is_cover else _LATE_CODE
            self.owner = page.owner
        number = number_of(page, self.last)
        if number is None:
            self.cost += 0.0 if page.owner else _EXTRA
            return None
        bit = 1 << (number - 1)
        if self.seen & bit:
            twins = [same_writing(page, each) for each in earlier if number in _told(each)]
            self.cost += _SAME if True in twins else _UNKNOWN if None in twins else _OTHER
            return number
        self.seen |= bit
        if number < self.last:
            self.cost += _BACKWARD
        self.last = number
        return number

    @property
    def total(self) -> float:
        """Cost of ending here."""
        missing = self.expected & ~self.seen
        gaps = (missing & ~(missing << 1)).bit_count()
        return self.cost + GAP * gaps + _MORE_MISSING * (missing.bit_count() - gaps)


def _told(page: PilePage) -> tuple[int | None, ...]:
    """Return the numbers of the exam's pages that a page may be."""
    return () if page.ink is None else (page.exam_page, *page.ink.alike)


def number_of(page: PilePage, before: int) -> int | None:
    """Return the number of the exam's page that a page is taken for behind another one."""
    return before + 1 if before + 1 in _told(page) else page.exam_page


def same_writing(first: PilePage, second: PilePage) -> bool | None:
    """Return whether the ink on two images of one page of the exam is the same writing; ``None`` if that is not sure.

    Two images without ink are the same: nothing is lost with one of them.
    """
    one, other = _cells(first), _cells(second)
    most = max(sum(one), sum(other))
    if most < _LEAST_INK:
        return True
    if not (one and other):
        return None
    apart = sum(abs(level - its) for level, its in zip(one, other, strict=True)) / most
    return True if apart <= _ALIKE else False if apart >= _UNLIKE else None


def _cells(page: PilePage) -> bytes:
    return bytes.fromhex(page.ink.cells) if page.ink else b""


class Division:
    """Division of the pages of a pile into booklets, the cheapest of all, and how sure each place of it is.

    A place ``p`` lies before page ``p``; 0 and ``len(pages)`` are the ends.

    Parameters
    ----------
    pages
        Pages of the pile, without empty ones, in order.
    expected
        Numbers of the exam's pages with print.
    """

    def __init__(self, pages: Sequence[PilePage], expected: Sequence[int]) -> None:
        self.pages = pages
        self.length = len(expected)
        self._expected = sum(1 << (number - 1) for number in expected)
        whole = PageRun(self._expected).total
        self._bound = 2 * whole + _SAME_CUT + MARGIN  # of a run's cost, beyond which a cut in it is cheaper
        self._costs = [list(self._costs_from(start)) for start in range(len(pages))]
        self._before = self._forward()
        self._behind = self._backward()

    def _costs_from(self, start: int) -> Iterator[float]:
        """Yield the cost of each run that begins at a place, by its length from 1."""
        run = PageRun(self._expected)
        cut = self._cut(start)
        for end in range(start, len(self.pages)):
            run.add(self.pages[end], self.pages[start:end])
            if run.conflict or run.cost > self._bound:
                return
            yield run.total + cut

    def _cut(self, place: int) -> float:
        """Return the cost of a cut before a page."""
        if not place:
            return 0.0
        before, page = self.pages[place - 1], self.pages[place]
        is_twin = page.exam_page is not None and page.exam_page == before.exam_page and _has_ink(page)
        return _SAME_CUT if is_twin and same_writing(before, page) else 0.0

    def _forward(self) -> list[float]:
        best = [0.0] + [inf] * len(self.pages)
        for start, costs in enumerate(self._costs):
            for length, cost in enumerate(costs, 1):
                best[start + length] = min(best[start + length], best[start] + cost)
        return best

    def _backward(self) -> list[float]:
        best = [inf] * len(self.pages) + [0.0]
        for start in range(len(self.pages) - 1, -1, -1):
            best[start] = min(cost + best[start + length] for length, cost in enumerate(self._costs[start], 1))
        return best

    @cached_property
    def cuts(self) -> list[int]:
        """Places of the cheapest division, the two ends included."""
        cuts, place = [0], 0
        while place < len(self.pages):
            costs = self._costs[place]
            place += min(range(1, len(costs) + 1), key=lambda length: costs[length - 1] + self._behind[place + length])
            cuts.append(place)
        return cuts

    @cached_property
    def unsure(self) -> list[int]:
        """Inner places where a division with a cut and one without it cost nearly the same."""
        uncut = [inf] * (len(self.pages) + 1)
        for start, costs in enumerate(self._costs):
            least = inf
            for length in range(len(costs), 0, -1):  # a run over a place ends at any place behind it
                place = start + length
                uncut[place] = min(uncut[place], least)
                least = min(least, self._before[start] + costs[length - 1] + self._behind[place])
        inner = range(1, len(self.pages))
        return [place for place in inner if abs(self._before[place] + self._behind[place] - uncut[place]) <= MARGIN]

    def is_surely_cut(self, first: int, last: int) -> bool:
        """Return whether each division that covers all pages from one place to another by one run costs far more."""
        over = (
            self._before[start] + costs[length - 1] + self._behind[start + length]
            for start, costs in enumerate(self._costs[:first])
            for length in range(last - start + 1, len(costs) + 1)
        )
        return min(over, default=inf) > self._behind[0] + MARGIN


def _has_ink(page: PilePage) -> bool:
    return sum(_cells(page)) >= _LEAST_INK
