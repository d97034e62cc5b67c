"""Crop of a place from a page's image, for people."""

from io import BytesIO

from PIL import Image

from aita.imaging.decode_errors import check_pixels, reading
from aita.imaging.encode import JPEG_QUALITY

_MARGIN = 0.012
"""Share of the page's height that is shown above and below a place, so that no descender is cut."""


def cropped(jpeg: bytes, top: float, bottom: float) -> bytes:
    """Return the JPEG of a place on a page.

    Parameters
    ----------
    jpeg
        Image of the page.
    top, bottom
        Place, as fractions of the page's height.

    Raises
    ------
    UnreadableScanError
        If the image can't be decoded.
    """
    subject = "the page's image"
    with reading(subject):
        image = Image.open(BytesIO(jpeg), formats=("JPEG",))
    check_pixels(image.size, subject)
    upper = int(max(0.0, top - _MARGIN) * image.height)
    lower = max(upper + 1, round(min(1.0, bottom + _MARGIN) * image.height))
    with reading(subject):
        out = BytesIO()
        image.crop((0, upper, image.width, lower)).save(out, "JPEG", quality=JPEG_QUALITY, comment=b"")
    return out.getvalue()
