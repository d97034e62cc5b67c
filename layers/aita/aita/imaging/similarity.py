"""How much of a page's print is found on a scan, less what is found by chance."""

from typing import NamedTuple, Self

from PIL import Image, ImageChops

from aita.imaging.ink_mask import total


class InkSample(NamedTuple):
    """What is dark on a scan, and what is dark beside it: where text lies on other text, both are alike."""

    dark: Image.Image
    beside: Image.Image

    @classmethod
    def of(cls, dark: Image.Image, pixels: int) -> Self:
        """Return what is seen of what is dark, with so many pixels to both sides for beside: about a letter."""
        left, right = (ImageChops.offset(dark, by, 0) for by in (-pixels, pixels))
        return cls(dark, ImageChops.add(left, right, scale=2))

    def halved(self) -> "InkSample":
        """Return the same at half the size."""
        return InkSample(*(image.reduce(2) for image in self))

    def agreement(self, laid: Image.Image, amount: float) -> float:
        """Return how much of the print is found: 0 for as much as by chance, about 1 for all of it.

        It is Cohen's kappa: what agrees beyond chance, of what could.

        Parameters
        ----------
        laid
            The print, where it should be on the scan.
        amount
            The sum of its levels, also of what lies beyond the scan.
        """
        found, chance = (total(ImageChops.multiply(laid, image)) / amount for image in self)
        return (found - chance) / (1 - chance) if chance < 1 else 0.0
