"""Handwriting: lines and drawings with the ink that they take, put into the spaces of a page."""

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tests.adversary.pages import PITCH, Kind, Line, Page, Space

PRINT = 0.045
"""Height of a question's print, from its label to the first line below it."""

GAP = 0.045
"""Least distance of handwriting from the next label."""

LOWEST = 0.93
"""Where the last line of a page may begin."""

RULED_TOP = 0.13
"""Where handwriting begins on a ruled page, below the head."""

DRAWING = 0.09
"""Height of a drawing."""

_LEAST_INK = 24


@dataclass(slots=True)
class Hand:
    """A student's hand; ``ink`` is that of a character."""

    random: random.Random
    ink: float

    def line(self, text: str, top: float, kind: Kind = Kind.ANSWER, owner: str = "", bold: float = 1.0) -> Line:
        """Return a line of text, or a drawing by its description."""
        spread = self.random.uniform(0.85, 1.15) * bold
        if is_drawing(text):
            return Line(text, kind, round(top, 3), round(self.random.uniform(180, 420)), owner, DRAWING)
        ink = max(_LEAST_INK, round(len(text.replace(" ", "")) * self.ink * spread))
        return Line(text, kind, round(top, 3), ink, owner)

    def lines(self, texts: Iterable[str], top: float, owner: str) -> list[Line]:
        """Return an answer's lines, one below the other."""
        found = []
        for text in texts:
            found.append(self.line(text, top, owner=owner))
            top += height(text)
        return found


def is_drawing(text: str) -> bool:
    """Return whether a text describes a drawing."""
    return text.startswith("[drawing")


def height(text: str) -> float:
    """Return the height that a line takes with the gap below it."""
    return DRAWING + PITCH if is_drawing(text) else PITCH


def room(page: Page, space: Space) -> float:
    """Return the height that handwriting has in a space."""
    bottom = page.bottom(space)
    return (LOWEST if bottom >= 1 else bottom - GAP) - space.top - PRINT


def fitting(texts: Sequence[str], height_left: float) -> int:
    """Return how many of the lines fit into a height."""
    for count, text in enumerate(texts):
        height_left -= height(text)
        if height_left < 0:
            return count
    return len(texts)
