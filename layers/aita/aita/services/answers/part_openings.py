"""Answers that an unplaced part opens: blank ones near it, and written ones beside it that it may be a piece of.

What belongs to no answer may be one that was written in the wrong place. So no answer is blank while there is such a
part on its page or on a page beside it. A written answer is open only if the part is next to it in reading order and
is content: a name, a date or a small mark is listed, and opens nothing.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from aita.models.answer import Presence, QuestionAnswer
from aita.models.ledger import Owner, Part

LEAST_WORDS = 2
"""Least number of words, beside names, dates and numbers, that may be a piece of a written answer."""

LEAST_INK = 100
"""Least ink without such words that may be one: five to seven characters on the sample exam's pages."""

LEAST_SHARE = 0.25
"""Least ink that may be a piece of a written answer, as a share of the answer's own."""


@dataclass(frozen=True, slots=True)
class StudentReading:
    """A student's answers, and how the pages are read.

    Parameters
    ----------
    answers
        The answers in the exam's order.
    order
        Numbers of the student's pages in the exam's order.
    content
        Returns the number of words in a part that are no name, date or number.
    """

    answers: Sequence[QuestionAnswer]
    order: Sequence[int]
    content: Callable[[Part], int]


def with_openings(parts: Sequence[Part], reading: StudentReading) -> tuple[Part, ...]:
    """Return a student's parts; each one that is unplaced has the questions whose answers it opens."""
    ink = Counter[str]()
    for part in parts:
        if part.question_id is not None:
            ink[part.question_id] += part.ink
    return tuple(
        part.model_copy(update={"opens": _opened(part, reading, ink)}) if part.owner is Owner.UNPLACED else part
        for part in parts
    )


def _opened(part: Part, reading: StudentReading, ink: Counter[str]) -> tuple[str, ...]:
    position = {page: number for number, page in enumerate(reading.order)}
    here = position[part.page]
    beside = {
        answer.question_id
        for answer in reading.answers
        if answer.presence is Presence.BLANK and any(abs(position[place.page] - here) <= 1 for place in answer.pages)
    }
    words = reading.content(part)
    pieces = {
        answer.question_id
        for answer in _next_to(here, part.top, reading.answers, position)
        if words >= LEAST_WORDS or part.ink >= max(LEAST_INK, LEAST_SHARE * ink[answer.question_id])
        if answer.presence is Presence.WRITTEN
    }
    return tuple(answer.question_id for answer in reading.answers if answer.question_id in beside | pieces)


def _next_to(
    here: int, top: float, answers: Iterable[QuestionAnswer], position: dict[int, int]
) -> list[QuestionAnswer]:
    """Return the answer before and the one behind a place in reading order."""
    places = [((position[place.page], place.top), answer) for answer in answers for place in answer.pages]
    places.sort(key=lambda each: each[0])
    before = [answer for at, answer in places if at < (here, top)]
    behind = [answer for at, answer in places if at >= (here, top)]
    return before[-1:] + behind[:1]
