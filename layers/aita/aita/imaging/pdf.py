"""PDF files: every page drawn as an image."""

from collections.abc import Iterator
from typing import Final

import pypdfium2 as pdfium
import pypdfium2.raw as pdfium_c
from PIL import Image

from aita.errors import UnreadableScanError
from aita.imaging.decode_errors import check_pages, check_pixels, reading
from aita.imaging.encode import PageImage, encode

DPI: Final = 200
"""What scanners call good enough to read: an A4 page is 1,654 x 2,339 pixels before it is bounded."""

_POINTS_PER_INCH: Final = 72
_TAIL: Final = 1024  # bytes: where PDF readers look for the end mark
_PAGES_A_DOCUMENT: Final = 25  # pdfium keeps what it read of each page until the document is closed
_PADDING: Final = b"\0\t\n\f\r "


def pdf_pages(data: bytes, longest_side: int, max_pages: int) -> Iterator[PageImage]:
    """Yield an image of every page, in order, annotations and filled forms included.

    Pages are drawn at 200 dpi, or at less where that would exceed ``longest_side``: no bitmap is
    ever larger than what is kept of it.

    Raises
    ------
    UnreadableScanError
        It is corrupt, cut off or encrypted, has no pages or more than ``max_pages``, or a page
        can't be drawn.
    """
    if b"%%EOF" not in data[-2 * _TAIL :].rstrip(_PADDING)[-_TAIL:]:
        # pdfium repairs what it can, and would draw the pages that are lost as blank ones.
        raise UnreadableScanError("the PDF is cut off: scan or export it again")
    with _opened(data) as document:
        count = len(document)
    if count < 1:
        raise UnreadableScanError("the PDF has no pages: scan or export it again")
    check_pages(count, max_pages)
    for start in range(0, count, _PAGES_A_DOCUMENT):
        with _opened(data) as document:
            for index in range(start, min(start + _PAGES_A_DOCUMENT, count)):
                what = f"page {index + 1} of the PDF"
                with reading(what):
                    drawn = _draw(document, index, longest_side, what)
                yield encode(drawn, longest_side, what)


def _opened(data: bytes) -> pdfium.PdfDocument:
    """Open a document; ``data`` must be kept until it is closed, as pdfium reads on from it."""
    # Not PdfDocument(data): that takes "no pages" for an error, and its reason is then that of an earlier file.
    handle = pdfium_c.FPDF_LoadMemDocument64(data, len(data), None)
    if not handle:
        if pdfium_c.FPDF_GetLastError() in {pdfium_c.FPDF_ERR_PASSWORD, pdfium_c.FPDF_ERR_SECURITY}:
            raise UnreadableScanError("the PDF is encrypted: save it without a password")
        raise UnreadableScanError("the PDF is corrupt or cut off: scan or export it again")
    document = pdfium.PdfDocument(handle)
    with reading("the PDF"):
        document.init_forms()  # else what students typed into a form is not drawn
    return document


def _draw(document: pdfium.PdfDocument, index: int, longest_side: int, what: str) -> Image.Image:
    page = document[index]
    try:
        images = list(page.get_objects(filter=[pdfium_c.FPDF_PAGEOBJ_IMAGE]))
        for image in images:
            check_pixels(image.get_px_size(), what)
        # pdfium rounds up: half a pixel less lands on longest_side, where one above it would be resampled.
        scale = min(DPI / _POINTS_PER_INCH, (longest_side - 0.5) / max(page.get_size()))
        # In this byte order Pillow takes the bitmap over fastest.
        drawn: Image.Image = page.render(scale=scale, rev_byteorder=True).to_pil()
        if drawn.getcolors(maxcolors=1) is not None:
            # A page of one colour: is it blank, or did pdfium leave out images that it can't decode?
            for image in images:
                image.get_bitmap()
        return drawn
    finally:
        page.close()
