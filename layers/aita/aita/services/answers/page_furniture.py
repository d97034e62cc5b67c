"""Furniture within the places of answers: page numbers that were read, and holes in all of a class's sheets.

Both are ink where an answer may be blank. A page number is known by its line at the foot or the head of a page. A hole
is known by the class: almost every sheet, whatever is printed on it, has a little ink at this height, and nothing is
read there. An answer's own ink is not at the same height on all pages, or is read.
"""

import re
from collections import Counter
from collections.abc import Sequence

from aita.models.scan import BANDS
from aita.models.transcription import Line, LineKind
from aita.services.answers.ink_runs import InkRun, ink_runs

MOST_FURNITURE = 60
"""Largest sum of ink of furniture at one place: a page number, a hole or two initials, not a line of words."""

HEAD_BOTTOM = 0.12
"""Bottom of a page's head where the class does not tell it, as a fraction of the height."""

FOOT_TOP = 0.92
"""Top of a page's foot, as a fraction of the height."""

_AROUND = r"[\s\-\u2013\u2014.()\[\]|#:]*"
_NUMBER = re.compile(
    rf"{_AROUND}(?:[ps]|[^\W\d_]+[.\s]\s*|第\s*|제\s*)?(\d{{1,4}})"  # "3", "- 3 -", "page 3", "p.3"
    rf"(?:\s*(?:/|[^\W\d_]+)\s*(\d{{1,4}}))?"  # "3/7", "3 of 7"
    rf"(?:\s*(?:页|頁|ページ|쪽))?{_AROUND}",
    re.IGNORECASE,
)

LEAST_PAGES = 6
"""Least number of the class's pages that tell where its sheets have holes."""

LEAST_EXAM_PAGES = 2
"""Least number of the exam's pages among them: all of a class may have an answer at one place of one exam page."""

HOLE_SHARE = 0.8
"""Share of the class's pages with ink at a height from which on it may be a hole's."""

MOST_READ = 0.5
"""Share of the small runs of ink at a height with a line that was read there, above which they are answers."""


def is_page_number(line: Line) -> bool:
    """Return whether a line is a page's number, at the page's head or foot."""
    return page_number(line) is not None


def page_number(line: Line) -> int | None:
    """Return the number in a line that is a page's number, at the page's head or foot; ``None`` if it is none."""
    at_edge = line.top is not None and not HEAD_BOTTOM <= line.top < FOOT_TOP
    if line.kind is not LineKind.PAGE_NUMBER or not at_edge or (found := _NUMBER.fullmatch(line.text)) is None:
        return None
    number, pages = int(found[1]), int(found[2] or found[1])
    return number if number <= pages else None


class ClassHoles:
    """Heights at which the sheets of a class have holes, counted page by page."""

    def __init__(self) -> None:
        self._exam_pages: set[int] = set()
        self._pages = 0
        self._inked = Counter[int]()
        self._small = Counter[int]()
        self._read = Counter[int]()

    def add(self, exam_page: int, bands: Sequence[int], lines: Sequence[Line]) -> None:
        """Add a student's page."""
        self._pages += 1
        self._exam_pages.add(exam_page)
        runs = list(ink_runs(bands))
        self._inked.update({band for run in runs for band in _heights(run)})
        small = [run for run in runs if run.ink <= MOST_FURNITURE]
        self._small.update({band for run in small for band in _heights(run)})
        self._read.update({band for run in small if _is_read(run, lines) for band in _heights(run)})

    def bands(self) -> frozenset[int]:
        """Return the bands with a hole, and those beside them."""
        if self._pages < LEAST_PAGES or len(self._exam_pages) < LEAST_EXAM_PAGES:
            return frozenset()
        return frozenset(
            band
            for band, small in self._small.items()
            if self._inked[band] >= HOLE_SHARE * self._pages and self._read[band] <= MOST_READ * small
        )


def furniture_bands(bands: Sequence[int], lines: Sequence[Line], holes: frozenset[int]) -> frozenset[int]:
    """Return the bands of a page whose ink is a page number's or a hole's.

    Parameters
    ----------
    holes
        Bands in which the class's sheets have holes.
    """
    numbers = (range(*_beside(line)) for line in lines if is_page_number(line))
    found = {band for number in numbers if sum(bands[number.start : number.stop]) <= MOST_FURNITURE for band in number}
    for run in ink_runs(bands):
        is_hole = holes.issuperset(range(run.first, run.end))
        if is_hole and run.ink <= MOST_FURNITURE and not _is_read(run, lines):
            found.update(range(run.first, run.end))
    return frozenset(found)


def _heights(run: InkRun) -> range:
    """Return a run's bands and those beside it, as sheets are scanned a little higher or lower."""
    return range(run.first - 1, run.end + 1)


def _beside(line: Line) -> tuple[int, int]:
    """Return the bands in which a line of known place may have its ink."""
    band = int((line.top or 0) * BANDS)
    return max(0, band - 1), min(BANDS, band + 4)


def _is_read(run: InkRun, lines: Sequence[Line]) -> bool:
    """Return whether a line of handwriting was read where a run is."""
    written = (line for line in lines if line.top is not None and line.kind is not LineKind.LABEL)
    return any(_overlaps(run, *_beside(line)) for line in written)


def _overlaps(run: InkRun, first: int, end: int) -> bool:
    return run.first < end and first < run.end
