"""A class whose answers are read wrongly on order: what each student wrote, where, and what the reader makes of it."""

import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise

from tests.adversary.handwriting import PRINT, Hand
from tests.adversary.pages import PITCH, Kind, Misreading, Page, Space, Stroke
from tests.misreadings.errors import Error, misread
from tests.misreadings.questions import MadeUpQuestion, Statements, answer, exam

ERRING = 0.6
"""Share of the answers with an error, as far as one fits."""

DOODLES = 0.06
"""Share of the pages with ink that is no writing: a person looks at the answer, however it was read."""

_LINES = 5
"""Lines that an answer has room for above a doodle."""

_ON_A_PAGE, _FIRST, _HEIGHT = 3, 0.14, 0.28

_CONFIDENCES = ((0.9, 0.90, 0.99), (0.08, 0.75, 0.90), (0.02, 0.6, 0.75))
"""Shares of the pages whose reader is as sure as this, from and to, whether or not it errs."""

_NAMES = ("Ada", "Ben", "Cleo", "Dan", "Eva", "Finn", "Gia", "Hal", "Ida", "Jon", "Kim", "Leo", "Mia", "Ned", "Ola")


@dataclass(frozen=True, slots=True)
class MadeUpAnswer:
    """What a student wrote, and what the reader makes of it; ``error`` is ``None`` if it is read rightly."""

    question: MadeUpQuestion
    written: Statements
    error: Error | None
    read: Statements

    @property
    def deserved(self) -> float:
        """Points that the answer deserves."""
        return self.question.earned(self.written)

    @property
    def counts(self) -> bool:
        """Whether the error changes the points."""
        return self.deserved != self.question.earned(self.read)


@dataclass(frozen=True, slots=True)
class MadeUpStudent:
    """A student with a folder, answers by question id, pages, and the readings of these pages by their noise."""

    folder: str
    answers: dict[str, MadeUpAnswer]
    pages: tuple[Page, ...]
    readings: dict[int, tuple[Misreading, ...]]


@dataclass(frozen=True, slots=True)
class MadeUpClass:
    """A class with its exam, which follow from a seed."""

    seed: int
    questions: tuple[MadeUpQuestion, ...]
    blank_exam: tuple[Page, ...]
    students: tuple[MadeUpStudent, ...]

    @classmethod
    def of(cls, seed: int, students: int) -> "MadeUpClass":
        """Return the class of a seed."""
        chance = random.Random(seed)
        questions = tuple(exam(chance))
        blank_exam = tuple(_blank_exam(questions))
        made = (_student(f"{name} {seed}", questions, blank_exam, chance) for name in _NAMES[:students])
        return cls(seed, questions, blank_exam, tuple(made))

    def readings(self) -> dict[int, tuple[Misreading, ...]]:
        """Return what the reader does to each page, by the page's noise."""
        return {noise: each for student in self.students for noise, each in student.readings.items()}


def made_up_answer(question: MadeUpQuestion, chance: random.Random) -> MadeUpAnswer:
    """Return an answer to a question, with or without an error of the reader's."""
    written = answer(question, chance)
    errors = [error for error in Error if misread(question, written, error, chance)]
    if errors and chance.random() < ERRING:
        error = chance.choice(errors)
        read = misread(question, written, error, chance)
        assert read is not None
        return MadeUpAnswer(question, written, error, read)
    return MadeUpAnswer(question, written, None, written)


def _blank_exam(questions: tuple[MadeUpQuestion, ...]) -> Iterator[Page]:
    sheets = (questions[first : first + _ON_A_PAGE] for first in range(0, len(questions), _ON_A_PAGE))
    for number, here in enumerate(sheets, 1):
        spaces = (
            Space(each.question_id, round(_FIRST + place * _HEIGHT, 3), f"{each.question_id}.")
            for place, each in enumerate(here)
        )
        yield Page(number, tuple(spaces))


def _student(
    folder: str, questions: tuple[MadeUpQuestion, ...], blank_exam: tuple[Page, ...], chance: random.Random
) -> MadeUpStudent:
    hand = Hand(chance, chance.uniform(6, 11))
    answers = {each.question_id: made_up_answer(each, chance) for each in questions}
    pages, readings = [], {}
    for blank in blank_exam:
        lines = [hand.line(folder, 0.035, Kind.PAGE_HEAD, bold=1.3)]
        errors = [Misreading("unsure", str(_confidence(chance)))]
        for space in blank.spaces:
            each = answers[space.question_id]
            lines += hand.lines(each.question.lines(each.written), space.top + PRINT, space.question_id)
            errors += _errors(each)
        marks = (_doodle(blank, chance),) if chance.random() < DOODLES else ()
        page = replace(blank.with_lines(lines), strokes=marks, noise=chance.getrandbits(48))
        pages.append(page)
        readings[page.noise] = tuple(errors)
    return MadeUpStudent(folder, answers, tuple(pages), readings)


def _doodle(blank: Page, chance: random.Random) -> Stroke:
    """Return ink without words below an answer, which may belong to it or to nobody."""
    top = round(chance.choice(blank.spaces).top + PRINT + _LINES * PITCH, 3)
    return Stroke(top, round(top + 0.02, 3), chance.randint(60, 300))


def _errors(each: MadeUpAnswer) -> Iterator[Misreading]:
    """Yield what turns the lines of an answer into those that are read."""
    written, read = each.question.lines(each.written), each.question.lines(each.read)
    if len(written) == len(read):
        for was, now in zip(written, read, strict=True):
            if was != now:
                yield Misreading("changed", f"{was}\n{now}")
        return
    yield from (Misreading("dropped", line) for line in written if line not in read)
    yield from (Misreading("added", f"{above}\n{line}") for above, line in pairwise(read) if line not in written)


def _confidence(chance: random.Random) -> float:
    drawn, reached = chance.random(), 0.0
    for share, least, most in _CONFIDENCES:
        reached += share
        if drawn < reached:
            return round(chance.uniform(least, most), 2)
    return _CONFIDENCES[0][1]
