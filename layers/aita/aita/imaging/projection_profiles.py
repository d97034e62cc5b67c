"""Profiles: how dark an image's rows or columns are, and how far two of them are shifted."""

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
    """Return the root of the darkness along a strip, again from 0 to 255.

    A ruled line is dark all along and print in places: the root brings them nearer to each other.
    """
    return array("I", [*strip.tobytes().translate(_ROOTS)])


def edges(values: Profile) -> Profile:
    """Return how much each value differs from the one before: print begins and ends sharply, writing seldom does."""
    return array("I", [abs(value - before) for before, value in pairwise(values)])


def correlation(first: Profile, second: Profile) -> Profile:
    """Return the sums of products for every lag of the second within the first.

    Entry ``len(second) - 1 + lag`` belongs to ``lag``. Each is a coefficient of a product of polynomials, which is
    found by multiplying two integers that hold the values as digits: Python does that in C, and in less than the
    quadratic time. Values up to 255 leave room for 66,000 of them in 32 bits.
    """
    digits = int.from_bytes(first.tobytes(), "little") * int.from_bytes(second[::-1].tobytes(), "little")
    return array("I", digits.to_bytes(first.itemsize * (len(first) + len(second)), "little"))


def lags(first: Profile, second: Profile, most: int, count: int) -> list[tuple[int, int]]:
    """Return the likeliest lags, the best first, each behind its sum of products.

    Parameters
    ----------
    most
        How far the second may stand out of the first.
    """
    sums = correlation(first, second)
    zero, room = len(second) - 1, len(first) - len(second)
    places = range(max(1, zero + min(0, room) - most), min(len(sums) - 1, zero + max(0, room) + most + 1))
    found = ((sums[place], place - zero) for place in places if sums[place - 1] <= sums[place] > sums[place + 1])
    return sorted(found, reverse=True)[:count]


def norm(values: Iterable[int]) -> float:
    """Return the length of a profile as a vector; 1 if it is all zero."""
    kept = list(values)
    return math.sqrt(sum(map(mul, kept, kept))) or 1.0


def shift(page: Profile, model: Profile, start: int, end: int, most: int) -> tuple[float, float]:
    """Return how far a part of the model is shifted in the page, in parts of a pixel, and how clearly.

    Clearness is 0 where nothing is there to tell, or the best is as far away as was looked.
    """
    start, end = max(start, most), min(end, len(page) - most)
    part, around = model[start:end], page[start - most : end + most]
    length = len(part)
    if not any(part):
        return 0.0, 0.0
    mean, window = sum(part) / length, sum(around[:length])
    scores = []
    for lag, products in enumerate(correlation(around, part)[length - 1 : length + 2 * most]):
        scores.append(products - mean * window)  # as if the part's mean were 0: else the darkest place would win
        if lag < 2 * most:
            window += around[lag + length] - around[lag]
    best = max(range(len(scores)), key=scores.__getitem__)
    if best in {0, 2 * most}:
        return 0.0, 0.0
    before, top, after = scores[best - 1 : best + 2]
    curve = before - 2 * top + after
    beside = (before - after) / curve / 2 if curve else 0.0  # the top of the parabola through the three
    return best - most + beside, max(0.0, top - sorted(scores)[most])
