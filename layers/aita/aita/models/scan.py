"""What splitting a scan tells beside the page images: where there is ink, and which page of the exam it is."""

from typing import Annotated

from pydantic import Field, StringConstraints

from aita.models.base import StrictModel
from aita.models.exam import Page

BANDS = 100
"""Bands that a page is divided into from top to bottom, each a hundredth of its height."""


class PageInk(StrictModel):
    """What was written on a page, found by taking the aligned blank exam away from it.

    Parameters
    ----------
    exam_page
        Which page of the blank exam it is, from 1; ``None`` if it is like none of them: another exam's, perhaps.
    likeness
        How much of the blank page's print was found on it: from 0, which is as much as by chance, to 1.
    bands
        For each of ``BANDS`` bands two hexadecimal digits: the share of its pixels that is written ink, in 255ths
        of a tenth (so ``ff`` is a tenth or more). Empty where ``exam_page`` is ``None``.
    """

    exam_page: Annotated[int, Field(ge=1)] | None
    likeness: Annotated[float, Field(ge=0, le=1)]
    bands: Annotated[str, StringConstraints(pattern=r"^([0-9a-f]{2})*$")] = ""


class SplitPage(Page):
    """A page as split makes it; ``ink`` is ``None`` if no blank exam was there to compare with."""

    ink: PageInk | None = None


class SplitPages(StrictModel):
    """The pages that came out of one scanned file, numbered within that file."""

    pages: tuple[SplitPage, ...]


class StudentScans(StrictModel):
    """What is known of a student's scans beside the images.

    ``ink`` is in the order of the student's pages; ``unreadable`` counts the files that no page came out of.
    ``blank_exam`` has the ids of the blank exam's files that the pages were compared with; ``None`` if aita 0.1.0 did.
    """

    ink: tuple[PageInk | None, ...] = ()
    unreadable: int = 0
    blank_exam: tuple[str, ...] | None = None


class ExamPages(StrictModel):
    """The pages that the questions are read from: the blank exam's or, where there is none, one student's."""

    blank: bool
    pages: tuple[Page, ...]
