"""Affine maps between the pixels of two images, with coefficients in Pillow's order.

``(a, b, c, d, e, f)`` maps a pixel ``x, y`` of the output to ``ax + by + c, dx + ey + f`` of the input.
"""

import math

from PIL import Image

Affine = tuple[float, float, float, float, float, float]

IDENTITY: Affine = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)


def transformed(image: Image.Image, size: tuple[int, int], affine: Affine) -> Image.Image:
    """Return an image of this size (pixels), sampled through an affine map; pixels from beyond the input are 0."""
    return image.transform(size, Image.Transform.AFFINE, affine)


def at(affine: Affine, x: float, y: float) -> tuple[float, float]:
    """Return the input coordinates of an output pixel."""
    a, b, c, d, e, f = affine
    return a * x + b * y + c, d * x + e * y + f


def rotation(degrees: float, size: tuple[int, int]) -> Affine:
    """Return the map that rotates an image of this size (pixels) about its centre, anticlockwise if positive."""
    width, height = size
    cos, sin = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    return (
        cos,
        -sin,
        (width - cos * width + sin * height) / 2,
        sin,
        cos,
        (height - sin * width - cos * height) / 2,
    )


def composed(after: Affine, before: Affine) -> Affine:
    """Return the map that applies ``before``, then ``after``."""
    a, b, c, d, e, f = after
    g, h, i, j, k, m = before
    return (a * g + b * j, a * h + b * k, a * i + b * m + c, d * g + e * j, d * h + e * k, d * i + e * m + f)


def inverse(affine: Affine) -> Affine:
    """Return the inverse of a map."""
    a, b, c, d, e, f = affine
    determinant = a * e - b * d
    return (
        e / determinant,
        -b / determinant,
        (b * f - c * e) / determinant,
        -d / determinant,
        a / determinant,
        (c * d - a * f) / determinant,
    )


def enlarged(affine: Affine, factor: float) -> Affine:
    """Return the same map between images that are both ``factor`` times as large."""
    a, b, c, d, e, f = affine
    return (a, b, c * factor, d, e, f * factor)
