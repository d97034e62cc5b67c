"""Affine maps between the pixels of two images, written as Pillow takes them.

``(a, b, c, d, e, f)`` sends a pixel ``x, y`` of the image that is made to ``ax + by + c, dx + ey + f`` of the one that
it is made from.
"""

import math

from PIL import Image

Affine = tuple[float, float, float, float, float, float]

IDENTITY: Affine = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)


def transformed(image: Image.Image, size: tuple[int, int], affine: Affine) -> Image.Image:
    """Return the image of that size that an affine map makes; what comes from outside is 0."""
    return image.transform(size, Image.Transform.AFFINE, affine)


def at(affine: Affine, x: float, y: float) -> tuple[float, float]:
    """Return where a pixel comes from."""
    a, b, c, d, e, f = affine
    return a * x + b * y + c, d * x + e * y + f


def rotation(degrees: float, size: tuple[int, int]) -> Affine:
    """Return the map that turns an image of that size about its middle, anticlockwise where positive."""
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
    """Return the map that sends a pixel where ``after`` sends what ``before`` makes of it."""
    a, b, c, d, e, f = after
    g, h, i, j, k, m = before
    return (a * g + b * j, a * h + b * k, a * i + b * m + c, d * g + e * j, d * h + e * k, d * i + e * m + f)


def inverse(affine: Affine) -> Affine:
    """Return the map that undoes this one."""
    a, b, c, d, e, f = affine
    area = a * e - b * d
    return (e / area, -b / area, (b * f - c * e) / area, -d / area, a / area, (c * d - a * f) / area)


def enlarged(affine: Affine, factor: float) -> Affine:
    """Return the same map between images that are so many times larger."""
    a, b, c, d, e, f = affine
    return (a, b, c * factor, d, e, f * factor)
