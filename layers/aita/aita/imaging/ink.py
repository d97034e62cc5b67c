"""Ink on a page: the scan's ink mask less the print of the registered blank exam."""

from array import array
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

from PIL import Image, ImageChops, ImageOps

from aita.errors import UnreadableScanError
from aita.imaging.affine import inverse, transformed
from aita.imaging.coarse_alignment import Alignment, Target, Template
from aita.imaging.fine_alignment import Mesh, halved, registered, shifted, warped
from aita.imaging.ink_mask import Strokes, clusters, darker_than, dilated, find_strokes, total, without_lines
from aita.imaging.missing_print import is_print_missing
from aita.imaging.sheets import single_pages
from aita.imaging.similarity import InkSample
from aita.models.scan import BANDS, CELLS, PageImage, PageInk

LEAST_LIKENESS: Final = 0.2
"""Share of a blank page's print, beyond chance, that must be found on a scan for it to be a scan of that page.

It is 0.5 and more on the scans of the sample exam, and where those are turned, shifted, larger or smaller; 0.26 and
more with noise that hides the rules, with perspective, bends and shadows. It is 0.13 and less for another exam with its
head and rules at the same places, for a sheet full of writing and for a white page.
"""

MOST_PAGES: Final = 100
"""Largest number of pages in a blank exam: each takes a megabyte and a half of memory."""

_LEAST_DIFFERENCE: Final = 0.1  # of a page's print: two pages that differ by less are distinguished by their order
_LETTER_WIDTH: Final = 6  # pixels
_CANDIDATES: Final = 2  # blank pages registered finely with a scan before it counts as none of them
_PRINT_MARGIN: Final = (6, 3)  # pixels across and down around print: registration along a rule is less certain
_PAGE_MARGIN: Final = 0.02  # of the width, to both sides of the paper's edge and at the scan's: shadows are no ink
_LEAST_PRINT: Final = 100 * 255  # summed levels: about a word; a page with less resembles any other
_SPARSE: Final = 200  # pixels: a sheet with more is not empty; noise on it has 30 and less
_MOST_SPECKS: Final = 3  # pixels in clusters: noise has none, a dash or a dot of light pencil 4 and more, a digit 14
_FULL_BAND: Final = 0.1  # share of a band's pixels that is ink, written as ``ff``


class BlankExam:
    """Pages of a blank exam, as the reference for scans.

    Parameters
    ----------
    pages
        Their images as JPEGs, upright, in order.
    with_cells
        Whether ink is given in cells, too.

    Raises
    ------
    UnreadableScanError
        If there are more than ``MOST_PAGES``, or none of them has any print.
    """

    def __init__(self, pages: Iterable[bytes], *, with_cells: bool = False) -> None:
        self._with_cells = with_cells
        self._pages: list[_BlankPage] = []
        self._count = 0
        for number, jpeg in enumerate(pages, 1):
            self._count = number
            if number > MOST_PAGES:
                raise UnreadableScanError(f"the blank exam has more than {MOST_PAGES} pages")
            strokes = find_strokes(jpeg)
            page = strokes and _BlankPage(number, strokes)
            if page and page.amount >= _LEAST_PRINT:
                self._pages.append(page)
        if not self._pages:
            raise UnreadableScanError("the blank exam has no print on it")
        printed = {page.number for page in self._pages}
        self._white = tuple(number for number in range(1, self._count + 1) if number not in printed)

    def ink(self, jpeg: bytes, expected: int) -> PageInk:
        """Return the number of the exam's page that a scan shows, and the ink that was added to it.

        The page is the one of which most print is found. The scan may be turned by two degrees, shifted, larger or
        smaller by some hundredths, bent, unevenly lit and noisy.

        Parameters
        ----------
        jpeg
            The scan, upright.
        expected
            Number of the page if none is missing or out of order. It decides between pages that are nearly
            identical, such as ruled ones that differ in their number only.
        """
        scan = find_strokes(jpeg)
        if scan is None:
            return PageInk(exam_page=None, likeness=0)
        if _is_empty(scan.mask):
            return PageInk(exam_page=None, likeness=0, empty=True)
        sample = InkSample.of(scan.mask, _LETTER_WIDTH)
        fit = self._best_fit(sample, expected)
        likeness = round(min(1.0, max(0.0, fit.likeness)), 3)
        if fit.likeness < LEAST_LIKENESS:
            return PageInk(exam_page=None, likeness=likeness)
        excluded = warped(fit.page.excluded, scan.size, shifted(fit.mesh, fit.page.margin))
        _exclude_margin(excluded)
        ink = ImageChops.subtract(scan.mask, excluded)
        return PageInk(
            exam_page=fit.page.number,
            likeness=likeness,
            bands=_bands(ink),
            cells=_cells(ink, fit) if self._with_cells else "",
            alike=fit.alike,
            exam_pages=self._count,
            white_pages=self._white,
            other_version=is_print_missing(sample, fit.print),
        )

    @property
    def proportions(self) -> float:
        """Width of the first printed page for its height."""
        width, height = self._pages[0].mask.size
        return width / height

    def single_pages(self, sheet: PageImage, expected: int) -> list[tuple[PageImage, PageInk]]:
        """Return the pages of a scanned sheet, upright, each with its ink: see ``aita.imaging.sheets``."""
        return single_pages(self, sheet, expected)

    def _best_fit(self, sample: InkSample, expected: int) -> "_Fit":
        """Return the registration of the likeliest page.

        All pages are printed at the same place, so a candidate's registration serves to compare all of them.
        """
        fits = []
        for page, alignment in self._candidates(sample.mask):
            fit = page.fitted(sample, alignment)
            tied = self._tied(sample, fit)
            likeliest = min(tied, key=lambda each: abs(each.number - expected))
            fit = fit if likeliest is page else likeliest.fitted(sample, alignment)
            fits.append(replace(fit, alike=tuple(each.number for each in tied) if len(tied) > 1 else ()))
            if fits[-1].likeness >= LEAST_LIKENESS:
                break
        return max(fits, key=lambda fit: fit.likeness)

    def _candidates(self, mask: Image.Image) -> list[tuple["_BlankPage", Alignment]]:
        """Return the pages of which coarse alignment finds most print, with their alignments."""
        target = Target(mask)
        alignments = [(page, target.locate(page.template)) for page in self._pages]
        alignments.sort(key=lambda each: each[1].likeness * each[0].template.print, reverse=True)
        return alignments[:_CANDIDATES]

    def _tied(self, sample: InkSample, fit: "_Fit") -> list["_BlankPage"]:
        """Return the pages with about the most evidence, every page warped by the fit's mesh."""
        small, mesh = sample.halved(), halved(fit.mesh)  # half the resolution is enough to compare pages
        evidence = {page: page.evidence(page.likeness(small, mesh, fit.alignment.scale / 2)) for page in self._pages}
        most = max(evidence.values())
        return [page for page in self._pages if evidence[page] >= most - _LEAST_DIFFERENCE * page.amount]


class _BlankPage:
    """Page of the blank exam: its ink mask, its print, and the area that is excluded from ink."""

    def __init__(self, number: int, strokes: Strokes) -> None:
        self.number = number
        self.mask = strokes.mask
        self.print = without_lines(strokes.darkness)
        self.amount = total(self.print)
        self.template = Template(strokes.mask)
        # The paper's edge is excluded to both sides. What lies beyond is unknown and not excluded: dark there is ink.
        self.margin = _margin(strokes.size)
        taken = dilated(darker_than(strokes.darkness, 1), _PRINT_MARGIN)
        _exclude_margin(taken)
        self.excluded = ImageOps.expand(taken, self.margin, fill=255)

    def fitted(self, sample: InkSample, alignment: Alignment) -> "_Fit":
        """Return the page's fine registration with a scan."""
        mesh = registered(sample.mask, self.mask, alignment.affine)
        print_ = warped(self.print, sample.mask.size, mesh)
        return _Fit(self, mesh, alignment, print_, self.found(sample, print_, alignment.scale))

    def likeness(self, sample: InkSample, mesh: Mesh, scale: float) -> float:
        """Return the share of the print that is found, warped by a mesh."""
        return self.found(sample, warped(self.print, sample.mask.size, mesh), scale)

    def found(self, sample: InkSample, print_: Image.Image, scale: float) -> float:
        """Return the share of the warped print that is found; faint print counts less than black."""
        return sample.agreement(print_, scale * scale * self.amount)

    def evidence(self, likeness: float) -> float:
        """Return the evidence for the page, by amount of print: most of a full page outweighs all of two words."""
        return (likeness - LEAST_LIKENESS) * self.amount


@dataclass(frozen=True, slots=True)
class _Fit:
    """Registration of a page with a scan, and its print there.

    ``alike`` are the numbers of the pages that are about as likely, if there are any.
    """

    page: _BlankPage
    mesh: Mesh
    alignment: Alignment
    print: Image.Image
    likeness: float
    alike: tuple[int, ...] = ()


def is_white(jpeg: bytes) -> bool:
    """Return whether nothing but noise is on a scan, which no blank exam is needed for."""
    scan = find_strokes(jpeg)
    return scan is not None and _is_empty(scan.mask)


def _is_empty(mask: Image.Image) -> bool:
    """Return whether nothing but noise is on a page, beside its margins."""
    (width, height), margin = mask.size, _margin(mask.size)
    inside = mask.crop((margin, margin, width - margin, height - margin))
    return inside.histogram()[255] < _SPARSE and clusters(inside).histogram()[255] <= _MOST_SPECKS


def _margin(size: tuple[int, int]) -> int:
    return round(_PAGE_MARGIN * size[0])


def _exclude_margin(excluded: Image.Image) -> None:
    """Set the margin of a mask on all sides."""
    (width, height), margin = excluded.size, _margin(excluded.size)
    for box in (
        (0, 0, width, margin),
        (0, height - margin, width, height),
        (0, margin, margin, height - margin),
        (width - margin, margin, width, height - margin),
    ):
        excluded.paste(255, box)


def _bands(ink: Image.Image) -> str:
    """Return the share of ink in each band, in the encoding of ``PageInk``."""
    shares = array("f", ink.convert("F").resize((1, BANDS), Image.Resampling.BOX).tobytes())
    return bytes(min(255, round(share / _FULL_BAND)) for share in shares).hex()


def _cells(ink: Image.Image, fit: _Fit) -> str:
    """Return the share of ink in each cell of the blank page, in the encoding of ``PageInk``."""
    on_page = transformed(ink, fit.page.mask.size, inverse(fit.alignment.affine))
    return on_page.resize(CELLS, Image.Resampling.BOX).tobytes().hex()
