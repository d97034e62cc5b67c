"""Print of an exam page that is not on a scan of it, as on a page of another version of the exam."""

from itertools import pairwise, product
from typing import Final

from PIL import Image

from aita.imaging.ink_mask import total
from aita.imaging.similarity import InkSample

LEAST_FOUND: Final = 0.14
"""Share of a line's print, beyond chance, below which it is missing.

On the sample exam's scans each line has 0.40 or more; on drawn pages with noise, shade, bends and perspective 0.32 or
more, 0.24 with an essay over half of the print, and 0.14 where all of it is written over. Of 156 drawn pages with other
words in place of one question, 126 have a line with less; most of the others have that question in one short line.
"""

_LINES: Final = 40  # parts of a page from top to bottom, each about a line of print high
_LEAST_PRINT: Final = 150 * 255  # summed levels: two words
_LEAST_WIDTH: Final = 1 / 4  # of the page: what is printed for each copy, such as a number or a code, is narrower
_PLACES: Final = sorted(product(range(-6, 7), range(-5, 6)), key=lambda place: abs(place[0]) + abs(place[1]))
"""Pixels across and down at which a line is looked for, its own place first: bends leave print beside it."""


def is_print_missing(sample: InkSample, print_: Image.Image) -> bool:
    """Return whether a line of print, of two words and a quarter of the page at least, is not on a scan.

    Parameters
    ----------
    sample
        The scan's ink mask.
    print_
        The exam page's print, warped to its place on the scan.
    """
    edges = [print_.height * line // _LINES for line in range(_LINES + 1)]
    return any(_is_line_missing(sample, print_, top, bottom) for top, bottom in pairwise(edges))


def _is_line_missing(sample: InkSample, print_: Image.Image, top: int, bottom: int) -> bool:
    """Return whether there is enough print between two rows, and it is nowhere near its place."""
    line = print_.crop((0, top, print_.width, bottom))
    box = line.getbbox()
    if box is None or box[2] - box[0] < _LEAST_WIDTH * line.width or (amount := total(line)) < _LEAST_PRINT:
        return False
    for x, y in _PLACES:
        place = (x, top + y, x + line.width, bottom + y)
        if InkSample(*(image.crop(place) for image in sample)).agreement(line, amount) >= LEAST_FOUND:
            return False
    return True
