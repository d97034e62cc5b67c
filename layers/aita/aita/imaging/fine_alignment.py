"""Fine registration of a printed page on a scan: a coarse affine map refined to a mesh of local shifts."""

from collections.abc import Iterable
from itertools import pairwise, product
from typing import Final, NamedTuple

from PIL import Image

from aita.imaging.affine import Affine, at, composed, transformed
from aita.imaging.projection_profiles import column_strip, rooted, row_strip, shift

Mesh = list[tuple[tuple[int, int, int, int], tuple[float, float, float, float, float, float, float, float]]]
"""Boxes of the scan, each with the corners of its source quadrilateral in the model, in Pillow's order."""

_AFFINE_GRID: Final = (3, 8, 10)  # columns, rows, and the largest shift in pixels: rules are 20 apart and more
_MESH_GRID: Final = (5, 12, 8)
_LARGEST_RESIDUAL: Final = 3.0  # pixels: a part farther from the fitted plane matched something else
_FULL_CONFIDENCE: Final = 0.2  # of the highest confidence: parts below it weigh less
_RIDGE: Final = 30.0  # pixels: ridge term, as if the parts lay so much farther apart; few parts give a small slope
_NEIGHBOURS: Final = [
    (aside, below, (2 - abs(aside)) * (2 - abs(below))) for aside, below in product((-1, 0, 1), repeat=2)
]


class MeshPart(NamedTuple):
    """Part of a page: its centre, and the model's shift to the right and down, each as pixels and confidence."""

    x: float
    y: float
    right: tuple[float, float]
    down: tuple[float, float]


def registered(page: Image.Image, model: Image.Image, affine: Affine) -> Mesh:
    """Return the mesh that warps a model onto a page.

    Parameters
    ----------
    page, model
        Their ink masks.
    affine
        Map from the page's pixels to the model's, right to within ten pixels.
    """
    affine = _refined(affine, _parts(page, model, affine, *_AFFINE_GRID).values())
    return _mesh(page.size, affine, _parts(page, model, affine, *_MESH_GRID))


def warped(image: Image.Image, size: tuple[int, int], mesh: Mesh) -> Image.Image:
    """Return an image warped by a mesh; pixels from beyond its edges are 0."""
    return image.transform(size, Image.Transform.MESH, mesh)


def shifted(mesh: Mesh, pixels: int) -> Mesh:
    """Return the mesh for a model that was given a border of this width."""
    return [
        (box, (x0 + pixels, y0 + pixels, x1 + pixels, y1 + pixels, x2 + pixels, y2 + pixels, x3 + pixels, y3 + pixels))
        for box, (x0, y0, x1, y1, x2, y2, x3, y3) in mesh
    ]


def halved(mesh: Mesh) -> Mesh:
    """Return the mesh whose output has half the size; the sides of all boxes are even."""
    return [((x0 // 2, y0 // 2, x1 // 2, y1 // 2), corners) for (x0, y0, x1, y1), corners in mesh]


def _parts(
    page: Image.Image, model: Image.Image, affine: Affine, columns: int, rows: int, largest_shift: int
) -> dict[tuple[int, int], MeshPart]:
    """Return the model's shift in each part of a grid over the page, by column and row.

    Shifts are measured between projection profiles of the page and of the model warped by ``affine``.
    """
    width, height = page.size
    xs = [width * column // columns for column in range(columns + 1)]
    ys = [height * row // rows for row in range(rows + 1)]
    warped_model = transformed(model, page.size, affine)
    strips = [(x0, 0, x1, height) for x0, x1 in pairwise(xs)]
    bands = [(0, y0, width, y1) for y0, y1 in pairwise(ys)]
    in_strips = [[rooted(row_strip(image.crop(box))) for box in strips] for image in (page, warped_model)]
    in_bands = [[rooted(column_strip(image.crop(box))) for box in bands] for image in (page, warped_model)]
    return {
        (column, row): MeshPart(
            x=(xs[column] + xs[column + 1]) / 2,
            y=(ys[row] + ys[row + 1]) / 2,
            right=shift(in_bands[0][row], in_bands[1][row], xs[column], xs[column + 1], largest_shift),
            down=shift(in_strips[0][column], in_strips[1][column], ys[row], ys[row + 1], largest_shift),
        )
        for column, row in product(range(columns), range(rows))
    }


def _refined(affine: Affine, parts: Iterable[MeshPart]) -> Affine:
    """Return the map corrected by the affine component of the parts' shifts."""
    parts = list(parts)
    a, b, c = _plane([(part.x, part.y, *part.right) for part in parts])
    d, e, f = _plane([(part.x, part.y, *part.down) for part in parts])
    return composed(affine, (1 - a, -b, -c, -d, 1 - e, -f))


def _plane(points: list[tuple[float, float, float, float]]) -> tuple[float, float, float]:
    """Return ``a, b, c`` of the plane ``ax + by + c`` fitted to points ``(x, y, value, weight)``.

    It is fitted three times; before the second and third, points with a large residual are left out.
    """
    a, b, c = _ridge_regression(points)
    for _ in range(2):
        a, b, c = _ridge_regression(
            [each for each in points if abs(a * each[0] + b * each[1] + c - each[2]) <= _LARGEST_RESIDUAL]
        )
    return a, b, c


def _ridge_regression(points: list[tuple[float, float, float, float]]) -> tuple[float, float, float]:
    """Return the plane of weighted least squares with a ridge term on its slopes; zeros without any weight."""
    total = sum(weight for *_, weight in points)
    if not total:
        return 0.0, 0.0, 0.0
    middle_x, middle_y, mean = (sum(each[part] * each[3] for each in points) / total for part in range(3))
    ridge = total * _RIDGE * _RIDGE
    xx, xy, yy, xv, yv = ridge, 0.0, ridge, 0.0, 0.0
    for x, y, value, weight in points:
        dx, dy, dv = x - middle_x, y - middle_y, value - mean
        xx, xy, yy = xx + weight * dx * dx, xy + weight * dx * dy, yy + weight * dy * dy
        xv, yv = xv + weight * dx * dv, yv + weight * dy * dv
    determinant = xx * yy - xy * xy
    a, b = (xv * yy - yv * xy) / determinant, (yv * xx - xv * xy) / determinant
    return a, b, mean - a * middle_x - b * middle_y


def _mesh(size: tuple[int, int], affine: Affine, parts: dict[tuple[int, int], MeshPart]) -> Mesh:
    """Return the mesh of boxes between the parts' centres and the page's edges.

    Each corner has the smoothed shift of its nearest part.
    """
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
    """Return each part's shift, averaged with its neighbours' by confidence and shrunk towards 0.

    Shifts are 0 if no part has any confidence.
    """
    full_confidence = _FULL_CONFIDENCE * max(confidence for _, confidence in shifts.values())
    if not full_confidence:
        return dict.fromkeys(shifts, 0.0)
    known = {place: (moved, min(1.0, confidence / full_confidence)) for place, (moved, confidence) in shifts.items()}
    smoothed = {}
    for column, row in shifts:
        total, weights = 0.0, 1.0
        for aside, below, nearness in _NEIGHBOURS:
            neighbour, confidence = known.get((column + aside, row + below), (0.0, 0.0))
            if confidence:
                weight = confidence * nearness
                total, weights = total + weight * neighbour, weights + weight
        smoothed[column, row] = total / weights
    return smoothed
