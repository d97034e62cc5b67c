"""Decoding of scans and measuring of ink, with descriptions in place of images."""

from collections.abc import Iterable, Iterator

from aita.errors import UnreadableScanError
from aita.models.scan import PageImage, PageInk
from tests.adversary.pages import Page, images_of

_WIDTH, _HEIGHT = 850, 1100

_WHOLE_PRINT = 0.5
"""Likeness from which on a page is described as having all of its print."""


def pages(data: bytes) -> Iterator[PageImage]:
    """Yield the page images of a file."""
    images = images_of(data)
    if not images:
        raise UnreadableScanError("the file is not an image or PDF that can be read")
    yield from (PageImage(image, _WIDTH, _HEIGHT) for image in images)


class BlankExam:
    """A blank exam that knows its pages by their numbers. A page that was turned is put upright."""

    def __init__(self, images: Iterable[bytes]) -> None:
        self._pages = {Page.of_image(image).exam_page for image in images}

    def single_pages(self, sheet: PageImage, expected: int) -> list[tuple[PageImage, PageInk]]:
        """Return the pages of a sheet, each with its handwritten ink."""
        page = Page.of_image(sheet.jpeg)
        if page.is_white:
            return [(sheet, PageInk(exam_page=None, likeness=0, empty=True))]
        if page.exam_page not in self._pages:
            return [(sheet, PageInk(exam_page=None, likeness=0))]
        ink = PageInk(
            exam_page=page.exam_page,
            likeness=page.likeness,
            bands=page.bands().hex(),
            exam_pages=len(self._pages),
            other_version=page.likeness < _WHOLE_PRINT,
        )
        return [(sheet, ink)]
