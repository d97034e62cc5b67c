"""Where a printed page lies on a scan, roughly: its turn, its size and its place, to about a hundredth of the page."""

import math
from itertools import pairwise
from typing import Final, NamedTuple

from PIL import Image, ImageFilter

from aita.imaging.affine import IDENTITY, Affine, composed, enlarged, inverse, rotation, transformed
from aita.imaging.ink_mask import total
from aita.imaging.projection_profiles import Profile, column_strip, edges, lags, norm, profile, row_strip
from aita.imaging.similarity import InkSample

_REDUCTION: Final = 4  # pixels: lines of print stay apart
_ANGLES: Final = tuple(step / 4 for step in range(-10, 11))  # degrees: feeders turn a page by up to two
_SCALES: Final = tuple(step / 100 for step in range(92, 109))  # A4 on Letter, and what a scanner's driver fits
_SHIFT: Final = 24  # reduced pixels: a ninth of the page's height
_BESIDE: Final = 4  # reduced pixels
_ROW_LAGS, _COLUMN_LAGS = 4, 3  # places that are tried: a ruled page is like itself one rule further on


class Alignment(NamedTuple):
    """Where a template lies on a scan."""

    likeness: float
    """How much of the template's print is found there, as ``InkSample.agreement`` has it; coarse."""
    affine: Affine
    """Sends the scan's pixels to the template's."""
    scale: float
    """How large the template is on the scan: 1 for the same height in pixels."""


class DeskewedPage:
    """A page reduced, and turned so that its lines of print are level."""

    def __init__(self, dark: Image.Image) -> None:
        small = dark.reduce(_REDUCTION)
        angle = max(_ANGLES, key=lambda degrees: (_sharpness(small, degrees), -abs(degrees)))
        self.turn: Affine = rotation(angle, small.size) if angle else IDENTITY
        self.image = small.transform(small.size, Image.Transform.AFFINE, self.turn, Image.Resampling.BILINEAR)


class Template:
    """A page to find: its profiles at every scale that it may have on a scan."""

    def __init__(self, dark: Image.Image) -> None:
        self.level = DeskewedPage(dark)
        self.print = total(self.level.image)
        rows, columns = row_strip(self.level.image), column_strip(self.level.image)
        self.scaled = [_Scaled(scale, _stretched(rows, scale), _stretched(columns, scale)) for scale in _SCALES]


class Target:
    """A scan to find pages on."""

    def __init__(self, dark: Image.Image) -> None:
        self.level = DeskewedPage(dark)
        self.rows = edges(profile(row_strip(self.level.image)))
        self.columns = edges(profile(column_strip(self.level.image)))
        blurred = self.level.image.filter(ImageFilter.BoxBlur(1))
        self.seen = InkSample.of(blurred.point([min(255, 4 * level) for level in range(256)]), _BESIDE)

    def locate(self, template: Template) -> Alignment:
        """Return where a template fits best: its rows first, at every scale, then its columns, then all of it."""
        best = Alignment(0.0, IDENTITY, 1.0)
        rows = [
            (score / scaled.row_norm, down, scaled)
            for scaled in template.scaled
            for score, down in lags(self.rows, scaled.rows, _SHIFT, _ROW_LAGS)
        ]
        for _, down, scaled in sorted(rows, key=lambda row: row[0], reverse=True)[:_ROW_LAGS]:
            for _, right in lags(self.columns, scaled.columns, _SHIFT, _COLUMN_LAGS):
                best = max(best, self._placed(template, scaled.scale, right, down))
        return best._replace(affine=self._whole(template, best.affine))

    def _placed(self, template: Template, scale: float, right: int, down: int) -> Alignment:
        affine = (1 / scale, 0.0, -right / scale, 0.0, 1 / scale, -down / scale)
        laid = transformed(template.level.image, self.seen.dark.size, affine)
        return Alignment(self.seen.agreement(laid, scale * scale * template.print), affine, scale)

    def _whole(self, template: Template, affine: Affine) -> Affine:
        """Return the map between the pages as they are, from the one between their level reductions."""
        as_they_lie = composed(composed(template.level.turn, affine), inverse(self.level.turn))
        return enlarged(as_they_lie, _REDUCTION)


class _Scaled:
    def __init__(self, scale: float, rows: Profile, columns: Profile) -> None:
        self.scale, self.rows, self.columns = scale, rows, columns
        self.row_norm = norm(rows)


def _sharpness(image: Image.Image, degrees: float) -> int:
    """Return how much neighbouring rows differ when the image is turned: most where lines of print are level."""
    slope = math.tan(math.radians(degrees))
    sheared = transformed(image, image.size, (1.0, 0.0, 0.0, slope, 1.0, -slope * image.width / 2))  # quicker, as good
    rows = row_strip(sheared).tobytes()
    return sum((above - below) ** 2 for above, below in pairwise(rows))


def _stretched(strip: Image.Image, scale: float) -> Profile:
    width, height = (side if side == 1 else round(side * scale) for side in strip.size)
    return edges(profile(strip.resize((width, height), Image.Resampling.BILINEAR)))
