"""Encoding of a decoded image as a page's JPEG: gray or RGB, bounded in size, upright."""

from dataclasses import dataclass
from io import BytesIO

from PIL import ExifTags, Image

from aita.errors import UnreadableScanError
from aita.imaging.decode_errors import reading

JPEG_QUALITY = 85
"""Above Pillow's 75, for the edges of pen strokes; 90 would make each page a fifth larger in every model call.

Chroma is halved as usual: strokes are read by their lightness, and ink keeps its colour.
"""

_EXIF_TRANSPOSES = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


@dataclass(frozen=True, slots=True)
class PageImage:
    """One page, upright and bounded in size, without metadata."""

    jpeg: bytes
    """The image as a JPEG, gray or RGB."""
    width: int
    """Width in pixels."""
    height: int
    """Height in pixels."""


def encode(image: Image.Image, longest_side: int, subject: str, exif_orientation: int = 1) -> PageImage:
    """Return a page's JPEG from an image that was opened and checked.

    Parameters
    ----------
    image
        The image, of any mode that a scan has.
    longest_side
        Bound on width and height, in pixels.
    subject
        Subject of error messages.
    exif_orientation
        EXIF orientation that the image is stored in, 1 to 8.

    Raises
    ------
    UnreadableScanError
        If the image can't be decoded, or its pixel format does not define black and white.
    """
    with reading(subject):
        # Shrinking comes first: all later steps then work on a small image.
        image = _opaque(_shrunk(_resizable(image, subject), longest_side))
        transpose = _EXIF_TRANSPOSES.get(exif_orientation)
        if transpose is not None:
            image = image.transpose(transpose)
        out = BytesIO()
        # Pillow copies the source's comment by default; EXIF and profiles it leaves out.
        image.save(out, "JPEG", quality=JPEG_QUALITY, comment=b"")
    return PageImage(out.getvalue(), image.width, image.height)


def orientation(exif: bytes) -> int:
    """Return the orientation in an EXIF block, 1 to 8.

    It is 1 (upright) if the block is absent or unreadable: the pixels may be fine all the same.
    """
    if not exif:
        return 1
    try:
        with reading("the EXIF block"):
            block = Image.Exif()
            block.load(exif)
            value = block.get(ExifTags.Base.Orientation, 1)
    except UnreadableScanError:
        return 1
    return value if value in _EXIF_TRANSPOSES else 1


def _resizable(image: Image.Image, subject: str) -> Image.Image:
    """Return the image in a mode whose values a filter can average: 8 bits a channel, no palette."""
    if image.mode in {"I", "F"}:
        # Nothing says which number is white, and a wrong guess is a black page.
        raise UnreadableScanError(f"{subject} has 32 bits a pixel and channel: save it with 8 or 16")
    if image.mode.startswith("I;16"):
        # Converting to L clips at 255: without the division a 16-bit scan turns white.
        return image.convert("I").point(lambda value: value / 256).convert("L")
    if image.mode in {"L", "RGB", "LA", "RGBA", "CMYK"} and "transparency" not in image.info:
        return image
    if image.has_transparency_data:
        return image.convert("RGBA")
    return image.convert("L" if image.mode == "1" else "RGB")


def _shrunk(image: Image.Image, longest_side: int) -> Image.Image:
    """Return the image with no side above ``longest_side`` pixels, its proportions kept."""
    longest = max(image.size)
    if longest <= longest_side:
        return image
    width, height = (max(1, round(side * longest_side / longest)) for side in image.size)
    return image.resize((width, height), Image.Resampling.BICUBIC)


def _opaque(image: Image.Image) -> Image.Image:
    """Return the image as ``L`` or ``RGB``, with transparency laid on white."""
    if image.mode in {"L", "RGB"}:
        return image
    if not image.has_transparency_data:
        return image.convert("RGB")
    image = image.convert("RGBA")
    page = Image.new("RGB", image.size, "white")
    page.paste(image, mask=image.getchannel("A"))
    return page
