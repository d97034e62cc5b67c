"""PDF files: each page drawn as an image."""

from collections.abc import Iterator
from typing import Final

import pypdfium2 as pdfium
import pypdfium2.raw as pdfium_c
from PIL import Image

from aita.errors import UnreadableScanError
from aita.imaging.decode_errors import check_pages, check_pixels, reading
from aita.imaging.encode import PageImage, encode

DPI: Final = 200
"""Resolution at which pages are drawn, usual for scanned text: an A4 page has 1,654 x 2,339 pixels before bounding."""

_POINTS_PER_INCH: Final = 72
_TAIL: Final = 1024  # bytes: where PDF readers look for the end mark
_PAGES_A_DOCUMENT: Final = 25  # pdfium keeps its data of each page in memory until the document is closed
_PADDING: Final = b"\0\t\n\f\r "


def pdf_pages(data: bytes, longest_side: int, max_pages: int) -> Iterator[PageImage]:
    """Yield an image of every page, in order, annotations and filled forms included.

    Pages are drawn at 200 dpi, or at less where that would exceed ``longest_side``: no bitmap is
    larger than the page that is kept.

    Raises
    ------
    UnreadableScanError
        If the file is corrupt, cut off or encrypted, has no pages or more than ``max_pages``, or a
        page can't be drawn.
    """
    if b"%%EOF" not in data[-2 * _TAIL :].rstrip(_PADDING)[-_TAIL:]:
        # pdfium repairs a damaged file, and would draw the pages that are lost as blank ones.
        raise UnreadableScanError("the PDF is cut off: scan or export it again")
    with _opened(data) as document:
        count = len(document)
    if count < 1:
        raise UnreadableScanError("the PDF has no pages: scan or export it again")
    check_pages(count, max_pages)
    for start in range(0, count, _PAGES_A_DOCUMENT):
        with _opened(data) as document:
            for index in range(start, min(start + _PAGES_A_DOCUMENT, count)):
                subject = f"page {index + 1} of the PDF"
                with reading(subject):
                    drawn = _draw(document, index, longest_side, subject)
                yield encode(drawn, longest_side, subject)


def _opened(data: bytes) -> pdfium.PdfDocument:
    """Return an open document; ``data`` must stay referenced until it is closed, as pdfium reads from it."""
    # Not PdfDocument(data): it takes "no pages" for an error, and reports the reason of an earlier file.
    handle = pdfium_c.FPDF_LoadMemDocument64(data, len(data), None)
    if not handle:
        if pdfium_c.FPDF_GetLastError() in {pdfium_c.FPDF_ERR_PASSWORD, pdfium_c.FPDF_ERR_SECURITY}:
            raise UnreadableScanError("the PDF is encrypted: save it without a password")
        raise UnreadableScanError("the PDF is corrupt or cut off: scan or export it again")
    document = pdfium.PdfDocument(handle)
    with reading("the PDF"):
        document.init_forms()  # else students' entries in a form are not drawn
    return document


def _draw(document: pdfium.PdfDocument, index: int, longest_side: int, subject: str) -> Image.Image:
    """Return an image of one page; ``index`` counts from 0."""
    page = document[index]
    try:
        images = list(page.get_objects(filter=[pdfium_c.FPDF_PAGEOBJ_IMAGE]))
        for image in images:
            check_pixels(image.get_px_size(), subject)
        # pdfium rounds up: half a pixel less lands on longest_side, where one above it would be resampled.
        scale = min(DPI / _POINTS_PER_INCH, (longest_side - 0.5) / max(page.get_size()))
        # In this byte order Pillow takes the bitmap over fastest.
        drawn: Image.Image = page.render(scale=scale, rev_byteorder=True).to_pil()
        if drawn.getcolors(maxcolors=1) is not None:
            # A page of one colour is blank, or pdfium left out images: getting each raises if it can't be decoded.
            for image in images:
                image.get_bitmap()
        return drawn
    finally:
        page.close()
