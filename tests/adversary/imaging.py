"""Decoding of scans and measuring of ink, with descriptions in place of images."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from aita.errors import UnreadableScanError
from aita.models.scan import PageInk
from tests.adversary.pages import Page, images_of


@dataclass(frozen=True, slots=True)
class PageImage:
    """A page image of a usual size."""

    jpeg: bytes
    width: int = 850
    height: int = 1100


def pages(data: bytes) -> Iterator[PageImage]:
    """Yield the page images of a file."""
    images = images_of(data)
    if not images:
        raise UnreadableScanError("the file is not an image or PDF that can be read")
    yield from map(PageImage, images)


class BlankExam:
    """A blank exam that knows its pages by their numbers. A page that was turned is like none of them."""

    def __init__(self, images: Iterable[bytes]) -> None:
        self._pages = {Page.of_image(image).exam_page for image in images}

    def ink(self, jpeg: bytes, expected: int) -> PageInk:
        """Return the handwritten ink on a page."""
        page = Page.of_image(jpeg)
        if page.exam_page not in self._pages or page.turned:
            return PageInk(exam_page=None, likeness=0)
        return PageInk(exam_page=page.exam_page, likeness=page.likeness, bands=page.bands().hex())
