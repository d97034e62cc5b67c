"""Answers that an unplaced part opens: blank ones near it, and written ones that it may be a piece of.

Writing that belongs to no answer may be one in the wrong place. So no answer is blank while there is such a
part on its page or on a page beside it. A written answer is open only if the part is next to it in reading order and
is content: a name, a date or a small mark is listed, and opens nothing. A part that points to a question opens that
question's answer, and content on a sheet that is none of the exam's may go on with any answer.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from aita.models.answer import Presence, QuestionAnswer
from aita.models.ledger import Owner, Part
from aita.services.answers.page_furniture import MOST_FURNITURE

LEAST_WORDS = 2
"""Least number of words, beside names, dates and numbers, that may be a piece of a written answer."""

LEAST_INK = 100
"""Least ink without such words that may be one: five to seven characters on the sample exam's pages."""

LEAST_SHARE = 0.25
"""Least ink that may be a piece of a written answer, as a share of the answer's own."""

LINE_INK = 250
"""Ink that may be a piece of any answer, however long: a line of handwriting."""


@dataclass(frozen=True, slots=True)
class PartContent:
    """Content of an unplaced part.

    Parameters
    ----------
    words
        Number of words that are no name, date or number.
    pointed
        Questions that it points to, whose label stands in it, or whose place has lines of it that may be the answer's.
    on_sheet
        Whether it is on a sheet that is none of the exam's, or that may be none and has no answer: its ink is unknown.
    unread
        Whether its ink may be anything: nothing was read on its page, or it is in the page's top, nothing was read
        there, and the class does not tell whether a head is.
    beside
        Questions of the lines that were read before and behind it, and stand on its other side.
    may_choose
        Questions of multiple choice, if it is a letter alone.
    """

    words: int
    pointed: Collection[str]
    on_sheet: bool = False
    unread: bool = False
    beside: Collection[str] = ()
    may_choose: Collection[str] = ()

    def may_be_piece(self, ink: int, own: int) -> bool:
        """Return whether a part with so much ink may be a piece of an answer with so much ink of its own."""
        least = MOST_FURNITURE + 1 if self.unread else min(max(LEAST_INK, LEAST_SHARE * own), LINE_INK)
        return self.words >= LEAST_WORDS or ink >= least


@dataclass(frozen=True, slots=True)
class StudentReading:
    """A student's answers, and the order in which the pages are read.

    Parameters
    ----------
    answers
        The answers in the exam's order.
    pages
        Numbers of the student's pages in the exam's order. Where the scans have another, a part is beside the answers
        before and behind it in either.
    ink
        Each answer's own ink.
    """

    answers: Sequence[QuestionAnswer]
    pages: Sequence[int]
    ink: Counter[str]

    def opened(self, part: Part, content: PartContent) -> tuple[str, ...]:
        """Return the questions whose answers an unplaced part opens, in the exam's order."""
        if content.on_sheet and (content.words or not part.lines):
            pieces = {answer.question_id for answer in self.answers}
        else:
            pieces = {*self._near(part, content), *content.pointed}
        blank = self._blank_beside(part)
        return tuple(
            answer.question_id
            for answer in self.answers
            if answer.question_id in blank or (answer.question_id in pieces and answer.presence is not Presence.UNCLEAR)
        )

    def _blank_beside(self, part: Part) -> set[str]:
        here = self.pages.index(part.page)
        beside = {*self.pages[max(0, here - 1) : here + 2]}
        return {
            answer.question_id
            for answer in self.answers
            if answer.presence is Presence.BLANK and beside.intersection(place.page for place in answer.pages)
        }

    def _near(self, part: Part, content: PartContent) -> Iterable[str]:
        """Yield the written answers before and behind a part in reading order that it may be a piece of."""
        read = (answer for answer in self.answers if answer.question_id in content.beside)
        for answer in (*self._beside(part, self.pages), *self._beside(part, sorted(self.pages)), *read):
            own = self.ink[answer.question_id]
            is_piece = content.may_be_piece(part.ink, own) or answer.question_id in content.may_choose
            if answer.presence is Presence.WRITTEN and is_piece:
                yield answer.question_id

    def _beside(self, part: Part, pages: Sequence[int]) -> list[QuestionAnswer]:
        """Return the answers before and behind a part, if the pages are read in an order."""
        position = {page: number for number, page in enumerate(pages)}
        places = [((position[place.page], place.top), answer) for answer in self.answers for place in answer.pages]
        places.sort(key=lambda each: each[0])
        here = position[part.page], part.top
        before = [answer for at, answer in places if at < here][-1:]
        return before + [answer for at, answer in places if at >= here][:1]


def answers_ink(parts: Iterable[Part]) -> Counter[str]:
    """Return the ink of each answer by question id."""
    ink = Counter[str]()
    for part in parts:
        if part.owner is Owner.ANSWER and part.question_id is not None:
            ink[part.question_id] += part.ink
    return ink
