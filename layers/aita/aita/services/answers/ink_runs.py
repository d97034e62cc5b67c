"""Runs of ink on a page: stretches of its bands that empty paper parts."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

GAP = 2
"""Number of empty bands that part two runs: the white between two lines of handwriting is less."""

LINE = 3
"""Number of bands that a line of handwriting takes."""


@dataclass(frozen=True, slots=True)
class InkRun:
    """Bands from ``first`` up to ``end``, exclusive, with the sum of their ink."""

    first: int
    end: int
    ink: int


def ink_runs(bands: Sequence[int]) -> Iterator[InkRun]:
    """Yield the runs of ink from top to bottom. They have all of the ink, and begin and end with it.

    Parameters
    ----------
    bands
        Ink of each band of a page, from top to bottom.
    """
    inked = [band for band, ink in enumerate(bands) if ink]
    while inked:
        length = next((n for n in range(1, len(inked)) if inked[n] - inked[n - 1] > GAP), len(inked))
        first, end = inked[0], inked[length - 1] + 1
        yield InkRun(first, end, sum(bands[first:end]))
        inked = inked[length:]


def most_in_a_line(bands: Sequence[int]) -> int:
    """Return the largest sum of ink in the height of a line; ink that shines through has little in each."""
    return max(sum(bands[first : first + LINE]) for first in range(max(1, len(bands) - LINE + 1)))
