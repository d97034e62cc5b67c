"""Projection profiles: mean darkness of an image's rows or columns, and the shift between two profiles."""

import math
from array import array
from collections.abc import Iterable
from itertools import pairwise
from operator import mul
from typing import TypeAlias

from PIL import Image

Profile: TypeAlias = "array[int]"
"""The darkness along one direction of an image, from 0 to 255."""
_ROOTS = bytes(round(math.sqrt(255 * level)) for level in range(256))


def row_strip(image: Image.Image) -> Image.Image:
    """Return an image of one column: the mean of each row."""
    return image.reduce((image.width, 1))


def column_strip(image: Image.Image) -> Image.Image:
    """Return an image of one row: the mean of each column."""
    return image.reduce((1, image.height))


def profile(strip: Image.Image) -> Profile:
    """Return the darkness along a strip."""
    return array("I", [*strip.tobytes()])


def rooted(strip: Image.Image) -> Profile:
    """Return the square root of the darkness along a strip, scaled to 0 to 255 again.

    A ruled line is dark over its whole length, print only in places: the root weighs them more alike.
    """
    return array("I", [*strip.tobytes().translate(_ROOTS)])


def edges(values: Profile) -> Profile:
    """Return the absolute differences of neighbouring values: print has sharp edges, writing seldom."""
    return array("I", [abs(value - before) for before, value in pairwise(values)])


def correlation(first: Profile, second: Profile) -> Profile:
    """Return the cross-correlation of two profiles: for each lag of the second in the first, the sum of products.

    Entry ``len(second) - 1 + lag`` belongs to ``lag``. Each entry is a coefficient of a product of polynomials,
    computed as the product of two integers that hold the values as digits: Python multiplies these in C, and in less
    than quadratic time. A digit's 32 bits hold the sum of 66,000 products of values up to 255.
    """
    digits = int.from_bytes(first.tobytes(), "little") * int.from_bytes(second[::-1].tobytes(), "little")
    return array("I", digits.to_bytes(first.itemsize * (len(first) + len(second)), "little"))


def lags(first: Profile, second: Profile, overhang: int, count: int) -> list[tuple[int, int]]:
    """Return up to ``count`` peaks of the cross-correlation as ``(sum of products, lag)``, the highest first.

    Parameters
    ----------
    overhang
        Pixels by which the second profile may reach beyond an end of the first.
    """
    sums = correlation(first, second)
    zero, room = len(second) - 1, len(first) - len(second)
    places = range(max(1, zero + min(0, room) - overhang), min(len(sums) - 1, zero + max(0, room) + overhang + 1))
    peaks = ((sums[place], place - zero) for place in places if sums[place - 1] <= sums[place] > sums[place + 1])
    return sorted(peaks, reverse=True)[:count]


def norm(values: Iterable[int]) -> float:
    """Return the Euclidean norm of a profile; 1 if it is all zero."""
    kept = list(values)
    return math.sqrt(sum(map(mul, kept, kept))) or 1.0


def shift(page: Profile, model: Profile, start: int, end: int, largest_shift: int) -> tuple[float, float]:
    """Return the shift of a part of the model in the page, in pixels to a fraction, and its confidence.

    Confidence is the height of the correlation's peak above its median: 0 if the part is empty, or if the peak is at
    the largest shift.

    Parameters
    ----------
    start, end
        The part's bounds in pixels.
    largest_shift
        Largest shift that is tried in each direction, in pixels.
    """
    start, end = max(start, largest_shift), min(end, len(page) - largest_shift)
    part, around = model[start:end], page[start - largest_shift : end + largest_shift]
    length = len(part)
    if not any(part):
        return 0.0, 0.0
    mean, window = sum(part) / length, sum(around[:length])
    scores = []
    for lag, products in enumerate(correlation(around, part)[length - 1 : length + 2 * largest_shift]):
        scores.append(products - mean * window)  # the part's mean subtracted: else the darkest place would win
        if lag < 2 * largest_shift:
            window += around[lag + length] - around[lag]
    best = max(range(len(scores)), key=scores.__getitem__)
    if best in {0, 2 * largest_shift}:
        return 0.0, 0.0
    before, top, after = scores[best - 1 : best + 2]
    curve = before - 2 * top + after
    fraction = (before - after) / curve / 2 if curve else 0.0  # the vertex of the parabola through the three
    return best - largest_shift + fraction, max(0.0, top - sorted(scores)[largest_shift])
