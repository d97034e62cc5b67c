"""The ink on a page: what is left of it when the aligned blank exam is taken away."""

from array import array
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from PIL import Image, ImageChops

from aita.errors import UnreadableScanError
from aita.imaging.coarse_alignment import Alignment, Target, Template
from aita.imaging.fine_alignment import Mesh, bend, bent, halved
from aita.imaging.ink_mask import Strokes, darker_than, find_strokes, total, widened, without_lines
from aita.imaging.similarity import InkSample
from aita.models.scan import BANDS, PageInk

ALIKE: Final = 0.2
"""How much of a blank page's print must be found on a page, beyond chance, for it to be that page.

It is 0.5 and more on the scans of the sample exam, and where those are turned, shifted, larger or smaller; 0.26 and
more with noise that hides the rules, with perspective, bends and shadows. It is 0.13 and less for another exam with its
head and rules at the same places, for a sheet full of writing and for a white page.
"""

MOST_PAGES: Final = 100
"""The most pages that a blank exam may have: each is kept in memory, with a megabyte and a half."""

_SAME: Final = 0.1  # of a page's print: two that differ by less are told apart by their order
_BESIDE: Final = 6  # pixels: about a letter
_TRIES: Final = 2  # pages whose place is looked at closely before a page is like none
_NEAR: Final = (6, 3)  # pixels beside and above print that go with it: where along itself a rule lies is less certain
_MARGIN: Final = 0.02  # of the width: shadows of the paper's edge are no ink
_LEAST_PRINT: Final = 100 * 255  # darkness: about a word; a page with less is like any other
_FULL: Final = 0.1  # of a band that is ink: ``ff``


class BlankExam:
    """The pages of a blank exam, to be compared with.

    Parameters
    ----------
    pages
        Their images as JPEGs, upright, in order.

    Raises
    ------
    UnreadableScanError
        There are more than ``MOST_PAGES``, or there is no print on any of them.
    """

    def __init__(self, pages: Iterable[bytes]) -> None:
        self._pages: list[_BlankPage] = []
        for number, jpeg in enumerate(pages, 1):
            if number > MOST_PAGES:
                raise UnreadableScanError(f"the blank exam has more than {MOST_PAGES} pages")
            strokes = find_strokes(jpeg)
            page = strokes and _BlankPage(number, strokes)
            if page and page.amount >= _LEAST_PRINT:
                self._pages.append(page)
        if not self._pages:
            raise UnreadableScanError("the blank exam has no print on it")

    def ink(self, jpeg: bytes, expected: int) -> PageInk:
        """Return what was written on a page, and which page of the exam it is.

        It is the one with the most print that is found. It may be turned by two degrees, shifted, larger or smaller
        by some hundredths, bent, unevenly lit and noisy.

        Parameters
        ----------
        jpeg
            The page's image, upright.
        expected
            Which page it is if none is missing or out of order. It decides between pages that are as good as the
            same, such as ruled ones that differ in their number.
        """
        scan = find_strokes(jpeg)
        if scan is None or scan.dark.getbbox() is None:
            return PageInk(exam_page=None, likeness=0)
        fit = self._best_fit(scan.dark, expected)
        likeness = round(min(1.0, max(0.0, fit.likeness)), 3)
        if fit.likeness < ALIKE:
            return PageInk(exam_page=None, likeness=likeness)
        ink = ImageChops.subtract(scan.dark, bent(fit.page.taken, scan.size, fit.mesh, outside=255))
        return PageInk(exam_page=fit.page.number, likeness=likeness, bands=_bands(ink))

    def _best_fit(self, dark: Image.Image, expected: int) -> "_Fit":
        """Lay the likeliest page over a scan; all are printed at the same place, so see which fits best there."""
        seen = InkSample.of(dark, _BESIDE)
        fits = []
        for page, place in self._likely(dark):
            fit = page.fitted(seen, place)
            most_alike = self._most_alike(seen, fit, expected)
            fits.append(fit if most_alike is page else most_alike.fitted(seen, place))
            if fits[-1].likeness >= ALIKE:
                break
        return max(fits, key=lambda fit: fit.likeness)

    def _likely(self, dark: Image.Image) -> list[tuple["_BlankPage", Alignment]]:
        """Return the pages that are likeliest at a rough look, with their places."""
        target = Target(dark)
        places = [(page, target.locate(page.template)) for page in self._pages]
        places.sort(key=lambda each: each[1].likeness * each[0].template.print, reverse=True)
        return places[:_TRIES]

    def _most_alike(self, seen: InkSample, fit: "_Fit", expected: int) -> "_BlankPage":
        """Return the page for which most speaks, with every page laid as the fit has it."""
        small, mesh = seen.halved(), halved(fit.mesh)  # every other pixel tells enough
        evidence = {page: page.evidence(page.likeness(small, mesh, fit.scale / 2)) for page in self._pages}
        most = max(evidence.values())
        same = [page for page in self._pages if evidence[page] >= most - _SAME * page.amount]
        return min(same, key=lambda page: abs(page.number - expected))


class _BlankPage:
    """A page of the blank exam."""

    def __init__(self, number: int, strokes: Strokes) -> None:
        self.number = number
        self.dark = strokes.dark
        self.print = without_lines(strokes.darkness)
        self.amount = total(self.print)
        self.template = Template(strokes.dark)
        width, height = strokes.size
        margin = round(_MARGIN * width)
        inside = (margin, margin, width - margin, height - margin)
        self.taken = Image.new("L", strokes.size, 255)
        self.taken.paste(widened(darker_than(strokes.darkness, 1), _NEAR).crop(inside), inside)

    def fitted(self, seen: InkSample, place: Alignment) -> "_Fit":
        """Lay the page exactly over a scan."""
        mesh = bend(seen.dark, self.dark, place.affine)
        return _Fit(self, mesh, place.scale, self.likeness(seen, mesh, place.scale))

    def likeness(self, seen: InkSample, mesh: Mesh, scale: float) -> float:
        """Return how much of the print is found; faint print counts less than black."""
        return seen.agreement(bent(self.print, seen.dark.size, mesh), scale * scale * self.amount)

    def evidence(self, likeness: float) -> float:
        """Return how much speaks for the page: a whole page less a line is more than all of two words."""
        return (likeness - ALIKE) * self.amount


@dataclass(frozen=True, slots=True)
class _Fit:
    """A page as it lies on a scan, ``scale`` times as large."""

    page: _BlankPage
    mesh: Mesh
    scale: float
    likeness: float


def _bands(ink: Image.Image) -> str:
    """Return the share of each band that is ink as ``PageInk`` writes it."""
    shares = array("f", ink.convert("F").resize((1, BANDS), Image.Resampling.BOX).tobytes())
    return bytes(min(255, round(share / _FULL)) for share in shares).hex()
