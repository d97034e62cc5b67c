"""Sheets as they were scanned, brought to single upright pages by comparison with the blank exam."""

from collections.abc import Iterator
from dataclasses import replace
from io import BytesIO
from typing import Final, Protocol

from PIL import Image

from aita.imaging.decode_errors import reading
from aita.imaging.encode import encode
from aita.models.scan import PageImage, PageInk

_DOUBLE: Final = (1.6, 2.6)
"""Width of two pages side by side, over that of one: an open booklet is photographed with more or less around it."""

_SUBJECT: Final = "a page"


class Exam(Protocol):
    """Blank exam that pages are compared with."""

    @property
    def proportions(self) -> float:
        """Width of a page for its height."""
        ...

    def ink(self, jpeg: bytes, expected: int) -> PageInk:
        """Return the exam's page that an upright image shows, and the ink on it."""
        ...


Measured = list[tuple[PageImage, PageInk]]
"""Pages of a sheet, from left to right, each with its ink."""


def single_pages(exam: Exam, sheet: PageImage, expected: int) -> Measured:
    """Return the pages of a scanned sheet, upright, each with its ink.

    A sheet that is like none of the exam's pages is turned by right angles until it is like one, and is left as it is
    if it never is. Two pages of the exam side by side are cut apart. An upright page keeps its bytes.

    Parameters
    ----------
    expected
        Number of the exam page that is assumed if the image does not show which one it is.
    """
    scanned = sheet, exam.ink(sheet.jpeg, expected)
    upright = scanned
    if scanned[1].is_foreign:
        turned = ((each, exam.ink(each.jpeg, expected)) for each in _turned(exam, sheet))
        upright = next((each for each in turned if each[1].exam_page), scanned)
    page, ink = upright
    ratio = page.width / page.height / exam.proportions
    return _parted(exam, page, ink, expected) if _DOUBLE[0] <= ratio <= _DOUBLE[1] and not ink.empty else [upright]


def _parted(exam: Exam, sheet: PageImage, ink: PageInk, expected: int) -> Measured:
    """Return the two halves of a wide sheet if each is a page of the exam or empty, else the sheet.

    A sheet of which one half is a page of the exam, and the other one something else, is like none of the exam's pages:
    it would else pass for that page, with what stands beside it.
    """
    halves = [(half, exam.ink(half.jpeg, number)) for number, half in enumerate(_halves(sheet), expected)]
    if all(ink.exam_page or ink.empty for _, ink in halves):
        return halves
    if any(ink.exam_page for _, ink in halves):
        ink = PageInk(exam_page=None, likeness=ink.likeness)
    return [(sheet, ink)]


def _halves(sheet: PageImage) -> list[PageImage]:
    image = _decoded(sheet)
    middle = image.width // 2
    boxes = (0, 0, middle, image.height), (middle, 0, image.width, image.height)
    return [_encoded(image.crop(box), sheet) for box in boxes]


def _turned(exam: Exam, sheet: PageImage) -> Iterator[PageImage]:
    """Yield the sheet turned by the other right angles, first by those that its proportions suggest."""
    transpose = Image.Transpose
    turns = [transpose.ROTATE_90, transpose.ROTATE_270]
    sideways = (sheet.width > sheet.height) != (exam.proportions > 1)
    image = _decoded(sheet)
    for turn in [*turns, transpose.ROTATE_180] if sideways else [transpose.ROTATE_180, *turns]:
        yield _encoded(image.transpose(turn), sheet)


def _decoded(sheet: PageImage) -> Image.Image:
    with reading(_SUBJECT):
        image = Image.open(BytesIO(sheet.jpeg), formats=("JPEG",))
        image.load()
    return image


def _encoded(image: Image.Image, sheet: PageImage) -> PageImage:
    """Return a part of a sheet, or the sheet turned, as a page."""
    return replace(encode(image, max(image.size), _SUBJECT), undrawn=sheet.undrawn)
