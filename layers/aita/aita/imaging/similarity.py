"""Agreement between a page's print and the ink on a scan, corrected for chance."""

from typing import NamedTuple, Self

from PIL import Image, ImageChops

from aita.imaging.ink_mask import total


class InkSample(NamedTuple):
    """Ink mask of a scan, and the same mask shifted sideways as an estimate of chance.

    Text that lies on other text agrees with both alike.
    """

    mask: Image.Image
    shifted: Image.Image

    @classmethod
    def of(cls, mask: Image.Image, pixels: int) -> Self:
        """Return the sample of a mask; ``pixels`` is the shift to the left and to the right, about a letter."""
        left, right = (ImageChops.offset(mask, by, 0) for by in (-pixels, pixels))
        return cls(mask, ImageChops.add(left, right, scale=2))

    def halved(self) -> "InkSample":
        """Return the sample at half the size."""
        return InkSample(*(image.reduce(2) for image in self))

    def agreement(self, warped: Image.Image, amount: float) -> float:
        """Return the share of the print that is found: 0 for no more than by chance, about 1 for all of it.

        It is Cohen's kappa: the agreement beyond chance, divided by the largest possible one.

        Parameters
        ----------
        warped
            The print, warped to its place on the scan.
        amount
            The sum of the print's levels, including the parts that lie beyond the scan.
        """
        found, chance = (total(ImageChops.multiply(warped, image)) / amount for image in self)
        return (found - chance) / (1 - chance) if chance < 1 else 0.0
