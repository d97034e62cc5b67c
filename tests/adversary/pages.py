"""Descriptions of scanned pages: print, handwriting and other marks with their places, in place of images.

A description's bytes stand for the page's image everywhere in a run. It says what is on the paper and, as a scan may be
hard to read, how a reader errs on it.
"""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from typing import Any, Self

from aita.models.scan import BANDS

PITCH = 0.03
"""Distance of two lines of handwriting, as a fraction of the page's height."""

INK_HEIGHT = 0.02
"""Height of a line's ink; a band stays empty between two lines."""

MOST_INK = 255
"""Most ink of one band."""


class Kind(StrEnum):
    """Kind of a line, as a careful transcriber tells it."""

    ANSWER = "answer"
    LABEL = "label"
    PAGE_HEAD = "page_head"
    PAGE_NUMBER = "page_number"
    SCRATCH = "scratch"
    TO_READER = "to_reader"


@dataclass(frozen=True, slots=True)
class Line:
    """Line of handwriting.

    ``owner`` is the question whose answer the line is a part of; empty for a line that is no answer's. ``ink`` is the
    sum over the line's bands.
    """

    text: str
    kind: Kind
    top: float
    ink: int
    owner: str = ""
    height: float = INK_HEIGHT


@dataclass(frozen=True, slots=True)
class Space:
    """Space of an answer, from its label on; the label is printed, or the student's own."""

    question_id: str
    top: float
    label: str
    printed: bool = True


@dataclass(frozen=True, slots=True)
class Stroke:
    """Ink without words; ``ink`` is the sum over its bands."""

    top: float
    bottom: float
    ink: int


@dataclass(frozen=True, slots=True)
class Misreading:
    """An error of whoever reads the page: its name in ``reading.MISREADINGS``, and its argument."""

    name: str
    argument: str = ""


@dataclass(frozen=True, slots=True)
class Page:
    """A page as it was scanned.

    Parameters
    ----------
    exam_page
        Page of the blank exam whose print it bears; ``None`` if it bears no such print.
    labels
        Whether the exam prints labels beside its questions.
    likeness
        Share of the blank page's print that is on it.
    turned
        Degrees by which the page was turned on the scanner.
    noise
        Noise of the scan: no two scans have the same bytes, not even those of empty pages.
    """

    exam_page: int | None
    spaces: tuple[Space, ...] = ()
    lines: tuple[Line, ...] = ()
    strokes: tuple[Stroke, ...] = ()
    labels: bool = True
    likeness: float = 1.0
    turned: int = 0
    noise: int = 0
    misreadings: tuple[Misreading, ...] = ()

    @property
    def is_white(self) -> bool:
        """Whether nothing is on the page, not even print."""
        return self.exam_page is None and not (self.lines or self.strokes)

    @property
    def owners(self) -> frozenset[str]:
        """Questions that are answered on the page."""
        return frozenset(line.owner for line in self.lines if line.owner)

    @property
    def questions(self) -> frozenset[str]:
        """Questions with a space or a part of their answer on the page."""
        return self.owners | {space.question_id for space in self.spaces}

    def of(self, question_id: str) -> tuple[Line, ...]:
        """Return the lines of one question's answer."""
        return tuple(line for line in self.lines if line.owner == question_id)

    def space(self, question_id: str) -> Space:
        """Return the space of a question that has one on the page."""
        return next(space for space in self.spaces if space.question_id == question_id)

    def bottom(self, space: Space) -> float:
        """Return where a space ends: at the next one, or at the page's lower edge."""
        return min((other.top for other in self.spaces if other.top > space.top), default=1.0)

    def with_lines(self, lines: Iterable[Line]) -> Self:
        """Return the page with other lines."""
        return replace(self, lines=tuple(sorted(lines, key=lambda line: line.top)))

    def without(self, *lines: Line) -> Self:
        """Return the page without some lines."""
        return self.with_lines(line for line in self.lines if line not in lines)

    def misread(self, name: str, argument: str = "") -> Self:
        """Return the page with one more error of its reader."""
        return replace(self, misreadings=(*self.misreadings, Misreading(name, argument)))

    def bands(self) -> bytes:
        """Return the handwritten ink in each band."""
        found = [0.0] * BANDS
        marks = [(line.top, line.top + line.height, line.ink) for line in self.lines]
        marks += [(stroke.top, stroke.bottom, stroke.ink) for stroke in self.strokes]
        for top, bottom, ink in marks:
            first = min(BANDS - 1, max(0, round(top * BANDS)))
            end = min(BANDS, max(first + 1, round(bottom * BANDS)))
            for band in range(first, end):
                found[band] += ink / (end - first)
        return bytes(min(MOST_INK, round(ink)) for ink in found)

    def image(self) -> bytes:
        """Return the bytes that stand for the page's image."""
        return json.dumps(asdict(self)).encode()

    @classmethod
    def of_image(cls, image: bytes) -> Self:
        """Return the page of an image."""
        return cls._of(json.loads(image))

    @classmethod
    def _of(cls, data: dict[str, Any]) -> Self:
        return cls(
            **data
            | {
                "spaces": tuple(Space(**each) for each in data["spaces"]),
                "lines": tuple(Line(**each | {"kind": Kind(each["kind"])}) for each in data["lines"]),
                "strokes": tuple(Stroke(**each) for each in data["strokes"]),
                "misreadings": tuple(Misreading(**each) for each in data["misreadings"]),
            }
        )


UNREADABLE = b"no image"
"""A file that no page comes out of."""

_PAGES_END = b"\n"

File = tuple[Page, ...] | bytes
"""A scanned file: its pages, or bytes that can't be read."""


def file_of(file: File) -> bytes:
    """Return the bytes of a scanned file."""
    return file if isinstance(file, bytes) else _PAGES_END.join(page.image() for page in file)


def images_of(data: bytes) -> list[bytes]:
    """Return the images of a file's pages; empty if it can't be read."""
    return [] if data == UNREADABLE else data.split(_PAGES_END)
