"""Binarisation of a page: print and writing alike, separated from paper, shade and noise."""

from dataclasses import dataclass
from io import BytesIO
from operator import mul
from typing import Final

from PIL import Image, ImageChops, ImageFilter

HEIGHT: Final = 850
"""Height in pixels to which pages are scaled: about 75 an inch or more, so that a pen's stroke is one or two wide."""

LEAST_CONTRAST: Final = 20
"""Levels of 255 by which ink is darker than the paper around it. Light pencil has 30, ringing of JPEG 10."""

_FAINTEST: Final = 8  # levels: thin rules, which are printed gray
_WIDEST, _NARROWEST = 2.0, 0.25  # width for each height: other images are no pages, and could take any memory
_BLOCK: Final = 8  # pixels: wider than a stroke, much smaller than a shadow
_ZERO_LEVEL: Final = 64  # the level of no difference
_SIGMAS: Final = 4.0  # standard deviations: normal noise exceeds them in one of 30,000 pixels
_LOWER_TENTH: Final = 1.28  # standard deviations from the mean to the lowest tenth
_LINE: Final = 10  # pixels to both sides: no letter has a stroke as long
_DESK: Final = 0.6  # of the paper's lightness: an edge that is darker over its whole length shows the desk
_EDGE: Final = 10  # a tenth of the width: so far the desk may reach


@dataclass(frozen=True, slots=True)
class Strokes:
    """Strokes on a page that was scaled to ``HEIGHT``."""

    darkness: Image.Image
    """Difference of each pixel from the paper around it, in levels of 255; 0 within the noise."""
    mask: Image.Image
    """Ink mask: 255 where the darkness is that of ink, else 0."""

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        return self.mask.size


def find_strokes(jpeg: bytes) -> Strokes | None:
    """Return the strokes on a page; ``None`` if the image's proportions are no page's.

    The paper's lightness is that of the lightest blocks nearby, which cancels uneven light. Noise is measured on
    pixels lighter than the paper, as these have no ink.
    """
    gray = _gray(jpeg)
    if gray is None:
        return None
    blocks = gray.reduce(_BLOCK)
    paper = blocks.filter(ImageFilter.MaxFilter(3)).filter(ImageFilter.MedianFilter(3)).filter(ImageFilter.BoxBlur(2))
    difference = ImageChops.subtract(paper.resize(gray.size, Image.Resampling.BILINEAR), gray, offset=_ZERO_LEVEL)
    histogram = difference.histogram()
    paper_level = _quantile(histogram, 0.5)  # most of a page is paper
    noise = round(_SIGMAS * (paper_level - _quantile(histogram, 0.1)) / _LOWER_TENTH)
    least = max(_FAINTEST, noise)
    darkness = difference.point([level - paper_level if level - paper_level >= least else 0 for level in range(256)])
    darkness = ImageChops.multiply(darkness, _without_desk(blocks).resize(gray.size, Image.Resampling.NEAREST))
    return Strokes(darkness, darker_than(darkness, max(LEAST_CONTRAST, noise)))


def darker_than(darkness: Image.Image, levels: int) -> Image.Image:
    """Return the mask of pixels whose darkness is at least this many levels: 255 there, else 0."""
    return darkness.point([255 * (level >= levels) for level in range(256)])


def dilated(mask: Image.Image, pixels: tuple[int, int]) -> Image.Image:
    """Return the mask dilated by this many pixels across and down."""
    # Pillow's MaxFilter does the same in ten times the time.
    return mask.filter(ImageFilter.BoxBlur(pixels)).point([255 * (level > 0) for level in range(256)])


def clusters(mask: Image.Image) -> Image.Image:
    """Return the mask of pixels with three of the nine in and around them set: those of strokes, and none of noise."""
    return mask.filter(ImageFilter.BoxBlur(1)).point([255 * (level >= 255 * 3 // 9) for level in range(256)])


def without_lines(darkness: Image.Image) -> Image.Image:
    """Return the darkness without straight lines across or down the page, such as rules and frames.

    Lines are the morphological opening of the mask by a horizontal or vertical segment.
    """
    mask = darker_than(darkness, 1)
    for segment in ((_LINE, 0), (0, _LINE)):
        eroded = mask.filter(ImageFilter.BoxBlur(segment)).point([0] * 255 + [255])
        darkness = ImageChops.subtract(darkness, dilated(eroded, segment))
    return darkness


def total(image: Image.Image) -> int:
    """Return the sum of an image's levels."""
    return sum(map(mul, image.histogram(), range(256)))


def _gray(jpeg: bytes) -> Image.Image | None:
    """Return a page in gray at ``HEIGHT``; ``None`` if its proportions are no page's."""
    image = Image.open(BytesIO(jpeg), formats=("JPEG",))
    if not _NARROWEST <= image.width / image.height <= _WIDEST:
        return None
    size = (2 * round(image.width * HEIGHT / image.height / 2), HEIGHT)  # even, to be halved
    image.draft("L", size)  # decodes at a half or a quarter of the size, without colours
    larger = image.height > HEIGHT
    return image.convert("L").resize(size, Image.Resampling.BOX if larger else Image.Resampling.BILINEAR)


def _without_desk(blocks: Image.Image) -> Image.Image:
    """Return the mask of the page, in blocks: 0 along the edges as far as a dark background reaches in, else 255."""
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
    """Return the level at or below which this part of a histogram's pixels lies."""
    wanted, counted = part * sum(histogram), 0
    for level, count in enumerate(histogram):
        counted += count
        if counted >= wanted:
            return level
    return len(histogram) - 1
