"""Errors of the imaging libraries on a damaged or hostile file, raised as ``UnreadableScanError``."""

import struct
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from PIL import Image

from aita.errors import UnreadableScanError

MAX_PIXELS: Final = 89_478_485
"""Pillow's own default for ``Image.MAX_IMAGE_PIXELS``; an A4 page at 600 dpi has 35 million."""

MAX_SIDE: Final = 65_535
"""Pixels: no JPEG has more, and a filter's memory for shrinking an image grows with its longer side."""

LIBRARY_ERRORS: Final = (
    ArithmeticError,
    AssertionError,
    EOFError,
    LookupError,
    OSError,
    RuntimeError,  # pypdfium2's PdfiumError and libheif's errors are of this kind
    SyntaxError,
    TypeError,
    ValueError,
    Warning,
    Image.DecompressionBombError,
    struct.error,
    zlib.error,
)
"""Exceptions that the libraries let through on an unexpected header or stream.

``MemoryError`` is left out: it says something about the machine, not about the file.
"""


@contextmanager
def reading(subject: str) -> Iterator[None]:
    """Turn any error of a library into an ``UnreadableScanError`` about ``subject``.

    Only calls of a library belong in the block, and never a ``yield``: warnings are filtered for
    the whole process while it lasts. Libraries' messages quote the file, so they are dropped, and
    with ``from None`` the chained exceptions too.

    Parameters
    ----------
    subject
        Subject of the message, such as ``"the PNG image"``. Never text of the file.

    Raises
    ------
    UnreadableScanError
        If a library raises, or warns of too many pixels or of a directory that is cut off.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            # Pillow's way to say that a TIFF's directory ends early: the pages after it would be lost silently.
            warnings.filterwarnings("error", message=".*corrupt EXIF data")
            yield
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise UnreadableScanError(_too_many_pixels(subject)) from None
    except LIBRARY_ERRORS:
        raise UnreadableScanError(f"{subject} is corrupt or cut off: scan or export it again") from None


def check_pixels(size: tuple[int, int], subject: str) -> None:
    """Refuse an image by the size that its header gives, before anything is decoded.

    Parameters
    ----------
    size
        Width and height in pixels.
    subject
        Subject of the message.

    Raises
    ------
    UnreadableScanError
        If the image has more than ``MAX_PIXELS`` pixels, or a side more than ``MAX_SIDE``.
    """
    width, height = size
    if width * height > MAX_PIXELS:
        raise UnreadableScanError(_too_many_pixels(subject))
    if max(width, height) > MAX_SIDE:
        raise UnreadableScanError(f"{subject} has a side of more than {MAX_SIDE:,} pixels: scan it in parts")


def check_pages(count: int, max_pages: int) -> None:
    """Refuse a file with more than ``max_pages`` pages.

    Raises
    ------
    UnreadableScanError
        If the file has more.
    """
    if count > max_pages:
        raise UnreadableScanError(f"the file has more than {max_pages:,} pages: split it into smaller files")


def _too_many_pixels(subject: str) -> str:
    return f"{subject} has more than {MAX_PIXELS // 1_000_000} megapixels: scan it at a lower resolution"
