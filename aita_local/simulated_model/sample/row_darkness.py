"""Darkness of a page's rows, by which a strip of the page is found on it.

The page is averaged down to 128 rows of 12 cells. Each cell has how much darker it is than the paper, from 0 to 15, as
a digit in hexadecimal.
"""

import io
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self, cast

from PIL import Image, ImageOps

ROWS = 128
CELLS = 12
_STEP = 3
"""Levels of grey for one of the 15 steps: writing on paper is sparse."""

_PHASES = 4
"""Positions of a strip's first row within a row of the page that are tried."""


@dataclass(frozen=True, slots=True)
class Darkness:
    """Darkness of rows, one after another, with ``CELLS`` values each."""

    values: bytes

    @classmethod
    def of_page(cls, image: bytes) -> Self:
        """Return the rows of a page's image file, put upright by its EXIF orientation.

        Raises
        ------
        OSError, ValueError
            If Pillow can't decode it, or finds it too large.
        """
        upright = _upright(image)
        return cls(_values(upright, 0, upright.height, ROWS))

    @classmethod
    def from_hex(cls, digits: str) -> Self:
        """Return the rows that ``hex`` wrote."""
        return cls(bytes(int(digit, 16) for digit in digits))

    def hex(self) -> str:
        """Return a digit for each value."""
        return "".join(f"{value:x}" for value in self.values)

    def places(self, part: Self) -> Iterator[tuple[float, int]]:
        """Yield the mean difference of a part from the rows from each one on, with that row's number."""
        size = len(part.values)
        for row in range((len(self.values) - size) // CELLS + 1):
            here = self.values[row * CELLS :][:size]
            yield sum(abs(a - b) for a, b in zip(here, part.values, strict=True)) / size, row


def strip_rows(image: bytes, page_height: float) -> Iterator[tuple[float, Darkness]]:
    """Yield the rows of a strip's image file for several positions of its top within a row of its page.

    Parameters
    ----------
    page_height
        The page's height, as a multiple of its width.

    Yields
    ------
    tuple
        The share of a row that is left out at the top, and the whole rows below.

    Raises
    ------
    OSError, ValueError
        If Pillow can't decode it, or finds it too large.
    """
    strip = _upright(image)
    row = strip.width * page_height / ROWS
    for phase in range(_PHASES):
        left_out = phase / _PHASES
        count = math.floor(strip.height / row - left_out)
        if count > 0:
            top = left_out * row
            yield left_out, Darkness(_values(strip, top, top + count * row, count))


def _upright(image: bytes) -> Image.Image:
    try:
        with Image.open(io.BytesIO(image)) as opened:
            return ImageOps.exif_transpose(opened).convert("F")
    except (Image.DecompressionBombError, SyntaxError) as error:
        raise ValueError("the image can't be decoded") from error


def _values(image: Image.Image, top: float, bottom: float, rows: int) -> bytes:
    box = (0, top, image.width, min(bottom, image.height))
    cells = image.resize((CELLS, rows), Image.Resampling.BOX, box=box)
    levels = cast("tuple[float, ...]", cells.get_flattened_data())
    paper = sorted(levels)[len(levels) * 9 // 10]
    return bytes(min(15, max(0, round((paper - level) / _STEP))) for level in levels)
