"""Handwriting: words in a handwriting font that wander off the line, strike-outs, scrawls and a sketch."""

import math
import random
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw, ImageFont

from rendering.layout import LEFT, RIGHT, RULE_SPACING, AnswerSpace

Point = tuple[float, float]

_PIECES = re.compile(r"(~~.+?~~|\[illegible\])")


@dataclass
class Pen:
    """One student's hand on one page. ``scale`` is pixels per point; all else is in pixels."""

    image: Image.Image
    font: ImageFont.FreeTypeFont
    ink: tuple[int, int, int]
    scale: float
    chance: random.Random

    def __post_init__(self) -> None:
        self._draw = ImageDraw.Draw(self.image)

    def answer(self, text: str, space: AnswerSpace) -> None:
        """Write an answer, one line of it to each rule.

        Raises
        ------
        ValueError
            If there are more lines than rules.
        """
        lines = text.split("\n")
        if len(lines) > space.rules:
            raise ValueError(f"{len(lines)} lines do not fit on {space.rules} rules: {lines[0]!r}")
        for number, line in enumerate(lines):
            self.line(line, LEFT + 14, space.y + RULE_SPACING * number)

    def line(self, text: str, x: float, y: float) -> None:
        """Write one line whose baseline starts at ``x``, ``y`` points.

        Raises
        ------
        ValueError
            If it would leave the page.
        """
        right, baseline = x * self.scale, y * self.scale - 5
        for piece in _PIECES.split(text):
            if piece == "[illegible]":
                right = self._scrawl(right, baseline)
            elif piece.startswith("~~"):
                end = self._words(piece.strip("~"), right, baseline)
                self._strike(right, end, baseline)
                right = end + self._space()
            elif piece.strip():
                right = self._words(piece, right, baseline) + self._space()
        if right > (RIGHT + 22) * self.scale:
            raise ValueError(f"a line runs off the page: {text!r}")

    def sketch(self, forces: list[dict[str, Any]], space: AnswerSpace) -> None:
        """Draw a box on a ramp of 30 degrees, with an arrow and a label for each force."""
        foot = ((LEFT + 120) * self.scale, (space.y + space.height - 14) * self.scale)
        ramp = self._towards(foot, 30, 560)
        self._stroke([foot, ramp])
        self._stroke([foot, (ramp[0], foot[1])])
        self._stroke([ramp, (ramp[0], foot[1])])
        base = self._towards(foot, 30, 225)
        corners = [base, self._towards(base, 30, 84)]
        corners += [self._towards(corners[1], 120, 62), self._towards(base, 120, 62)]
        for start, end in zip(corners, [*corners[1:], base], strict=True):
            self._stroke([start, end])
        middle = ((corners[0][0] + corners[2][0]) / 2, (corners[0][1] + corners[2][1]) / 2)
        for force in forces:
            self._arrow(middle, force["degrees"], force["length"], force["label"])

    def _words(self, text: str, x: float, baseline: float) -> float:
        """Write words from ``x`` on, each a little off the line; return where the last one ends."""
        end = x
        for word in text.split():
            drift = self.chance.uniform(-2.5, 2.5)
            self._draw.text((x, baseline + drift), word, font=self.font, fill=self._shade(), anchor="ls")
            end = x + self.font.getlength(word)
            x = end + self._space()
        return end

    def _space(self) -> float:
        return self.font.size * self.chance.uniform(0.26, 0.42)

    def _shade(self) -> tuple[int, int, int]:
        """Return the ink, pressed more or less."""
        lighter = self.chance.randint(0, 26)
        return (self.ink[0] + lighter, self.ink[1] + lighter, self.ink[2] + lighter)

    def _strike(self, left: float, right: float, baseline: float) -> None:
        for height in (0.24, 0.34):
            y = baseline - self.font.size * height
            self._stroke([(left - 6, y), (right + 8, y + self.chance.uniform(-6, 6))], wobble=3)

    def _scrawl(self, left: float, baseline: float) -> float:
        """Fill a line with loops that mean nothing; return where they end."""
        right = left + self.chance.uniform(0.74, 0.86) * (RIGHT - LEFT) * self.scale
        points: list[Point] = []
        x, turn = left, 0.0
        while x < right:
            turn += self.chance.uniform(0.5, 1.1)
            height = self.chance.uniform(4, 17)
            points.append((x + 12 * math.cos(turn), baseline - 11 - height * math.sin(turn * 1.3)))
            x += self.chance.uniform(1.5, 5)
        self._draw.line(points, fill=self._shade(), width=3, joint="curve")
        return right

    def _arrow(self, start: Point, degrees: float, length: float, label: str) -> None:
        tip = self._towards(start, degrees, length)
        self._stroke([start, tip])
        for side in (150, -150):
            self._stroke([tip, self._towards(tip, degrees + side, 20)], wobble=1)
        place = self._towards(tip, degrees, 24)
        if math.cos(math.radians(degrees)) < -0.3:
            place = (place[0] - self.font.getlength(label), place[1])
        elif 0 < degrees < 60:
            place = (place[0], place[1] - 26)  # clear of the ramp
        elif degrees == 270:
            place = (tip[0] + 16, tip[1])
        self._draw.text((place[0], place[1] + 8), label, font=self.font, fill=self._shade(), anchor="ls")

    def _towards(self, start: Point, degrees: float, length: float) -> Point:
        angle = math.radians(degrees)
        return (start[0] + length * math.cos(angle), start[1] - length * math.sin(angle))

    def _stroke(self, ends: list[Point], wobble: float = 2) -> None:
        """Draw a line between two points as a hand does: not quite straight."""
        (x0, y0), (x1, y1) = ends
        points = []
        for step in range(9):
            part = step / 8
            points.append(
                (
                    x0 + (x1 - x0) * part + self.chance.uniform(-wobble, wobble) / 2,
                    y0 + (y1 - y0) * part + self.chance.uniform(-wobble, wobble) / 2,
                )
            )
        self._draw.line(points, fill=self._shade(), width=4, joint="curve")


def load_font(path: Path, size: int, text: str) -> ImageFont.FreeTypeFont:
    """Load a font, and make sure that it has a glyph for every character of ``text``.

    Raises
    ------
    ValueError
        If a character is missing: it would be drawn as a box or not at all.
    """
    font = ImageFont.truetype(path, size, layout_engine=ImageFont.Layout.BASIC)
    missing = bytes(font.getmask("\uffff"))
    lacking = {character for character in text if not character.isspace() and bytes(font.getmask(character)) == missing}
    if lacking:
        raise ValueError(f"{path.name} has no {' '.join(sorted(lacking))}")
    return font
