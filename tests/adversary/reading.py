"""Reading of a page: the lines, kinds, places and warnings that a careful transcriber gives, and errors in them.

Readings are richer than any one prompt asks for; ``reader`` alone knows the form of the replies.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.adversary.pages import Kind, Line, Misreading, Page

CONFIDENCE = 0.95

_BESIDE_THE_ANSWERS = (Kind.PAGE_HEAD, Kind.PAGE_NUMBER, Kind.SCRATCH)


@dataclass(slots=True)
class ReadLine:
    """A line as it was read; ``question_id`` is the space that it stands in, empty above the first one."""

    text: str
    kind: Kind
    top: float
    question_id: str = ""


@dataclass(slots=True)
class Start:
    """Where an answer's space begins: ``line`` is None if nothing is written in it."""

    question_id: str
    line: ReadLine | None
    top: float
    confidence: float = CONFIDENCE


@dataclass(slots=True)
class Warned:
    """A transcriber's warning: a kind of the warnings that prompts name, with a note."""

    kind: str
    note: str


@dataclass(slots=True)
class Reading:
    """All that is read on a page. ``raw`` takes the place of a reply in the form asked for."""

    lines: list[ReadLine]
    starts: list[Start]
    confidence: float = CONFIDENCE
    warnings: list[Warned] = field(default_factory=list)
    raw: str | None = None

    def drop(self, line: ReadLine) -> None:
        """Leave a line out; an answer that began there begins on the next line of its space."""
        at = self.lines.index(line)
        del self.lines[at]
        for start in self.starts:
            if start.line is line:
                rest = [each for each in self.lines[at:] if each.question_id == start.question_id]
                start.line = next((each for each in rest if _begins_an_answer(each)), None)


def read(page: Page) -> Reading:
    """Return the reading of a page, with the errors that its description has."""
    reading = Reading([], []) if page.is_white else _right(page)
    for misreading in page.misreadings:
        MISREADINGS[misreading.name](reading, page, misreading)
    return reading


def _right(page: Page) -> Reading:
    spaces = sorted(page.spaces, key=lambda space: space.top)
    labels = [
        Line(space.label, Kind.LABEL, space.top, 0) for space in spaces if space.printed and space.label and page.labels
    ]
    marks = random.Random(page.image())
    lines = []
    for line in sorted([*labels, *page.lines], key=lambda each: each.top):
        space = next((each for each in reversed(spaces) if each.top <= line.top), None)
        top = min(1.0, max(0.0, line.top + marks.uniform(-0.005, 0.005)))
        lines.append(ReadLine(line.text, line.kind, round(top, 3), space.question_id if space else ""))
    starts = []
    for space in spaces:
        within = [line for line in lines if line.question_id == space.question_id and _begins_an_answer(line)]
        top = min(1.0, max(0.0, space.top + marks.uniform(-0.01, 0.01)))
        starts.append(Start(space.question_id, within[0] if within else None, round(top, 3)))
    return Reading(lines, starts)


def _begins_an_answer(line: ReadLine) -> bool:
    return line.kind is not Kind.LABEL and line.kind not in _BESIDE_THE_ANSWERS


def _lines_with(reading: Reading, text: str) -> list[ReadLine]:
    return [line for line in reading.lines if line.text == text]


def _dropped(reading: Reading, page: Page, error: Misreading) -> None:
    for line in _lines_with(reading, error.argument):
        reading.drop(line)


def _invented(reading: Reading, page: Page, error: Misreading) -> None:
    """Read a line where nothing is written: in the space of the question that the argument begins with."""
    question_id, _, text = error.argument.partition("\n")
    start = next(each for each in reading.starts if each.question_id == question_id)
    line = ReadLine(text, Kind.ANSWER, min(1.0, round(start.top + 0.05, 3)), question_id)
    after = [number for number, each in enumerate(reading.lines, 1) if each.top <= line.top]
    reading.lines.insert(max(after, default=0), line)
    start.line = start.line or line


def _changed(reading: Reading, page: Page, error: Misreading) -> None:
    """Read a line as another text, as when the paper asks for it; the argument has both texts."""
    was, _, now = error.argument.partition("\n")
    for line in _lines_with(reading, was):
        line.text = now


def _empty(reading: Reading, page: Page, error: Misreading) -> None:
    reading.lines.clear()
    for start in reading.starts:
        start.line = None


def _unsure(reading: Reading, page: Page, error: Misreading) -> None:
    reading.confidence = float(error.argument)


def _warned(reading: Reading, page: Page, error: Misreading) -> None:
    kind, _, note = error.argument.partition("\n")
    reading.warnings.append(Warned(kind, note))


def _raw(reading: Reading, page: Page, error: Misreading) -> None:
    reading.raw = error.argument


def _starts_swapped(reading: Reading, page: Page, error: Misreading) -> None:
    """Mark two answers each as the other question's; the argument has both ids."""
    first, second = error.argument.split("\n")
    other = {first: second, second: first}
    for start in reading.starts:
        start.question_id = other.get(start.question_id, start.question_id)


def _start_missing(reading: Reading, page: Page, error: Misreading) -> None:
    reading.starts = [start for start in reading.starts if start.question_id != error.argument]


def _start_late(reading: Reading, page: Page, error: Misreading) -> None:
    """Mark an answer's beginning one line too low."""
    start = next(each for each in reading.starts if each.question_id == error.argument)
    if start.line is not None:
        rest = reading.lines[reading.lines.index(start.line) + 1 :]
        start.line = next((each for each in rest if each.question_id == error.argument), start.line)


def _start_early(reading: Reading, page: Page, error: Misreading) -> None:
    """Mark an answer's beginning on the last line of the answer before it."""
    start = next(each for each in reading.starts if each.question_id == error.argument)
    if start.line is not None:
        before = [each for each in reading.lines[: reading.lines.index(start.line)] if each.kind is Kind.ANSWER]
        start.line = before[-1] if before else start.line


def _start_empty(reading: Reading, page: Page, error: Misreading) -> None:
    """Mark an answer that is written as not written."""
    for start in reading.starts:
        if start.question_id == error.argument:
            start.line = None


def _start_elsewhere(reading: Reading, page: Page, error: Misreading) -> None:
    """Mark an answer's space at another height of the page."""
    question_id, top = error.argument.split("\n")
    for start in reading.starts:
        if start.question_id == question_id:
            start.top = float(top)


def _unsure_start(reading: Reading, page: Page, error: Misreading) -> None:
    for start in reading.starts:
        if start.question_id == error.argument:
            start.confidence = 0.3


def _heads_as_answers(reading: Reading, page: Page, error: Misreading) -> None:
    for line in reading.lines:
        line.kind = Kind.ANSWER if line.kind is Kind.PAGE_HEAD else line.kind


MISREADINGS: dict[str, Callable[[Reading, Page, Misreading], None]] = {
    "dropped": _dropped,
    "invented": _invented,
    "changed": _changed,
    "empty": _empty,
    "unsure": _unsure,
    "warned": _warned,
    "raw": _raw,
    "starts swapped": _starts_swapped,
    "start missing": _start_missing,
    "start late": _start_late,
    "start early": _start_early,
    "start empty": _start_empty,
    "start elsewhere": _start_elsewhere,
    "unsure start": _unsure_start,
    "heads as answers": _heads_as_answers,
}
"""Errors of a reader, by their names in descriptions of pages."""
