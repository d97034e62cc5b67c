"""How a page's print is bent on a scan: a rough place made exact, as a whole and then part by part."""

from collections.abc import Iterable
from itertools import pairwise, product
from typing import Final, NamedTuple

from PIL import Image

from aita.imaging.affine import Affine, at, composed, transformed
from aita.imaging.projection_profiles import column_strip, rooted, row_strip, shift

Mesh = list[tuple[tuple[int, int, int, int], tuple[float, float, float, float, float, float, float, float]]]
"""Boxes of the scan, and the corners of what each is made from, as Pillow takes them."""

_WHOLE: Final = (3, 8, 10)  # columns, rows, and pixels to look around: rules are 20 apart and more
_PARTS: Final = (5, 12, 8)
_STRAY: Final = 3.0  # pixels: a part this far from where the others have it saw something else
_CLEAR: Final = 0.2  # of the clearest part: what is less clear counts less
_STIFF: Final = 30.0  # pixels: as if the parts lay so much farther apart, so that few of them tell little of a slope


class MeshPart(NamedTuple):
    """A part of a page by its middle, and how far what is on it is shifted, in pixels, each with how clearly."""

    x: float
    y: float
    right: tuple[float, float]
    down: tuple[float, float]


def bend(page: Image.Image, model: Image.Image, affine: Affine) -> Mesh:
    """Return the mesh that lays a model over a page.

    Parameters
    ----------
    page, model
        What is dark on them.
    affine
        Where the model lies, to within ten pixels.
    """
    affine = _straightened(affine, _parts(page, model, affine, *_WHOLE).values())
    return _mesh(page.size, affine, _parts(page, model, affine, *_PARTS))


def bent(image: Image.Image, size: tuple[int, int], mesh: Mesh, outside: int = 0) -> Image.Image:
    """Return an image as the mesh lays it; ``outside`` is the level of what lies beyond its edges."""
    return image.transform(size, Image.Transform.MESH, mesh, fillcolor=outside)


def halved(mesh: Mesh) -> Mesh:
    """Return the mesh that makes an image of half the size: all sides are even."""
    return [((x0 // 2, y0 // 2, x1 // 2, y1 // 2), corners) for (x0, y0, x1, y1), corners in mesh]


def _parts(
    page: Image.Image, model: Image.Image, affine: Affine, columns: int, rows: int, most: int
) -> dict[tuple[int, int], MeshPart]:
    """Cut a page into parts and return how far the model, where it lies, is off in each, by column and row."""
    width, height = page.size
    xs = [width * column // columns for column in range(columns + 1)]
    ys = [height * row // rows for row in range(rows + 1)]
    laid = transformed(model, page.size, affine)
    strips = [(x0, 0, x1, height) for x0, x1 in pairwise(xs)]
    bands = [(0, y0, width, y1) for y0, y1 in pairwise(ys)]
    in_strips = [[rooted(row_strip(image.crop(box))) for box in strips] for image in (page, laid)]
    in_bands = [[rooted(column_strip(image.crop(box))) for box in bands] for image in (page, laid)]
    return {
        (column, row): MeshPart(
            x=(xs[column] + xs[column + 1]) / 2,
            y=(ys[row] + ys[row + 1]) / 2,
            right=shift(in_bands[0][row], in_bands[1][row], xs[column], xs[column + 1], most),
            down=shift(in_strips[0][column], in_strips[1][column], ys[row], ys[row + 1], most),
        )
        for column, row in product(range(columns), range(rows))
    }


def _straightened(affine: Affine, parts: Iterable[MeshPart]) -> Affine:
    """Return the map with the shifts of the parts taken into it, as far as they are those of one plane."""
    parts = list(parts)
    a, b, c = _plane([(part.x, part.y, *part.right) for part in parts])
    d, e, f = _plane([(part.x, part.y, *part.down) for part in parts])
    return composed(affine, (1 - a, -b, -c, -d, 1 - e, -f))


def _plane(points: list[tuple[float, float, float, float]]) -> tuple[float, float, float]:
    """Return ``a, b, c`` of the plane ``ax + by + c`` through weighted points, those that stray left out."""
    a, b, c = _least_squares(points)
    for _ in range(2):
        a, b, c = _least_squares([each for each in points if abs(a * each[0] + b * each[1] + c - each[2]) <= _STRAY])
    return a, b, c


def _least_squares(points: list[tuple[float, float, float, float]]) -> tuple[float, float, float]:
    total = sum(weight for *_, weight in points)
    if not total:
        return 0.0, 0.0, 0.0
    middle_x, middle_y, mean = (sum(each[part] * each[3] for each in points) / total for part in range(3))
    stiff = total * _STIFF * _STIFF
    xx, xy, yy, xv, yv = stiff, 0.0, stiff, 0.0, 0.0
    for x, y, value, weight in points:
        right, down, more = x - middle_x, y - middle_y, value - mean
        xx, xy, yy = xx + weight * right * right, xy + weight * right * down, yy + weight * down * down
        xv, yv = xv + weight * right * more, yv + weight * down * more
    area = xx * yy - xy * xy
    a, b = (xv * yy - yv * xy) / area, (yv * xx - xv * xy) / area
    return a, b, mean - a * middle_x - b * middle_y


def _mesh(size: tuple[int, int], affine: Affine, parts: dict[tuple[int, int], MeshPart]) -> Mesh:
    """Return the boxes between the parts' middles and the page's edges, each laid by its corners' own shifts."""
    columns, rows = (1 + max(place[axis] for place in parts) for axis in (0, 1))
    xs = [0, *(2 * round(parts[column, 0].x / 2) for column in range(columns)), size[0]]
    ys = [0, *(2 * round(parts[0, row].y / 2) for row in range(rows)), size[1]]
    right = _smoothed({place: part.right for place, part in parts.items()})
    down = _smoothed({place: part.down for place, part in parts.items()})
    corners = {}
    for (column, x), (row, y) in product(enumerate(xs), enumerate(ys)):
        nearest = min(max(column - 1, 0), columns - 1), min(max(row - 1, 0), rows - 1)
        corners[column, row] = at(affine, x - right[nearest], y - down[nearest])
    return [
        (
            (xs[column], ys[row], xs[column + 1], ys[row + 1]),
            (
                *corners[column, row],
                *corners[column, row + 1],
                *corners[column + 1, row + 1],
                *corners[column + 1, row],
            ),
        )
        for column, row in product(range(columns + 1), range(rows + 1))
    ]


def _smoothed(shifts: dict[tuple[int, int], tuple[float, float]]) -> dict[tuple[int, int], float]:
    """Return each part's shift as its neighbours and it have it: 0 where none of them is clear."""
    enough = _CLEAR * max(clear for _, clear in shifts.values())
    if not enough:
        return dict.fromkeys(shifts, 0.0)
    smoothed = {}
    for column, row in shifts:
        total, weights = 0.0, 1.0
        for aside, below in product((-1, 0, 1), repeat=2):
            shift_there, clear = shifts.get((column + aside, row + below), (0.0, 0.0))
            weight = min(1.0, clear / enough) * (2 - abs(aside)) * (2 - abs(below))
            total, weights = total + weight * shift_there, weights + weight
        smoothed[column, row] = total / weights
    return smoothed
