"""A student's ledger: the parts of all pages with what they open."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from aita.models.answer import QuestionAnswer
from aita.models.ledger import Owner, Part, StudentLedger
from aita.models.transcription import LineKind
from aita.services.answers.answer_assembly import AssembledStudent
from aita.services.answers.drawings_elsewhere import with_drawings_elsewhere
from aita.services.answers.exam_questions import ExamQuestions
from aita.services.answers.head_words import HeadWords
from aita.services.answers.ink_doubts import with_ink_doubts
from aita.services.answers.page_furniture import FOOT_TOP, HEAD_BOTTOM
from aita.services.answers.page_heads import PageHead
from aita.services.answers.page_owners import AssembledPage
from aita.services.answers.page_parts import page_parts
from aita.services.answers.part_openings import PartContent, StudentReading, answers_ink
from aita.services.answers.parted_answers import is_letter
from aita.services.answers.unexplained_ink import Hand

_FURNITURE = (LineKind.PAGE_HEAD, LineKind.PAGE_NUMBER)


@dataclass(frozen=True, slots=True)
class ClassKnowledge:
    """What the class's pages and questions tell of a student's.

    Parameters
    ----------
    questions
        The exam's questions.
    drawings, choices
        Ids of those that ask for a drawing, and of those of multiple choice.
    heads
        Head and furniture by exam page, where the class tells them.
    words
        Words of page heads.
    hand
        Ink for a character; ``None`` if it is unknown.
    """

    questions: ExamQuestions
    drawings: Collection[str]
    choices: Collection[str]
    heads: Mapping[int, PageHead]
    words: HeadWords
    hand: float | None

    def content(self, part: Part, page: AssembledPage) -> PartContent:
        """Return the content of an unplaced part of a page."""
        lines = [page.lines[number - 1].text for number in part.lines]
        text = "\n".join(lines)
        labels = {marker.question_id for line in lines if (marker := self.questions.labels.marker(line))}
        return PartContent(
            words=self.words.content(text),
            pointed=labels.union(self.questions.pointers.found(text, own=""), self._left_out(part, page)),
            beside=_read_beside(part, page),
            may_choose=self.choices if is_letter(text) else (),
            on_sheet=page.is_cut and not page.places if page.ink is None else page.ink.exam_page is None,
            unread=not any(line.text.strip() for line in page.lines)
            or (not part.lines and part.bottom <= HEAD_BOTTOM and not self._has_head(page)),
        )

    def _left_out(self, part: Part, page: AssembledPage) -> Iterator[str]:
        """Yield the questions in whose places lines of the part stand that may be words of the answer after all."""
        for number in page.left_out.intersection(part.lines):
            line = page.lines[number - 1]
            at_edge = line.top is not None and not HEAD_BOTTOM <= line.top < FOOT_TOP
            if not (at_edge and line.kind in _FURNITURE) or self.words.content(line.text):
                yield from page.questions_at(number)

    def _has_head(self, page: AssembledPage) -> bool:
        return page.ink is not None and page.ink.exam_page in self.heads


def _read_beside(part: Part, page: AssembledPage) -> set[str]:
    """Return the questions of the lines read right before and behind a part's, as far as these stand on its other side.

    A line in the margin is read at one place, and stands at another.
    """
    if not part.lines:
        return set()
    before = max((number for number in page.answers if number < part.lines[0]), default=None)
    behind = min((number for number in page.answers if number > part.lines[-1]), default=None)
    found = set()
    if before is not None and (page.lines[before - 1].top or 0) > part.top:
        found.add(page.answers[before])
    if behind is not None and (page.lines[behind - 1].top or 1) < part.top:
        found.add(page.answers[behind])
    return found


def with_ledger(student: AssembledStudent, known: ClassKnowledge) -> tuple[tuple[QuestionAnswer, ...], StudentLedger]:
    """Return a student's answers, with flags for ink that no text explains, and the ledger."""
    pages = {page.page: page for page in student.pages}
    hands = _hands(student.pages, known.hand)
    broad = max(hands, default=None)  # it explains the ink of a head
    parts = [part for number in sorted(pages) for part in page_parts(pages[number], known.heads, known.words, broad)]
    reading = StudentReading(student.answers, [*pages], answers_ink(parts))
    ledger = StudentLedger(
        parts=tuple(
            part.model_copy(update={"opens": reading.opened(part, known.content(part, pages[part.page]))})
            if part.owner is Owner.UNPLACED
            else part
            for part in parts
        )
    )
    answers = with_ink_doubts(student, reading.ink, known.drawings, hands)
    return with_drawings_elsewhere(answers, known.drawings), ledger


def _hands(pages: Iterable[AssembledPage], of_class: float | None) -> tuple[float, ...]:
    """Return the ink for a character by the student's lines and by the class's, as far as they are known."""
    own = Hand()
    for page in pages:
        own.add(page.bands, page.lines)
    return tuple(filter(None, (own.median(), of_class)))
