"""Results of splitting a scan: page images, the ink on them, and the page of the exam that each image shows."""

from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import Field, StringConstraints

from aita.models.base import StrictModel
from aita.models.exam import Page

BANDS = 100
"""Number of bands of a page from top to bottom, each a hundredth of its height."""


CELLS = (12, 16)
"""Number of cells of a page across and down."""


@dataclass(frozen=True, slots=True)
class PageImage:
    """One page, bounded in size, without metadata; upright if its file says how it stands."""

    jpeg: bytes
    """The image as a JPEG, gray or RGB."""
    width: int
    """Width in pixels."""
    height: int
    """Height in pixels."""
    undrawn: bool = False
    """Whether the page of a PDF has something on it that the image lacks, such as a stamp or a filled field."""


class PageInk(StrictModel):
    """Handwritten ink on a page, found by subtracting the aligned blank exam.

    Parameters
    ----------
    exam_page
        Number of the page in the blank exam, from 1; ``None`` if it resembles none of them, such as another exam's.
    likeness
        Share of the blank page's print that was found on the page, from 0 (as much as by chance) to 1.
    bands
        Two hexadecimal digits for each of ``BANDS`` bands: the share of its pixels with handwritten ink, in 255ths of a
        tenth (``ff`` is a tenth or more). Empty if ``exam_page`` is ``None``.
    empty
        Whether nothing is on the page, noise aside, as on a white back. ``exam_page`` is ``None`` then.
    cells
        Two hexadecimal digits for each of ``CELLS`` of the blank page, row by row: the share of its pixels with ink, in
        255ths. By them two scans of one page are told from two students' pages. Only pages of piles have it.
    alike
        Numbers of its pages between which the print did not decide, so that the page's place did; empty if it did.
    exam_pages
        Number of the blank exam's pages; 0 in results of versions before 0.3.
    white_pages
        Numbers of its pages without print, which no scan can be told to show.
    other_version
        Whether the page is like ``exam_page`` and lacks a part of its print: a page of another version of the exam, or
        one that was covered.
    undrawn
        Whether the page has something on it that its image lacks, such as a stamp or a filled field of a PDF: it may be
        anywhere, so that no place on the page is known to have no ink.
    """

    exam_page: Annotated[int, Field(ge=1)] | None
    likeness: Annotated[float, Field(ge=0, le=1)]
    bands: Annotated[str, StringConstraints(pattern=r"^([0-9a-f]{2})*$")] = ""
    empty: bool = False
    cells: str = ""
    alike: tuple[int, ...] = ()
    exam_pages: Annotated[int, Field(ge=0)] = 0
    white_pages: tuple[int, ...] = ()
    other_version: bool = False
    undrawn: bool = False

    @property
    def is_foreign(self) -> bool:
        """Whether the page was compared with the blank exam's, and is none of them."""
        return self.other_version or (self.exam_page is None and not self.undrawn)

    @property
    def findings(self) -> tuple[Any, ...]:
        """Findings that answers on the page rest on, for their versions: as in 0.1.0 for a page that it knew, too."""
        marks = {"empty": self.empty, "other_version": self.other_version, "undrawn": self.undrawn}
        return self.exam_page, self.bands, *(mark for mark, is_set in marks.items() if is_set)


class SplitPage(Page):
    """A page of a split file.

    ``ink`` is ``None`` if there was no blank exam to compare it with, unless something on the page is not drawn.
    ``masked`` is the share of the image's height, from its top, that was painted white; ``None`` if that is unknown, of
    pages that were split before version 0.3.
    ``head`` is the page's head, unmasked, where nobody knows yet whose the page is.
    """

    ink: PageInk | None = None
    masked: Annotated[float, Field(ge=0, le=1)] | None = None
    head: Page | None = None


class SplitPages(StrictModel):
    """Pages of one scanned file, numbered within the file."""

    pages: tuple[SplitPage, ...]


class StudentScans(StrictModel):
    """Results of splitting a student's scans, beside the images.

    ``ink`` and ``masked`` are in the order of the student's pages, as in ``SplitPage``; ``unreadable`` counts the files
    without a readable page.
    ``blank_exam`` has the ids of the blank exam's files that the pages were compared with; ``None`` in a file of 0.1.0.
    """

    ink: tuple[PageInk | None, ...] = ()
    masked: tuple[float | None, ...] = ()
    unreadable: int = 0
    blank_exam: tuple[str, ...] | None = None

    def masked_on(self, page: int) -> float:
        """Return the share of a page's height that is white in its image, as far as it is known; pages count from 1."""
        return next(iter(self.masked[page - 1 : page]), None) or 0.0


class ExamPages(StrictModel):
    """Pages that the questions are read from: those of the blank exam or, without one, of one student."""

    blank: bool
    pages: tuple[Page, ...]
