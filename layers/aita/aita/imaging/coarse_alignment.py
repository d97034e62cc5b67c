"""Coarse registration of a printed page on a scan: skew, scale and shift, to about a hundredth of the page."""

import math
from itertools import pairwise
from typing import Final, NamedTuple

from PIL import Image, ImageFilter

from aita.imaging.affine import IDENTITY, Affine, composed, enlarged, inverse, rotation, transformed
from aita.imaging.ink_mask import total
from aita.imaging.projection_profiles import Profile, column_strip, edges, lags, norm, profile, row_strip
from aita.imaging.similarity import InkSample

_REDUCTION: Final = 4  # pixels that become one in each direction: lines of print stay apart
_ANGLES: Final = tuple(step / 4 for step in range(-10, 11))  # degrees of skew: feeders turn a page by up to two
_SCALES: Final = tuple(step / 100 for step in range(92, 109))  # A4 on Letter, and a scanner driver's fit to the page
_LARGEST_SHIFT: Final = 24  # reduced pixels: a ninth of the page's height
_LETTER_WIDTH: Final = 4  # reduced pixels
_ROW_LAGS, _COLUMN_LAGS = 4, 3  # peaks that are tried: a ruled page matches itself one rule further on, too


class Alignment(NamedTuple):
    """Position of a template on a scan."""

    likeness: float
    """Share of the template's print that is found there (``InkSample.agreement``), at reduced size."""
    affine: Affine
    """Map from the scan's pixels to the template's."""
    scale: float
    """Size of the template on the scan, relative to its own: 1 for the same height in pixels."""


class DeskewedPage:
    """Ink mask of a page, reduced and rotated so that its lines of print are horizontal."""

    def __init__(self, mask: Image.Image) -> None:
        small = mask.reduce(_REDUCTION)
        angle = max(_ANGLES, key=lambda degrees: (_sharpness(small, degrees), -abs(degrees)))
        self.rotation: Affine = rotation(angle, small.size) if angle else IDENTITY
        self.image = small.transform(small.size, Image.Transform.AFFINE, self.rotation, Image.Resampling.BILINEAR)


class Template:
    """Page to find on a scan, with its edge profiles at each scale that is tried."""

    def __init__(self, mask: Image.Image) -> None:
        self.deskewed = DeskewedPage(mask)
        self.print = total(self.deskewed.image)
        rows, columns = row_strip(self.deskewed.image), column_strip(self.deskewed.image)
        self.scaled = [
            _ScaledProfiles(scale, _scaled_edges(rows, scale), _scaled_edges(columns, scale)) for scale in _SCALES
        ]


class Target:
    """Scan on which templates are located."""

    def __init__(self, mask: Image.Image) -> None:
        self.deskewed = DeskewedPage(mask)
        self.rows = edges(profile(row_strip(self.deskewed.image)))
        self.columns = edges(profile(column_strip(self.deskewed.image)))
        blurred = self.deskewed.image.filter(ImageFilter.BoxBlur(1))
        self.sample = InkSample.of(blurred.point([min(255, 4 * level) for level in range(256)]), _LETTER_WIDTH)

    def locate(self, template: Template) -> Alignment:
        """Return the alignment with the highest likeness.

        Row profiles are correlated at every scale; for their best lags, column profiles; and the best lags of both
        are compared over the whole page.
        """
        best = Alignment(0.0, IDENTITY, 1.0)
        rows = [
            (score / scaled.row_norm, down, scaled)
            for scaled in template.scaled
            for score, down in lags(self.rows, scaled.rows, _LARGEST_SHIFT, _ROW_LAGS)
        ]
        for _, down, scaled in sorted(rows, key=lambda row: row[0], reverse=True)[:_ROW_LAGS]:
            for _, right in lags(self.columns, scaled.columns, _LARGEST_SHIFT, _COLUMN_LAGS):
                best = max(best, self._alignment(template, scaled.scale, right, down))
        return best._replace(affine=self._full_size_affine(template, best.affine))

    def _alignment(self, template: Template, scale: float, right: int, down: int) -> Alignment:
        """Return the alignment at a scale and a shift (reduced pixels), between the deskewed images."""
        affine = (1 / scale, 0.0, -right / scale, 0.0, 1 / scale, -down / scale)
        warped = transformed(template.deskewed.image, self.sample.mask.size, affine)
        return Alignment(self.sample.agreement(warped, scale * scale * template.print), affine, scale)

    def _full_size_affine(self, template: Template, affine: Affine) -> Affine:
        """Return the map between the original pages, from the map between their deskewed reductions."""
        skewed = composed(composed(template.deskewed.rotation, affine), inverse(self.deskewed.rotation))
        return enlarged(skewed, _REDUCTION)


class _ScaledProfiles:
    """Edge profiles of a template at one scale."""

    def __init__(self, scale: float, rows: Profile, columns: Profile) -> None:
        self.scale, self.rows, self.columns = scale, rows, columns
        self.row_norm = norm(rows)


def _sharpness(image: Image.Image, degrees: float) -> int:
    """Return the sum of squared differences between neighbouring rows of the image at this rotation.

    It is largest where lines of print are horizontal.
    """
    slope = math.tan(math.radians(degrees))
    # A shear instead of a rotation: as good at small angles, and quicker.
    sheared = transformed(image, image.size, (1.0, 0.0, 0.0, slope, 1.0, -slope * image.width / 2))
    rows = row_strip(sheared).tobytes()
    return sum((above - below) ** 2 for above, below in pairwise(rows))


def _scaled_edges(strip: Image.Image, scale: float) -> Profile:
    width, height = (side if side == 1 else round(side * scale) for side in strip.size)
    return edges(profile(strip.resize((width, height), Image.Resampling.BILINEAR)))
