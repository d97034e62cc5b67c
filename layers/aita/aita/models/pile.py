"""Piles: scans of a whole class, the facts of their pages, and the booklets that the pages are separated into."""

from enum import StrEnum
from typing import Annotated, Self

from pydantic import Field

from aita.models.base import LenientModel, StrictModel
from aita.models.scan import PageInk


class GivenPages(LenientModel):
    """Pages of a pile's file that a person gave to a folder, from the first to the last one.

    ``folder`` is ``None`` if they are nobody's. ``source`` is the id of the file, which changes with its content: pages
    of another content are others. It is empty if the setting was written by hand.
    """

    file: str
    source: str = ""
    first: Annotated[int, Field(ge=1)]
    last: Annotated[int, Field(ge=1)]
    folder: Annotated[str, Field(pattern=r"^[^./\x00-\x1f][^/\x00-\x1f]*$")] | None


class PileSettings(LenientModel):
    """``piles.json``, the instructor's settings of piles.

    Parameters
    ----------
    pages
        Pages of a booklet, by which piles are separated without a blank exam and covers; 0 for none.
    given
        Pages that a person gave to folders or to nobody; of two that name the same page, the later one counts.
    """

    pages: Annotated[int, Field(ge=0, le=1000)] = 0
    given: tuple[GivenPages, ...] = ()


class StoredPart(StrictModel):
    """Object in the bucket that holds a file, or a part of one: key, size in bytes and ETag."""

    key: str
    size: int
    etag: str


class PageCount(StrictModel):
    """Number of a file's pages, as its format counts them."""

    pages: Annotated[int, Field(ge=1)]


class PilePage(StrictModel):
    """A page of a pile: its image and what is known of it.

    Parameters
    ----------
    source
        Id of the pile's file.
    page
        Page of the file, from 1.
    part
        Part of that page, from 1: two pages of the exam may lie on one scanned sheet, and a long page is cut.
    key, sha256, width, height
        Its image, upright if the blank exam shows how it stands: key in S3, digest and size (pixels) of the JPEG; empty
        and 0 if the page can't be read.
    ink
        Ink on it, and the exam's page that it is; ``None`` without a blank exam.
    is_turned
        Whether it was scanned sideways or upside down.
    owner
        Folder of the student whom the printed code on it names; empty without a code.
    is_cover
        Whether it is only a cover by its code, without a place for answers.
    is_other_cover
        Whether it is a printed cover of another assignment, whose code tells nothing here.
    is_white
        Whether nothing is on it, where there is no blank exam, and so no ink.
    """

    source: str
    page: Annotated[int, Field(ge=1)]
    part: Annotated[int, Field(ge=1)] = 1
    key: str = ""
    sha256: str = ""
    width: int = 0
    height: int = 0
    ink: PageInk | None = None
    is_turned: bool = False
    owner: str = ""
    is_cover: bool = False
    is_other_cover: bool = False
    is_white: bool = False

    @property
    def place(self) -> "PagePlace":
        """Its place in the pile."""
        return PagePlace(source=self.source, page=self.page, part=self.part)

    @property
    def is_readable(self) -> bool:
        """Whether there is an image of it."""
        return self.key != ""

    @property
    def exam_page(self) -> int | None:
        """Number of the exam's page that it is; ``None`` if it is none of them, or that is unknown."""
        return self.ink.exam_page if self.ink else None

    @property
    def is_empty(self) -> bool:
        """Whether nothing is on it, as on the back of a sheet."""
        return self.is_white or (self.ink is not None and self.ink.empty and not self.ink.undrawn)


class PagePlace(StrictModel):
    """Place of a page in a pile, as in ``PilePage``."""

    source: str
    page: int
    part: int = 1


class SeparatedPages(StrictModel):
    """Result of one range of a pile's pages."""

    pages: tuple[PilePage, ...]


class Repair(StrEnum):
    """Fault of a booklet that was mended, or that it has for good."""

    DOUBLE = "double"
    """A page was scanned twice; one of the two images is kept aside."""
    MISSING = "missing"
    """A page of the exam is not there."""
    SWAPPED = "swapped"
    """Pages lay in another order than the exam's, and are in the exam's order now."""
    ROTATED = "begins in the middle"
    """The booklet was scanned from a page in the middle on, with its first pages last."""
    EXTRA = "extra sheet"
    """A page is none of the exam's, and stays behind the page that it followed."""
    TURNED = "turned"
    """A page was sideways or upside down."""
    UNPLACED_NEIGHBOUR = "beside an unplaced page"
    """A page before or behind it may be the booklet's or another's, and a person has to say."""


class Booklet(StrictModel):
    """Pages of one student.

    Parameters
    ----------
    pages
        Its pages, in the exam's order.
    aside
        Pages that are not among ``pages``: covers, empty sheets, and pages that were scanned a second time.
    missing
        Numbers of the exam's pages that are not there.
    owner
        Folder of the student whom a printed code names; empty without one.
    """

    pages: Annotated[tuple[PilePage, ...], Field(min_length=1)]
    aside: tuple[PilePage, ...] = ()
    repairs: tuple[Repair, ...] = ()
    missing: tuple[int, ...] = ()
    owner: str = ""

    @property
    def first(self) -> PagePlace:
        """The place in the pile where it begins."""
        return min((page.place for page in (*self.pages, *self.aside)), key=lambda place: (place.page, place.part))


class Doubt(StrEnum):
    """Reason why a page is in no booklet."""

    UNREADABLE = "it can't be read: scan it again"
    NO_SIGN = "nothing tells where a booklet begins: upload the blank exam, or give the number of pages (--pages)"
    FOREIGN = "no page of its file is like any of the blank exam's: upload the right one, or give the pages to a folder"
    WHITE_FIRST = (
        "booklets of this number of pages would begin with a white one: count the white backs, too (--pages), or scan "
        "without them"
    )
    COUNT = "the number of pages is no multiple of a booklet's"
    OTHER_COVER = "the file has printed covers of another assignment, and nothing but a number of pages to go by"
    OTHER_LENGTH = "its booklet has another number of pages than the others: a printed code may have been missed"
    UNLIKE = "it is like none of the exam's pages, and lies between two booklets"
    ONLY_COVER = "it belongs to a printed cover behind which no sheet lies"
    COVERS_BEHIND = "printed covers seem to lie behind their booklets: scan the stack from its first sheet on"
    BOUNDARY = "it may belong to the booklet before or to the one behind"
    MERGED = "its booklet may be two, or a part of another"
    TWO_STUDENTS = "its booklet has a page of the exam twice, with different writing"
    SAME_CODE = "several booklets have the printed code of one student"
    COPY = "the same file is in the pile twice: this page counts once"


class UnplacedPage(StrictModel):
    """A page that is in no booklet, and the reason."""

    page: PilePage
    doubt: Doubt


class Separation(StrictModel):
    """``booklets.json``: each page of the piles is in a booklet, or unplaced.

    Parameters
    ----------
    counted
        Number of pages of each file, by its id.
    """

    booklets: tuple[Booklet, ...] = ()
    unplaced: tuple[UnplacedPage, ...] = ()
    counted: dict[str, int] = {}

    def __add__(self, other: Self) -> "Separation":
        return Separation(
            booklets=self.booklets + other.booklets,
            unplaced=self.unplaced + other.unplaced,
            counted=self.counted | other.counted,
        )


class LoosePage(StrictModel):
    """A page of a pile that is in no booklet, for a person to place.

    Parameters
    ----------
    file, page, part
        Its place: the file of the pile, the page from 1, and the part of that page from 1.
    why
        Why it is in no booklet.
    beside
        Folders of the booklets before and behind it in the file, as far as there are any.
    url
        Where its image is, as it was scanned; it expires after some minutes. ``None`` if the page can't be read.
    """

    file: str
    page: int
    part: int
    why: Doubt
    beside: tuple[str, ...] = ()
    url: str | None


class LoosePageList(StrictModel):
    """``GET /assignments/{assignment}/loose-pages``, in the pile's order."""

    pages: tuple[LoosePage, ...]
    next_token: str | None = None
