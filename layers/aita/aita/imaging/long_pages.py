"""Pages much higher than wide, such as an app's endless page, cut into pages of usual proportions."""

import math
from typing import Final, NamedTuple

from PIL import Image

from aita.errors import UnreadableScanError
from aita.imaging.ink_mask import LEAST_CONTRAST

LONGEST: Final = 2.2
"""Height for each width up to which a page stays whole: above that of Legal paper (1.65), below that of two Letter
pages on end (2.6)."""

OVERVIEW_WIDTH: Final = 400
"""In pixels: a pen's stroke of half a millimetre on A4 is one wide."""

_USUAL: Final = (math.sqrt(2), 11 / 8.5)  # height for each width of A4 and of Letter
_NEAR: Final = 0.02  # pages: as near to a whole number of pages, it is a stack of pages
_MOST: Final = 50  # pages that one is cut into
_REACH: Final = 0.1  # of a page's height, 3 cm or three lines: so far from its foot a row without strokes is looked for
_OVERLAP: Final = 0.03  # of a page's height to both sides of a cut through strokes: a line of writing


class Part(NamedTuple):
    """Part of a page, as fractions of its height."""

    top: float
    bottom: float


WHOLE: Final = Part(0.0, 1.0)


def is_long(width: float, height: float, subject: str) -> bool:
    """Return whether a page is so much higher than wide that it is cut into parts.

    Raises
    ------
    UnreadableScanError
        If it would be more than about 50 parts.
    """
    if height > _MOST * _USUAL[0] * width:
        raise UnreadableScanError(f"{subject} is {height / width:,.0f} times as high as wide: export it in usual pages")
    return height > LONGEST * width


def parts(overview: Image.Image) -> list[Part]:
    """Return the parts that a long page is cut into, from top to bottom.

    A page as high as some pages of A4 or Letter is cut into these. Any other one is cut at rows without strokes. Where
    a cut goes through strokes, the parts overlap by a line of writing.

    Parameters
    ----------
    overview
        The page in gray, ``OVERVIEW_WIDTH`` pixels wide.
    """
    ratio = overview.height / overview.width
    stacked = next((usual for usual in _USUAL if abs(ratio / usual - round(ratio / usual)) <= _NEAR), None)
    count = round(ratio / (stacked or _USUAL[0]))
    page = overview.height / count
    reach = 0 if stacked else round(_REACH * page)
    cuts = [_lightest(overview, round(number * page), reach) for number in range(1, count)]
    overlaps = [0 if _contrast(overview, cut) <= LEAST_CONTRAST else round(_OVERLAP * page) for cut in cuts]
    tops = [0, *(cut - overlap for cut, overlap in zip(cuts, overlaps, strict=True))]
    bottoms = [*(cut + overlap for cut, overlap in zip(cuts, overlaps, strict=True)), overview.height]
    return [Part(top / overview.height, bottom / overview.height) for top, bottom in zip(tops, bottoms, strict=True)]


def _lightest(overview: Image.Image, row: int, reach: int) -> int:
    """Return the row with the least contrast, then the lightest, then the nearest, at most ``reach`` rows away."""
    rows = sorted(range(row - reach, row + reach + 1), key=lambda each: abs(each - row))
    return min(rows, key=lambda each: (max(LEAST_CONTRAST, _contrast(overview, each)), -_lightness(overview, each)))


def _row(overview: Image.Image, row: int) -> bytes:
    return overview.crop((0, row, overview.width, row + 1)).tobytes()


def _contrast(overview: Image.Image, row: int) -> int:
    """Return the difference between the lightest and the darkest pixel of a row."""
    levels = _row(overview, row)
    return max(levels) - min(levels)


def _lightness(overview: Image.Image, row: int) -> int:
    return sum(_row(overview, row))
