"""Ranges of a PDF's pages: the same images as of the whole file, with little more read than they need."""

import io
from dataclasses import dataclass, field
from functools import partial

import pytest
from PIL import Image

from aita.errors import UnreadableScanError
from aita.imaging.isolated import count_apart, numbered_pages_apart
from aita.imaging.pages import pages
from aita.imaging.pdf import TAIL
from aita.imaging.pdf_ranges import pdf_page_count, pdf_range

SIZE = (400, 560)


@dataclass
class Bytes:
    """A file in memory that knows what was read of it."""

    data: bytes
    reads: list[tuple[int, int]] = field(default_factory=list)

    @property
    def size(self) -> int:
        return len(self.data)

    def read(self, first: int, length: int) -> bytes:
        self.reads.append((first, length))
        return self.data[first : first + length]


@pytest.fixture(scope="module")
def scan() -> bytes:
    """A PDF of twelve pages that are each another picture."""
    images = [Image.effect_noise(SIZE, 40 + 5 * number) for number in range(12)]
    data = io.BytesIO()
    images[0].save(data, "PDF", save_all=True, append_images=images[1:], resolution=100.0)
    return data.getvalue()


def test_a_range_is_what_the_whole_file_has_there(scan: bytes) -> None:
    whole = list(pages(scan, longest_side=600))
    found = list(numbered_pages_apart(Bytes(scan), partial(pdf_range, first=5, last=7, longest_side=600)))
    assert [number for number, _ in found] == [5, 6, 7]
    assert [page for _, page in found] == whole[4:7]


def test_no_more_is_read_than_the_range_needs(scan: bytes) -> None:
    file = Bytes(scan)
    list(numbered_pages_apart(file, partial(pdf_range, first=9, last=9, longest_side=600)))
    assert sum(length for _, length in file.reads) < len(scan) / 4


def test_pages_are_counted_without_their_pictures(scan: bytes) -> None:
    file = Bytes(scan)
    assert count_apart(file, pdf_page_count) == 12
    end, *others = sorted((length for _, length in file.reads), reverse=True)
    assert end <= TAIL
    assert max(others) < 10_000


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda data: data[: len(data) // 2], "cut off"),
        (lambda data: b"%PDF-1.4 nothing" + b" " * 100 + b"%%EOF", "corrupt or cut off"),
    ],
)
def test_a_damaged_file_is_refused(scan: bytes, damage: object, said: str) -> None:
    assert callable(damage)
    with pytest.raises(UnreadableScanError, match=said):
        count_apart(Bytes(damage(scan)), pdf_page_count)


def test_a_failure_to_read_the_file_is_no_damage_of_it(scan: bytes) -> None:
    class Gone(Bytes):
        def read(self, first: int, length: int) -> bytes:
            if self.reads:
                raise ConnectionError("S3 is not there")
            return super().read(first, length)

    with pytest.raises(ConnectionError):
        count_apart(Gone(scan), pdf_page_count)
