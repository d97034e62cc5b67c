"""Fingerprint of a page's image in 256 bits: similar after scaling and compressing again, different for other pages.

It is a difference hash: the page's body is averaged down to 17 by 16 cells, and each bit tells
whether a cell is darker than its right neighbour. The header is left out, so that a page without
its name header is still recognised.
"""

import base64
import io
from typing import cast

from PIL import Image, ImageOps

_HEADER = 0.15  # of the page's height
_CELLS = 16
_DECODED_AT = 256
"""Width in pixels: a JPEG is decoded at libjpeg's smallest scale of at least this width, in a twentieth of the time."""

HASH_BITS = _CELLS * _CELLS


def fingerprint(image: bytes) -> int:
    """Return the fingerprint of a page's image file, put upright by its EXIF orientation.

    Raises
    ------
    OSError, ValueError
        If Pillow can't decode it, or finds it too large.
    """
    try:
        with Image.open(io.BytesIO(image)) as opened:
            opened.draft("L", (_DECODED_AT, _DECODED_AT))
            upright = ImageOps.exif_transpose(opened).convert("F")
    except (Image.DecompressionBombError, SyntaxError) as error:
        raise ValueError("the image can't be decoded") from error
    body = (0, round(upright.height * _HEADER), upright.width, upright.height)
    cells = upright.resize((_CELLS + 1, _CELLS), Image.Resampling.BOX, box=body)
    levels = cast("tuple[float, ...]", cells.get_flattened_data())
    bits = 0
    for row in range(_CELLS):
        for column in range(_CELLS):
            place = row * (_CELLS + 1) + column
            bits = bits << 1 | (levels[place] < levels[place + 1])
    return bits


def distance(one: int, other: int) -> int:
    """Return the number of bits in which two fingerprints differ."""
    return (one ^ other).bit_count()


def data_url_bytes(url: str) -> bytes:
    """Return the bytes of a ``data:`` URL in base64.

    Raises
    ------
    ValueError
        If the URL is of another form.
    """
    head, comma, payload = url.partition(",")
    if not comma or not head.startswith("data:") or not head.endswith(";base64"):
        raise ValueError("not a data URL in base64")
    return base64.b64decode(payload, validate=True)
