"""Reading of a page: the lines, kinds, places and warnings that a careful transcriber gives, and errors in them.

Readings are richer than any one prompt asks for; ``reader`` alone knows the form of the replies.
"""

import math
import random
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.adversary.pages import PITCH, Kind, Line, Misreading, Page

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
    """Return the right reading: lines from top to bottom, each in the space that it stands in.

    Printed labels come with the answers that they belong to; those of empty spaces may be left out.
    """
    marks = random.Random(page.image())
    spaces = sorted(page.spaces, key=lambda space: space.top)
    names_empty = marks.random() < 0.5
    reading = Reading([], [])
    first_top = spaces[0].top if spaces else math.inf
    reading.lines += [_seen(line, "", marks) for line in page.lines if line.top < first_top]
    for space, bottom in zip(spaces, [*(space.top for space in spaces), math.inf][1:], strict=True):
        within = [_seen(line, space.question_id, marks) for line in page.lines if space.top <= line.top < bottom]
        first = next((line for line in within if _begins_an_answer(line)), None)
        if space.printed and page.labels and (first or names_empty):
            reading.lines.append(ReadLine(space.label, Kind.LABEL, _near(space.top, marks), space.question_id))
        reading.lines += within
        reading.starts.append(Start(space.question_id, first, _near(space.top, marks)))
    return reading


def _seen(line: Line, question_id: str, marks: random.Random) -> ReadLine:
    return ReadLine(line.text, line.kind, _near(line.top, marks), question_id)


def _near(top: float, marks: random.Random) -> float:
    """Return a height as a model tells it, up to a hundredth off."""
    return round(min(1.0, max(0.0, top + marks.uniform(-0.01, 0.01))), 3)


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


def _added(reading: Reading, page: Page, error: Misreading) -> None:
    """Read a line where nothing is written: right below another one; the argument has both texts."""
    above, _, text = error.argument.partition("\n")
    for line in _lines_with(reading, above):
        added = ReadLine(text, line.kind, min(1.0, round(line.top + PITCH / 2, 3)), line.question_id)
        reading.lines.insert(reading.lines.index(line) + 1, added)


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


def _start_added(reading: Reading, page: Page, error: Misreading) -> None:
    """Mark a question of another page to begin on a line; the argument has its id and the line's text."""
    question_id, text = error.argument.split("\n")
    reading.starts += [Start(question_id, line, line.top) for line in _lines_with(reading, text)]
    reading.starts.sort(key=lambda start: start.top)


def _unsure_start(reading: Reading, page: Page, error: Misreading) -> None:
    for start in reading.starts:
        if start.question_id == error.argument:
            start.confidence = 0.3


def _heads_as_answers(reading: Reading, page: Page, error: Misreading) -> None:
    for line in reading.lines:
        line.kind = Kind.ANSWER if line.kind is Kind.PAGE_HEAD else line.kind


def _read_first(reading: Reading, page: Page, error: Misreading) -> None:
    """Read a line before all others, as one in the margin."""
    for line in _lines_with(reading, error.argument):
        reading.drop(line)
        line.question_id = ""
        reading.lines.insert(0, line)


MISREADINGS: dict[str, Callable[[Reading, Page, Misreading], None]] = {
    "dropped": _dropped,
    "invented": _invented,
    "added": _added,
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
    "start added": _start_added,
    "unsure start": _unsure_start,
    "heads as answers": _heads_as_answers,
    "read first": _read_first,
}
"""Errors of a reader, by their names in descriptions of pages."""
