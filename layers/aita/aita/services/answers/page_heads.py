"""Heads and furniture of the exam's pages, found by the ink that many of the class's students have at the same place.

Handwriting above a page's first printed label is the head with the name, or an answer that was begun too high. The
two differ in that all of a class fill in the head. In the same way, page numbers, holes and initials are at the
same place on many pages.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from aita.services.answers.page_furniture import FOOT_TOP, HEAD_BOTTOM, MOST_FURNITURE

LEAST_PAGES = 4
"""Least number of the class's pages of one exam page that tell its head."""

HEAD_SHARE = 0.5
"""Share of the pages with ink in a band from which on the band is the head's."""

HEAD_MARGIN = 2
"""Number of bands above and below the head that are its too, as names are written higher or lower."""

MOST_HEAD = 1.6
"""Largest ink of a head, as a multiple of the class's median. On the sample exam's 15 pages, heads have
0.73 to 1.18 of it, from 247 to 395."""

FURNITURE_SHARE = 0.3
"""Share of the pages with ink in a band from which on it may be furniture."""


@dataclass(frozen=True, slots=True)
class PageHead:
    """Places of the head and the furniture on one exam page, as the class's pages show them.

    Parameters
    ----------
    head
        Bands of the head.
    most_ink
        Largest sum of ink in these bands that is still a head.
    furniture
        Bands of the furniture above the first label and at the foot: all of a class may write a letter in between.
    """

    head: frozenset[int]
    most_ink: float
    furniture: frozenset[int]

    def has_head_alone(self, bands: Sequence[int], explained: float = 0.0) -> bool:
        """Return whether the ink in the head's bands is no more than a head's in the class, or than was read of it.

        Parameters
        ----------
        explained
            Most ink of the head's lines that were read.
        """
        return sum(bands[band] for band in self.head) <= max(self.most_ink, explained)


class ClassPages:
    """Ink of a class's pages, by the exam's page that they show. It keeps a byte for each band."""

    def __init__(self) -> None:
        self._bands: dict[int, list[bytes]] = {}
        self._tops: dict[int, list[float]] = {}

    def add(self, exam_page: int, bands: bytes, top: float | None) -> None:
        """Add a student's page.

        Parameters
        ----------
        top
            Where the first answer begins, as a fraction of the page's height; ``None`` if none begins on the page.
        """
        self._bands.setdefault(exam_page, []).append(bands)
        if top is not None:
            self._tops.setdefault(exam_page, []).append(top)

    def heads(self) -> dict[int, PageHead]:
        """Return head and furniture by exam page, for those that the class has enough pages of."""
        return {
            exam_page: _page_head(pages, self._label(exam_page))
            for exam_page, pages in self._bands.items()
            if len(pages) >= LEAST_PAGES
        }

    @property
    def largest(self) -> int:
        """Largest number of an exam page among the class's; 0 without any."""
        return max(self._bands, default=0)

    def _label(self, exam_page: int) -> float:
        """Return where the first printed label is on most pages.

        If no answer begins there, it is the head's usual bottom, and the foot of a cover, which is before all answers.
        """
        tops = self._tops.get(exam_page, [])
        if 2 * len(tops) >= len(self._bands[exam_page]):
            return median(tops)
        return 1.0 if exam_page < min(self._tops, default=0) else HEAD_BOTTOM


def _page_head(pages: Sequence[bytes], label: float) -> PageHead:
    count = len(pages[0])
    above = int(label * count)
    inked = [sum(bool(page[band]) for page in pages) / len(pages) for band in range(count)]
    core = [band for band in range(above) if inked[band] >= HEAD_SHARE]
    head = {band for each in core for band in range(max(0, each - HEAD_MARGIN), min(above, each + HEAD_MARGIN + 1))}
    outside = (*range(above), *range(int(FOOT_TOP * count), count))
    furniture = frozenset(
        band for band in outside if band not in head and inked[band] >= FURNITURE_SHARE and _is_small(pages, band)
    )
    return PageHead(
        head=frozenset(head),
        most_ink=MOST_HEAD * median(sum(page[band] for band in head) for page in pages),
        furniture=furniture,
    )


def _is_small(pages: Sequence[bytes], band: int) -> bool:
    """Return whether the run of ink through a band is furniture's on most of the pages that have one."""
    sums = [_sum_through(page, band) for page in pages if page[band]]
    return median(sums) <= MOST_FURNITURE


def _sum_through(bands: bytes, band: int) -> int:
    """Return the ink of neighbouring inked bands around one."""
    first = last = band
    while first and bands[first - 1]:
        first -= 1
    while last + 1 < len(bands) and bands[last + 1]:
        last += 1
    return sum(bands[first : last + 1])
