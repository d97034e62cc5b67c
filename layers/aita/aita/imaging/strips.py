"""Strips: rows of a page image as an image of their own."""

from io import BytesIO

from PIL import Image

from aita.imaging.decode_errors import reading
from aita.imaging.encode import JPEG_QUALITY
from aita.models.scan import PageImage


def strip(jpeg: bytes, first: int, end: int) -> PageImage:
    """Return the rows of a page from ``first`` up to ``end``, exclusive, over its whole width.

    They are encoded anew, so that no row around them is in the image's data.

    Raises
    ------
    UnreadableScanError
        If the page's JPEG is corrupt.
    """
    with reading("a page"):
        page = Image.open(BytesIO(jpeg), formats=("JPEG",))
        rows = page.crop((0, first, page.width, end))
        out = BytesIO()
        rows.save(out, "JPEG", quality=JPEG_QUALITY, comment=b"")
    return PageImage(out.getvalue(), rows.width, rows.height)
