"""What is dark on a page, print and writing alike, told from paper, shade and noise."""

from dataclasses import dataclass
from io import BytesIO
from operator import mul
from typing import Final

from PIL import Image, ImageChops, ImageFilter

HEIGHT: Final = 850
"""Pixels that a page is brought to: about 75 an inch or more, so that a pen's stroke is one or two pixels wide."""

LEAST_CONTRAST: Final = 20
"""Levels of 255 that ink is darker than the paper around it. Light pencil is by 30, the ringing of JPEG by 10."""

_FAINTEST: Final = 8  # levels: thin rules, which are printed gray
_WIDEST, _NARROWEST = 2.0, 0.25  # width for each height: other images are no pages, and could take any memory
_BLOCK: Final = 8  # pixels: wider than a stroke, much smaller than a shadow
_MIDDLE: Final = 64  # the level that stands for no difference
_SIGMAS: Final = 4.0  # normal noise passes it in one of 30,000 pixels
_LOWER_TENTH: Final = 1.28  # standard deviations below the mean
_LINE: Final = 10  # pixels to both sides: no letter has a stroke as long
_DESK: Final = 0.6  # of the paper's lightness: what is darker all along an edge is what the page lies on
_EDGE: Final = 10  # a part of the width: so far the desk may reach


@dataclass(frozen=True, slots=True)
class Strokes:
    """A page at ``HEIGHT``."""

    darkness: Image.Image
    """How much darker each pixel is than the paper around it, in levels of 255; 0 where that may be noise."""
    dark: Image.Image
    """255 where it is dark enough to be ink, else 0."""

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        return self.dark.size


def find_strokes(jpeg: bytes) -> Strokes | None:
    """Return what is dark on a page; ``None`` if the image's proportions are no page's.

    The paper's lightness is taken from the lightest blocks nearby, so that uneven light goes; the noise from what is
    lighter than that, where there is no ink.
    """
    gray = _gray(jpeg)
    if gray is None:
        return None
    blocks = gray.reduce(_BLOCK)
    paper = blocks.filter(ImageFilter.MaxFilter(3)).filter(ImageFilter.MedianFilter(3)).filter(ImageFilter.BoxBlur(2))
    difference = ImageChops.subtract(paper.resize(gray.size, Image.Resampling.BILINEAR), gray, offset=_MIDDLE)
    histogram = difference.histogram()
    usual = _quantile(histogram, 0.5)  # most of a page is paper
    noise = round(_SIGMAS * (usual - _quantile(histogram, 0.1)) / _LOWER_TENTH)
    least = max(_FAINTEST, noise)
    darkness = difference.point([level - usual if level - usual >= least else 0 for level in range(256)])
    darkness = ImageChops.multiply(darkness, _without_desk(blocks).resize(gray.size, Image.Resampling.NEAREST))
    return Strokes(darkness, darker_than(darkness, max(LEAST_CONTRAST, noise)))


def darker_than(darkness: Image.Image, levels: int) -> Image.Image:
    """Return 255 where the darkness is at least so many levels, else 0."""
    return darkness.point([255 * (level >= levels) for level in range(256)])


def widened(dark: Image.Image, pixels: tuple[int, int]) -> Image.Image:
    """Return what is dark with everything within so many pixels across and down of it."""
    # Pillow's MaxFilter does the same in ten times the time.
    return dark.filter(ImageFilter.BoxBlur(pixels)).point([255 * (level > 0) for level in range(256)])


def without_lines(darkness: Image.Image) -> Image.Image:
    """Return the darkness less that of straight lines across or down the page, such as rules and frames."""
    dark = darker_than(darkness, 1)
    for along in ((_LINE, 0), (0, _LINE)):
        inside = dark.filter(ImageFilter.BoxBlur(along)).point([0] * 255 + [255])
        darkness = ImageChops.subtract(darkness, widened(inside, along))
    return darkness


def total(image: Image.Image) -> int:
    """Return the sum of an image's levels."""
    return sum(map(mul, image.histogram(), range(256)))


def _gray(jpeg: bytes) -> Image.Image | None:
    image = Image.open(BytesIO(jpeg), formats=("JPEG",))
    if not _NARROWEST <= image.width / image.height <= _WIDEST:
        return None
    size = (2 * round(image.width * HEIGHT / image.height / 2), HEIGHT)  # even, to be halved
    image.draft("L", size)  # decodes at a half or a quarter of the size, and no colours
    larger = image.height > HEIGHT
    return image.convert("L").resize(size, Image.Resampling.BOX if larger else Image.Resampling.BILINEAR)


def _without_desk(blocks: Image.Image) -> Image.Image:
    """Return 0 along the edges, as far as something much darker than paper reaches in, else 255."""
    bound = _DESK * _quantile(blocks.histogram(), 0.5)
    paper = blocks.filter(ImageFilter.MedianFilter(5)).point([255 * (level >= bound) for level in range(256)])
    width, height = blocks.size
    edge = width // _EDGE
    paper.paste(255, (edge, edge, width - edge, height - edge))
    inside = (1, 1, width - 1, height - 1)
    framed = Image.new("L", blocks.size)
    framed.paste(paper.filter(ImageFilter.MinFilter(3)).crop(inside), inside)
    return framed


def _quantile(histogram: list[int], part: float) -> int:
    wanted, seen = part * sum(histogram), 0
    for level, count in enumerate(histogram):
        seen += count
        if seen >= wanted:
            return level
    return len(histogram) - 1
