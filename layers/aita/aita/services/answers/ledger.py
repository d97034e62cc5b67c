"""A student's ledger: the parts of all pages with what they open, and the doubts that only all of the ink shows."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from aita.models.answer import Presence, QuestionAnswer
from aita.models.ledger import Owner, Part, StudentLedger
from aita.models.review_flags import Flag, FlagKind
from aita.services.answers.head_words import HeadWords
from aita.services.answers.page_heads import PageHead
from aita.services.answers.page_owners import AssembledPage
from aita.services.answers.page_parts import page_parts
from aita.services.answers.part_openings import StudentReading, with_openings
from aita.services.answers.unexplained_ink import InkedText, unexplained


@dataclass(frozen=True, slots=True)
class ClassKnowledge:
    """What the class's pages and questions tell of a student's.

    Parameters
    ----------
    heads
        Head and furniture by exam page, where the class tells them.
    words
        Words of page heads.
    drawings
        Ids of the questions that ask for a drawing.
    """

    heads: Mapping[int, PageHead]
    words: HeadWords
    drawings: Collection[str]


def with_ledger(
    answers: Sequence[QuestionAnswer], pages: Sequence[AssembledPage], known: ClassKnowledge
) -> tuple[tuple[QuestionAnswer, ...], StudentLedger]:
    """Return a student's answers, with flags for ink that no text explains, and the ledger.

    Parameters
    ----------
    answers
        The answers in the exam's order, with their presence.
    pages
        The student's pages in the exam's order.
    """
    numbered = {page.page: page for page in pages}
    parts = [part for number in sorted(numbered) for part in page_parts(numbered[number], known.heads, known.words)]

    def content(part: Part) -> int:
        lines = numbered[part.page].lines
        return known.words.content("\n".join(lines[number - 1].text for number in part.lines))

    reading = StudentReading(answers, [page.page for page in pages], content)
    doubted = _with_unexplained_ink(answers, numbered, parts, known.drawings)
    return doubted, StudentLedger(parts=with_openings(parts, reading))


def _with_unexplained_ink(
    answers: Sequence[QuestionAnswer],
    pages: Mapping[int, AssembledPage],
    parts: Sequence[Part],
    drawings: Collection[str],
) -> tuple[QuestionAnswer, ...]:
    ink = Counter[str]()
    for part in parts:
        if part.owner is Owner.ANSWER and part.question_id is not None:
            ink[part.question_id] += part.ink
    ratios = unexplained(
        InkedText(each.question_id, each.raw_text, ink[each.question_id], each.question_id in drawings)
        for each in answers
        if each.presence is Presence.WRITTEN and all(pages[place.page].bands for place in each.pages)
    )
    return tuple(
        answer.model_copy(update={"flags": (*answer.flags, _flag(ratios[answer.question_id]))})
        if answer.question_id in ratios
        else answer
        for answer in answers
    )


def _flag(ratio: float) -> Flag:
    return Flag(kind=FlagKind.UNEXPLAINED_INK, note=f"{ratio:.1f} times the ink that its text explains")
