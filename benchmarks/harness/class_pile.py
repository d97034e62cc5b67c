"""A pile of a made-up class: an exam, students' writing on it, and a scanner's faults, with the truth."""

import io
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from PIL import Image, ImageDraw

LENGTH: Final = 8
"""Pages of the exam."""

SIZE: Final = (1240, 1754)
"""Pixels of an A4 page at 150 dpi."""

SHARE: Final = 0.05
"""Share of the booklets that have each fault."""

FOREIGN, EMPTY = -1, 0
"""Numbers of sheets that are none of the exam's, and white."""

_WORDS: Final = "name the sum of force and mass derive show that prove with a graph state why how many find if let"
_PEN: Final = 30  # gray level


@dataclass(frozen=True, slots=True)
class Sheet:
    """A scanned page: the student, the exam's page, whether it is upside down, and the number of its scan."""

    student: int
    number: int
    is_turned: bool = False
    scan: int = 0


def blank_page(number: int) -> Image.Image:
    """Return a printed page of the exam."""
    at, page = random.Random(f"page {number}"), Image.new("L", SIZE, 255)
    draw = ImageDraw.Draw(page)
    draw.text((120, 90), f"Final exam, page {number} of {LENGTH}", fill=0, font_size=30)
    for top in (200, 700, 1200):
        for line in range(at.randint(2, 4)):
            text = " ".join(at.choice(_WORDS.split()) for _ in range(at.randint(6, 11)))
            draw.text((120, top + 44 * line), text, fill=0, font_size=28)
    return page


def drawn(sheet: Sheet, blank: dict[int, Image.Image]) -> Image.Image:
    """Return the scan of a sheet: writing on print, a little skewed and shifted."""
    page = blank[sheet.number].copy() if sheet.number > 0 else Image.new("L", SIZE, 255)
    if sheet.number == EMPTY:
        return page
    hand, draw = random.Random(f"{sheet.student} {sheet.number}"), ImageDraw.Draw(page)
    for top in (380, 880, 1380):
        for line in range(hand.randint(0, 5)):  # some answers are left out
            _scribble(draw, hand, 140 + hand.randint(0, 60), top + 55 * line, hand.randint(200, 900))
    feed = random.Random(f"{sheet.student} {sheet.number} {sheet.scan}")
    shift = feed.randint(-10, 10), feed.randint(-12, 12)
    page = page.rotate(feed.uniform(-0.5, 0.5), Image.Resampling.BILINEAR, translate=shift, fillcolor=255)
    return page.transpose(Image.Transpose.ROTATE_180) if sheet.is_turned else page


def _scribble(draw: ImageDraw.ImageDraw, hand: random.Random, left: int, base: int, length: int) -> None:
    """Draw a line of made-up handwriting."""
    x, points = left, list[tuple[int, int]]()
    while x < left + length:
        points.append((x, base + hand.randint(-14, 14)))
        x += hand.randint(5, 14)
        if hand.random() < 0.15:
            draw.line(points, fill=_PEN, width=4)
            x, points = x + 22, []
    draw.line(points, fill=_PEN, width=4)


Fault = Callable[[list[Sheet], random.Random], list[Sheet]]


def double(sheets: list[Sheet], at: random.Random) -> list[Sheet]:
    """Scan a page twice."""
    place = at.randrange(len(sheets))
    return [*sheets[: place + 1], replace(sheets[place], scan=1), *sheets[place + 1 :]]


def missing(sheets: list[Sheet], at: random.Random) -> list[Sheet]:
    """Lose a page."""
    place = at.randrange(len(sheets))
    return [*sheets[:place], *sheets[place + 1 :]]


def swapped(sheets: list[Sheet], at: random.Random) -> list[Sheet]:
    """Swap two neighbours."""
    place = at.randrange(len(sheets) - 1)
    return [*sheets[:place], sheets[place + 1], sheets[place], *sheets[place + 2 :]]


def extra(sheets: list[Sheet], at: random.Random) -> list[Sheet]:
    """Add a sheet of the student's own."""
    place = at.randint(1, len(sheets))
    return [*sheets[:place], Sheet(sheets[0].student, FOREIGN), *sheets[place:]]


def begins_in_the_middle(sheets: list[Sheet], at: random.Random) -> list[Sheet]:
    """Scan from a page in the middle on."""
    place = at.randrange(1, len(sheets))
    return sheets[place:] + sheets[:place]


def backs(sheets: list[Sheet], _: random.Random) -> list[Sheet]:
    """Scan the white back of each page, too."""
    return [each for sheet in sheets for each in (sheet, Sheet(sheet.student, EMPTY))]


def blank(sheets: list[Sheet], at: random.Random) -> list[Sheet]:
    """Add an empty sheet."""
    place = at.randint(1, len(sheets))
    return [*sheets[:place], Sheet(sheets[0].student, EMPTY), *sheets[place:]]


def turned(sheets: list[Sheet], at: random.Random) -> list[Sheet]:
    """Turn a page upside down."""
    place = at.randrange(len(sheets))
    return [*sheets[:place], replace(sheets[place], is_turned=True), *sheets[place + 1 :]]


FAULTS: Final[tuple[Fault, ...]] = (swapped, missing, double, begins_in_the_middle, extra, turned, blank, backs)


def sheets(students: int, seed: int = 1) -> list[Sheet]:
    """Return the sheets of a class in the order of its pile."""
    at = random.Random(seed)
    found: list[Sheet] = []
    for student in range(students):
        booklet = [Sheet(student, number) for number in range(1, LENGTH + 1)]
        for fault in FAULTS:
            if at.random() < SHARE:
                booklet = fault(booklet, at)
        found += booklet
    return found


def jpeg(image: Image.Image) -> bytes:
    """Return an image as a scanner writes it."""
    data = io.BytesIO()
    image.save(data, "JPEG", quality=75)
    return data.getvalue()


def write_pdf(path: Path, pages: Iterator[tuple[bytes, int]], count: int) -> None:
    """Write a scanner's PDF: one JPEG for each page, one after another.

    Parameters
    ----------
    pages
        JPEGs of ``SIZE`` in gray, and the bytes that each is padded to, as of a scan with more detail.
    """
    offsets: list[int] = []
    with path.open("wb") as file:

        def write(body: bytes) -> None:
            offsets.append(file.tell())
            file.write(b"%d 0 obj\n" % len(offsets) + body + b"\nendobj\n")

        file.write(b"%PDF-1.4\n")
        kids = b" ".join(b"%d 0 R" % (3 + 3 * page) for page in range(count))
        write(b"<</Type/Catalog/Pages 2 0 R>>")
        write(b"<</Type/Pages/Count %d/Kids[%s]>>" % (count, kids))
        for page, (data, size) in enumerate(pages):
            first = 3 + 3 * page
            padded = data.ljust(size, b"\0")
            named = b"/Resources<</XObject<</I %d 0 R>>>>/Contents %d 0 R" % (first + 1, first + 2)
            write(b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]" + named + b">>")
            shape = b"/Width %d/Height %d/BitsPerComponent 8/ColorSpace/DeviceGray/Filter/DCTDecode" % SIZE
            head = b"<</Type/XObject/Subtype/Image%s/Length %d>>stream\n" % (shape, len(padded))
            write(head + padded + b"\nendstream")
            write(b"<</Length 29>>stream\nq 595 0 0 842 0 0 cm /I Do Q \nendstream")
        table = file.tell()
        file.write(b"xref\n0 %d\n0000000000 65535 f \n" % (len(offsets) + 1))
        file.writelines(b"%010d 00000 n \n" % offset for offset in offsets)
        size = len(offsets) + 1
        file.write(b"trailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF" % (size, table))
