"""Public function of this package: the pages of a scanned file."""

from collections.abc import Iterator

from aita.imaging.decode_errors import check_pages
from aita.imaging.jpeg import jpeg_pages
from aita.imaging.pdf import pdf_pages
from aita.imaging.raster import heic_pages, png_pages, tiff_pages
from aita.models.file_type import scan_type
from aita.models.scan import PageImage

__all__ = ["PageImage", "pages"]


def pages(data: bytes, *, longest_side: int = 2048, max_pages: int = 1000) -> Iterator[PageImage]:
    """Yield one image per page of a scanned file, in order.

    Pages are decoded lazily, and one is in memory at a time. So an error in a later page comes
    after the pages before it.

    Parameters
    ----------
    data
        The file: JPEG, PNG, TIFF (all frames), HEIC (all top-level images) or PDF (all pages,
        drawn at 200 dpi or more). Its type is detected from its content. A page that is more than
        2.2 times as high as wide, and higher than ``longest_side``, is cut into several.
    longest_side
        Bound on width and height, in pixels. Larger images are shrunk, none is enlarged.
    max_pages
        Largest number of pages that a file may have.

    Yields
    ------
    PageImage
        An upright JPEG, gray or RGB, with transparency laid on white and without metadata. A JPEG
        that is upright and within bounds already keeps its compressed pixels as they are.

    Raises
    ------
    UnreadableScanError
        If the file is empty, of another type, corrupt, cut off, encrypted or without pages; if it
        has more than ``max_pages``; if an image in it has more than 89 megapixels by its header;
        or if a page is so narrow that it would be illegible. The message names the cause and the
        remedy, and holds nothing of the file's content.
    """
    for number, page in enumerate(_pages(data, longest_side, max_pages), 1):
        check_pages(number, max_pages)  # cut pages may be more than their file has
        yield page


def _pages(data: bytes, longest_side: int, max_pages: int) -> Iterator[PageImage]:
    match scan_type(data):
        case "jpeg":
            yield from jpeg_pages(data, longest_side)
        case "png":
            yield from png_pages(data, longest_side)
        case "tiff":
            yield from tiff_pages(data, longest_side, max_pages)
        case "heic":
            yield from heic_pages(data, longest_side, max_pages)
        case "pdf":
            yield from pdf_pages(data, longest_side, max_pages)
