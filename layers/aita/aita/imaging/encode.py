"""Encoding of a decoded image as a page's JPEG, or as several: gray or RGB, bounded in size, upright."""

from collections.abc import Iterator
from io import BytesIO

from PIL import ExifTags, Image

from aita.errors import UnreadableScanError
from aita.imaging.decode_errors import reading
from aita.imaging.long_pages import OVERVIEW_WIDTH, is_long, parts
from aita.models.scan import PageImage

JPEG_QUALITY = 85
"""Above Pillow's 75, for the edges of pen strokes; 90 would make each page a fifth larger in every model call.

Chroma is halved as usual: strokes are read by their lightness, and ink keeps its colour.
"""

LEAST_SHORT_SIDE = 0.3
"""Least short side of an image that has to be shrunk, as a fraction of the long one. Of 2,048 pixels it is 614: A4 has
these at 75 pixels an inch, with less than which a pen's stroke is thinner than a pixel."""

_EXIF_TRANSPOSES = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_SIDEWAYS = range(5, 9)


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
        If the image can't be decoded, its pixel format does not define black and white, or it would be illegible once
        it is shrunk.
    """
    with reading(subject):
        # Shrinking comes first: all later steps then work on a small image.
        image = _upright(_opaque(_shrunk(_resizable(image, subject), longest_side, subject)), exif_orientation)
        out = BytesIO()
        # Pillow copies the source's comment by default; EXIF and profiles it leaves out.
        image.save(out, "JPEG", quality=JPEG_QUALITY, comment=b"")
    return PageImage(out.getvalue(), image.width, image.height)


def encode_pages(image: Image.Image, longest_side: int, subject: str, exif_orientation: int = 1) -> Iterator[PageImage]:
    """Yield the JPEG of a page or, if it is too long and high to be one page, those of its parts.

    The parameters are those of ``encode``.

    Raises
    ------
    UnreadableScanError
        As ``encode``, or if the page is too long to be cut into parts.
    """
    size = image.size[::-1] if exif_orientation in _SIDEWAYS else image.size
    if size[1] <= longest_side or not is_long(*size, subject):
        yield encode(image, longest_side, subject, exif_orientation)
        return
    with reading(subject):
        image = _upright(_opaque(_resizable(image, subject)), exif_orientation)
        height = round(OVERVIEW_WIDTH * image.height / image.width)
        overview = image.convert("L").resize((OVERVIEW_WIDTH, height), Image.Resampling.BOX)
    for top, bottom in parts(overview):
        with reading(subject):
            part = image.crop((0, round(top * image.height), image.width, round(bottom * image.height)))
        yield encode(part, longest_side, subject)


def check_legible(size: tuple[float, float], subject: str) -> None:
    """Refuse an image that has to be shrunk and is so narrow that it would be illegible then.

    Raises
    ------
    UnreadableScanError
        If its short side is below ``LEAST_SHORT_SIDE``.
    """
    if min(size) < LEAST_SHORT_SIDE * max(size):
        raise UnreadableScanError(f"{subject} is too narrow to be legible as one page: scan or export it in parts")


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


def _shrunk(image: Image.Image, longest_side: int, subject: str) -> Image.Image:
    """Return the image with no side above ``longest_side`` pixels, its proportions kept."""
    longest = max(image.size)
    if longest <= longest_side:
        return image
    check_legible(image.size, subject)
    width, height = (max(1, round(side * longest_side / longest)) for side in image.size)
    return image.resize((width, height), Image.Resampling.BICUBIC)


def _upright(image: Image.Image, exif_orientation: int) -> Image.Image:
    transpose = _EXIF_TRANSPOSES.get(exif_orientation)
    return image if transpose is None else image.transpose(transpose)


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
