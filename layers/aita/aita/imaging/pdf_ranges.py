"""Ranges of a PDF's pages, of which no more is read than they need: the file may be larger than memory."""

import ctypes
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import pypdfium2 as pdfium
import pypdfium2.raw as pdfium_c

from aita.imaging.decode_errors import reading
from aita.imaging.pdf import TAIL, check_end, document_of, drawn_pages, page_count
from aita.models.scan import PageImage
from aita.ports import ByteSource

MAX_PAGES: Final = 10_000
"""Largest number of pages in the PDF of a pile."""

_UNIT: Final = 1.0  # points: a larger unit can be found by a search of the whole file alone


def pdf_page_count(file: ByteSource) -> int:
    """Return the number of a PDF's pages, each of which is looked up.

    Raises
    ------
    UnreadableScanError
        If the file is corrupt, cut off or encrypted, has no pages or more than ``MAX_PAGES``.
    """
    with _opened(file) as document:
        count = page_count(document, MAX_PAGES)
        with reading("the PDF"):
            document.get_page_size(count - 1)  # pdfium looks up all pages before it
    return count


def pdf_range(file: ByteSource, first: int, last: int, longest_side: int) -> Iterator[tuple[int, PageImage]]:
    """Yield the images of the pages from ``first`` to ``last``, counted from 1, each with its number.

    Raises
    ------
    UnreadableScanError
        If the file is corrupt, cut off or encrypted, or a page can't be drawn.
    """
    with _opened(file) as document:
        for index, page in drawn_pages(document, range(first - 1, last), _UNIT, longest_side):
            yield index + 1, page


@contextmanager
def _opened(file: ByteSource) -> Iterator[pdfium.PdfDocument]:
    """Yield an open document that reads from a file."""
    check_end(file.read(max(0, file.size - TAIL), TAIL))

    def get_block(_: Any, position: int, buffer: Any, size: int) -> int:
        data = file.read(position, size)
        if len(data) != size:
            return 0
        ctypes.memmove(buffer, data, size)
        return 1

    access = pdfium_c.FPDF_FILEACCESS()
    access.m_FileLen = file.size
    access.m_GetBlock = type(access.m_GetBlock)(get_block)
    with document_of(pdfium_c.FPDF_LoadCustomDocument(access, None)) as document:
        yield document
