"""PDF files: each page drawn as an image."""

import math
import re
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import PurePath
from typing import Any, Final, NamedTuple

import pypdfium2 as pdfium
import pypdfium2.raw as pdfium_c
from PIL import Image

from aita.errors import UnreadableScanError
from aita.imaging.decode_errors import check_pages, check_pixels, reading
from aita.imaging.encode import LEAST_SHORT_SIDE, check_legible, encode
from aita.imaging.long_pages import OVERVIEW_WIDTH, WHOLE, Part, is_long, parts
from aita.imaging.pdf_annotations import draw_missing
from aita.models.names import SCAN_TYPES
from aita.models.scan import PageImage

DPI: Final = 200
"""Resolution at which pages are drawn, usual for scanned text: an A4 page has 1,654 x 2,339 pixels before bounding."""

_POINTS_PER_INCH: Final = 72
TAIL: Final = 64 * 1024
"""Bytes at the end of a PDF that tell whether it is whole, with what a download may have added behind it."""

_END: Final = b"%%EOF"
_OBJECT: Final = re.compile(rb"\b\d+\s+\d+\s+obj\b")
_PAGES_A_DOCUMENT: Final = 25  # pdfium keeps its data of each page in memory until the document is closed
_USER_UNIT: Final = re.compile(rb"/UserUnit\s+(\d{1,6}(?:\.\d{1,6})?)")  # not in files that pack their objects


def pdf_pages(data: bytes, longest_side: int, max_pages: int) -> Iterator[PageImage]:
    """Yield an image of every page, in order, annotations and filled forms included.

    Pages are drawn at 200 dpi, at their largest picture's resolution if that is higher, and large enough to be
    legible, but at less where that would exceed ``longest_side``: no bitmap is larger than the page that is kept.
    Pages that are much higher than wide are cut into parts.

    Raises
    ------
    UnreadableScanError
        If the file is corrupt, cut off or encrypted, has no pages or more than ``max_pages``, or a
        page can't be drawn.
    """
    check_end(data[-TAIL:])
    with _opened(data) as document:
        count = page_count(document, max_pages)
    unit = _user_unit(data)
    for start in range(0, count, _PAGES_A_DOCUMENT):
        with _opened(data) as document:
            for _, page in drawn_pages(
                document, range(start, min(start + _PAGES_A_DOCUMENT, count)), unit, longest_side
            ):
                yield page


def check_end(tail: bytes) -> None:
    """Refuse a PDF that is cut off: pdfium repairs a damaged file, and would draw the pages that are lost as blank.

    Other text may follow the end, such as a page of the download's server. A piece of PDF there is the beginning of a
    change that was cut off.

    Parameters
    ----------
    tail
        The last ``TAIL`` bytes of the file.

    Raises
    ------
    UnreadableScanError
        If it lacks the mark of its end.
    """
    _, mark, behind = tail.rpartition(_END)
    if not mark or _OBJECT.search(behind):
        raise UnreadableScanError("the PDF is cut off: scan or export it again")


def page_count(document: pdfium.PdfDocument, max_pages: int) -> int:
    """Return the number of pages.

    Raises
    ------
    UnreadableScanError
        If there are none, or more than ``max_pages``, or there are scans in it that are no pages.
    """
    if inside := _scans_inside(document):
        raise UnreadableScanError(
            f"the PDF is a portfolio, with {inside} {'file' if inside == 1 else 'files'} in it that are scans: save "
            "each of them as a file of its own"
        )
    count = len(document)
    if count < 1:
        raise UnreadableScanError("the PDF has no pages: scan or export it again")
    check_pages(count, max_pages)
    return count


def _scans_inside(document: pdfium.PdfDocument) -> int:
    """Return the number of scans that are attached to a PDF, as in a portfolio, where the only page is a cover."""
    with reading("the PDF"):
        names = [document.get_attachment(index).get_name() for index in range(document.count_attachments())]
    return sum(PurePath(name).suffix.lower() in SCAN_TYPES for name in names)


def drawn_pages(
    document: pdfium.PdfDocument, indices: Iterable[int], unit: float, longest_side: int
) -> Iterator[tuple[int, PageImage]]:
    """Yield the images of some pages, each with the page's index: one of each page, or several of a long one.

    Parameters
    ----------
    unit
        Points of a unit of the pages.

    Raises
    ------
    UnreadableScanError
        If a page can't be drawn.
    """
    for index in indices:
        subject = f"page {index + 1} of the PDF"
        with reading(subject), closing(document[index]) as page:
            plan = _plan(page, unit, longest_side, subject)
        for part in plan.parts:
            # Kept while the next is drawn: memory that is freed at once would be taken from the system anew.
            drawn = _drawn(document, index, part, plan.scale, longest_side)
            yield index, replace(encode(drawn, longest_side, subject), undrawn=plan.undrawn)


class _Plan(NamedTuple):
    """Drawing of a page: its parts, the most pixels for each unit, and whether an annotation is left out."""

    parts: list[Part]
    scale: float
    undrawn: bool


def _plan(page: pdfium.PdfPage, unit: float, longest_side: int, subject: str) -> _Plan:
    """Check a page, complete its annotations, and return how it is drawn."""
    pictures = _pictures(page)
    for picture in pictures:
        check_pixels(picture.get_px_size(), subject)
    undrawn = not draw_missing(page)
    scale = _scale(page.get_size(), pictures, unit, longest_side)
    return _Plan(_parts(page, scale, longest_side, subject), scale, undrawn)


def _drawn(document: pdfium.PdfDocument, index: int, part: Part, scale: float, longest_side: int) -> Image.Image:
    """Return an image of a part of a page. The page is closed then: what pdfium keeps of it slows down the next."""
    subject = f"page {index + 1} of the PDF"
    with reading(subject), closing(document[index]) as page:
        drawn = _draw(page, part, scale, longest_side, subject)
        if drawn.getcolors(maxcolors=1) is not None:
            # One colour: blank, or pdfium left out pictures; getting each raises if it can't be decoded.
            for picture in _pictures(page):
                picture.get_bitmap()
    return drawn


def _pictures(page: pdfium.PdfPage) -> list[pdfium.PdfImage]:
    return list(page.get_objects(filter=[pdfium_c.FPDF_PAGEOBJ_IMAGE]))


def _opened(data: bytes) -> pdfium.PdfDocument:
    """Return an open document; ``data`` must stay referenced until it is closed, as pdfium reads from it."""
    # Not PdfDocument(data): it takes "no pages" for an error, and reports the reason of an earlier file.
    return document_of(pdfium_c.FPDF_LoadMemDocument64(data, len(data), None))


def document_of(handle: Any) -> pdfium.PdfDocument:
    """Return the document that pdfium has opened.

    Raises
    ------
    UnreadableScanError
        If pdfium could not open it.
    """
    if not handle:
        if pdfium_c.FPDF_GetLastError() in {pdfium_c.FPDF_ERR_PASSWORD, pdfium_c.FPDF_ERR_SECURITY}:
            raise UnreadableScanError("the PDF is encrypted: save it without a password")
        raise UnreadableScanError("the PDF is corrupt or cut off: scan or export it again")
    document = pdfium.PdfDocument(handle)
    with reading("the PDF"):
        document.init_forms()  # else students' entries in a form are not drawn
    return document


def _user_unit(data: bytes) -> float:
    """Return the points of a unit of the file's pages: the largest ``UserUnit``, as PDFium returns no page's own."""
    return max([1.0, *(float(number) for number in _USER_UNIT.findall(data))])


def _scale(size: tuple[float, float], pictures: list[pdfium.PdfImage], unit: float, longest_side: int) -> float:
    """Return the pixels for each unit of a page at which nothing that is on it is lost."""
    least = LEAST_SHORT_SIDE * longest_side / min(size)
    largest = max(pictures, key=lambda picture: math.prod(picture.get_px_size()), default=None)
    return max(unit * DPI / _POINTS_PER_INCH, least, _resolution(largest) if largest else 0.0)


def _resolution(picture: pdfium.PdfImage) -> float:
    """Return a picture's pixels for each unit of the page that it is on."""
    a, b, c, d, _, _ = _placed(picture).get()
    sides = zip(picture.get_px_size(), (math.hypot(a, b), math.hypot(c, d)), strict=True)
    return max((pixels / length for pixels, length in sides if length), default=0.0)


def _placed(piece: pdfium.PdfObject) -> pdfium.PdfMatrix:
    """Return the map from a piece of a page to the page, through the forms that hold it."""
    matrix = piece.get_matrix()
    return matrix if piece.container is None else matrix.multiply(_placed(piece.container))


def _parts(page: pdfium.PdfPage, scale: float, longest_side: int, subject: str) -> list[Part]:
    """Return the parts that a page is drawn in."""
    width, height = page.get_size()
    if scale * height <= longest_side or not is_long(width, height, subject):
        return [WHOLE]
    return parts(page.render(scale=OVERVIEW_WIDTH / width).to_pil().convert("L"))


def _draw(page: pdfium.PdfPage, part: Part, scale: float, longest_side: int, subject: str) -> Image.Image:
    """Return an image of a part of a page, at this many pixels for each unit or fewer."""
    width, height = page.get_size()
    size = width, (part.bottom - part.top) * height
    # pdfium rounds up: half a pixel less lands on longest_side, where one above it would be resampled.
    bound = (longest_side - 0.5) / max(size)
    if scale > bound:
        check_legible(size, subject)
        scale = bound
    crop = (0, (1 - part.bottom) * height, 0, part.top * height)
    # In this byte order Pillow takes the bitmap over fastest.
    drawn: Image.Image = page.render(scale=scale, crop=crop, rev_byteorder=True).to_pil()
    return drawn
