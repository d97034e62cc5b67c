"""PNG, TIFF and HEIC files: the pages that they hold."""

import re
from collections.abc import Iterator
from io import BytesIO
from typing import Final, cast

import pillow_heif
from PIL import Image
from PIL.TiffImagePlugin import TiffImageFile

from aita.errors import UnreadableScanError
from aita.imaging.decode_errors import check_pages, check_pixels, reading
from aita.imaging.encode import encode_pages, orientation
from aita.models.scan import PageImage

_PNG_END: Final = b"\0\0\0\0IEND\xaeB`\x82"
_EYES: Final = 2
_STEREO: Final = re.compile(rb"grpl.{0,256}?\0\0\0\x1cster.{8}\0\0\0\x02", re.DOTALL)
"""Group of the two images of a stereo pair (ISO/IEC 23008-12, 6.8.5), as phones write spatial photos."""

_HEAD: Final = 256 * 1024  # bytes: the boxes that describe the images come before these
_TIFF_BITS_PER_SAMPLE: Final = 258


def png_pages(data: bytes, longest_side: int) -> Iterator[PageImage]:
    """Yield the page that a PNG holds, or the parts of a long one; of an animation, the first image.

    Raises
    ------
    UnreadableScanError
        If the file is corrupt, cut off or too large.
    """
    subject = "the PNG image"
    if _PNG_END not in data:
        # Pillow does without it; a file that lacks its end is refused, whatever the kind.
        raise UnreadableScanError(f"{subject} is cut off: scan or export it again")
    with reading(subject):
        image = Image.open(BytesIO(data), formats=("PNG",))
    check_pixels(image.size, subject)
    with reading(subject):
        image.load()  # the orientation may come after the pixels
    yield from encode_pages(image, longest_side, subject, orientation(image.info.get("exif", b"")))


def tiff_pages(data: bytes, longest_side: int, max_pages: int) -> Iterator[PageImage]:
    """Yield a page for every frame of a TIFF, in order; one frame is in memory at a time.

    Pillow turns a TIFF's frames upright as it decodes them.

    Raises
    ------
    UnreadableScanError
        If a frame is corrupt, cut off or too large, or there are more than ``max_pages``.
    """
    with reading("the TIFF image"):
        image = cast("TiffImageFile", Image.open(BytesIO(data), formats=("TIFF",)))
        count = _frames(image, max_pages)
    check_pages(count, max_pages)
    for number in range(count):
        subject = f"page {number + 1} of the TIFF image"
        with reading(subject):
            image.seek(number)
        check_pixels(image.size, subject)
        bits = image.tag_v2.get(_TIFF_BITS_PER_SAMPLE, ())
        if image.mode.startswith("I;16") and 16 not in bits:  # noqa: PLR2004 - bits
            # Pillow unpacks 12 bits without scaling them: the page would come out black.
            raise UnreadableScanError(f"{subject} has {bits[0]} bits a pixel: save it with 8 or 16")
        yield from encode_pages(image, longest_side, subject)


def _frames(image: TiffImageFile, max_pages: int) -> int:
    """Count a TIFF's frames by following its directories, to one past ``max_pages`` at most."""
    for number in range(max_pages + 1):
        try:
            image.seek(number)
        except EOFError:
            return number
    return max_pages + 1


def heic_pages(data: bytes, longest_side: int, max_pages: int) -> Iterator[PageImage]:
    """Yield a page for every top-level image of a HEIC file, in the file's order.

    The two images of a spatial photo are one page, seen by both eyes: the primary one is taken.

    libheif turns them upright by the file's own boxes; an EXIF orientation is only informative
    then, by the standard, and must not turn them again.

    Raises
    ------
    UnreadableScanError
        If an image is corrupt, cut off or too large, or there are more than ``max_pages``.
    """
    with reading("the HEIC image"):
        images = list(pillow_heif.open_heif(BytesIO(data)))
        if len(images) == _EYES and _STEREO.search(data[:_HEAD]):
            images = [image for image in images if image.info["primary"]] or images[:1]
    check_pages(len(images), max_pages)
    for number in range(1, len(images) + 1):
        image = images.pop(0)  # not kept in the list: it holds on to its pixels once they are decoded
        subject = f"page {number} of the HEIC image"
        check_pixels(image.size, subject)
        with reading(subject):
            decoded = image.to_pillow()
        yield from encode_pages(decoded, longest_side, subject)
