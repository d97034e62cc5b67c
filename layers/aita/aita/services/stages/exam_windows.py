"""Windows of pages, in which a large exam is read, and the merging of their questions into one exam."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from aita.errors import InvalidMaterialError
from aita.models.exam import LEAST_POINTS, MOST_POINTS, ExamSpec, Page, Question
from aita.models.extraction import ExtractedQuestion, ExtractedQuestions
from aita.services.answers.question_labels import fold

PAGES_AT_ONCE = 4
"""Pages of one window, which one call reads. The questions of four dense pages, a dozen on each, fit into one reply
(8,192 tokens) and one call (120 s), and four images are within the limits of endpoints (Azure OpenAI: 10). Most exams
have one or two windows."""

OVERLAP = 1
"""Pages that a window shares with the previous one, so that a question across a page's end is whole in one window."""

_PROBLEMS_SHOWN = 5
_NUMBERED = re.compile(r"\D*\d+")
_PART_LABEL = re.compile(r"\(?([a-z]|[ivx]{1,5})\)?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Window:
    """Questions that were read from the pages from ``first`` to ``last``."""

    first: int
    last: int
    read: ExtractedQuestions


def cut(pages: Sequence[Page]) -> Iterator[Sequence[Page]]:
    """Yield the windows of an exam's pages."""
    for first in range(0, max(len(pages) - OVERLAP, 1), PAGES_AT_ONCE - OVERLAP):
        yield pages[first : first + PAGES_AT_ONCE]


def merge(windows: Iterable[Window]) -> ExamSpec:
    """Merge an exam's windows, in order.

    A question in two windows is taken once, from the window with the whole question. A question that is cut off at a
    window's end is completed from the next window.

    Raises
    ------
    InvalidMaterialError
        If the windows contradict each other. The message names the questions and the pages.
    """
    merging = _Merging()
    last = 0
    for window in windows:
        merging.add(window)
        last = window.last
    return merging.exam(last)


@dataclass(slots=True)
class _Merging:
    """State of the merging. ``earlier`` counts the questions of the windows before the present one."""

    name: str = ""
    earlier: int = 0
    questions: list[ExtractedQuestion] = field(default_factory=list)
    conflicts: list[str] = field(default_factory=list)

    def add(self, window: Window) -> None:
        read = window.read
        self.name = self.name or read.exam_name
        cut_off = next((place for place, question in enumerate(self.questions) if not question.complete), None)
        self.earlier = len(self.questions)
        number = _number(question.question_id for question in self.questions if question.page_number < window.first)
        seen = [question for question in self.questions if question.page_number == window.first]
        for question in read.questions:
            number = _number([question.question_id]) or number
            self._add_question(question, number)
        self._check_texts(seen)
        rest = read.continuation
        if rest is None or not rest.question_text:
            return
        if cut_off is None:
            self.conflicts.append(f"page {window.first} goes on with a question that no page before it leaves open")
        elif not self.questions[cut_off].complete:
            self._complete(cut_off, rest.question_text, rest.points)

    def exam(self, total_pages: int) -> ExamSpec:
        conflicts = [*self.conflicts, *self._unfinished()]
        if not self.questions:
            conflicts.append(f"there is none on its {total_pages} pages")
        if conflicts:
            more = f"; and {len(conflicts) - _PROBLEMS_SHOWN} more" if len(conflicts) > _PROBLEMS_SHOWN else ""
            raise InvalidMaterialError(
                f"the exam's questions do not fit together: {'; '.join(conflicts[:_PROBLEMS_SHOWN])}{more}. "
                "Give them in questions.json, which wins over what is read from the pages"
            )
        in_order = sorted(self.questions, key=lambda question: question.page_number)
        return ExamSpec(
            exam_name=self.name,
            total_pages=total_pages,
            questions=tuple(Question(**question.model_dump(exclude={"complete"})) for question in in_order),
        )

    def _add_question(self, question: ExtractedQuestion, number: str) -> None:
        """Add a question, or merge it with a known one. A part's label without the question's number gets ``number``.

        Parameters
        ----------
        number
            Number of the last question before this one, which may be on an earlier page; empty without one.
        """
        half = _PART_LABEL.fullmatch(question.question_id) if number else None
        if half:
            question = question.model_copy(update={"question_id": number + half[1]})
        for place, known in enumerate(self.questions):
            same = known.question_id == question.question_id
            if same or (place < self.earlier and _label(known) == _label(question)):
                self._merge_known(place, question)
                return
        if not (half and self._saw_part(half[1], question.page_number)):
            self.questions.append(question)

    def _saw_part(self, letter: str, page: int) -> bool:
        """Return whether earlier windows have a part with this letter on the page, under a label of more levels."""
        seen = (question for question in self.questions[: self.earlier] if question.page_number == page)
        return any(_label(question).endswith(letter.casefold()) for question in seen)

    def _check_texts(self, seen: Iterable[ExtractedQuestion]) -> None:
        """Record conflicts of questions on the shared page that have equal texts and different ids in two windows."""
        texts = {(_text_key(question), question.page_number): question.question_id for question in seen}
        for question in self.questions[self.earlier :]:
            if other := texts.get((_text_key(question), question.page_number)):
                ids = f"{other!r} and {question.question_id!r}"
                self.conflicts.append(f"{ids} on page {question.page_number} have one text")

    def _merge_known(self, place: int, again: ExtractedQuestion) -> None:
        """Merge a question with a known one of the same id, or record their conflict."""
        known = self.questions[place]
        page, other = known.page_number, again.page_number
        if not known.complete and page == other:
            self.questions[place] = again
        elif not known.complete:
            self._complete(place, again.question_text, again.points)
        elif known.points != again.points:
            worth = f"is worth {known.points:g} points on page {page} and {again.points:g} on page {other}"
            self.conflicts.append(f"{known.question_id!r} {worth}")
        elif page != other and _text_key(known) != _text_key(again):
            self.conflicts.append(f"{known.question_id!r} is on page {page} and, with another text, on page {other}")

    def _complete(self, place: int, rest: str, points: float) -> None:
        known = self.questions[place]
        if known.points and points and known.points != points:
            worth = f"is worth {known.points:g} points on page {known.page_number} and {points:g} where it goes on"
            self.conflicts.append(f"{known.question_id!r} {worth}")
        whole = {
            "question_text": f"{known.question_text}\n{rest}",
            "points": known.points or points,
            "complete": True,
        }
        self.questions[place] = known.model_copy(update=whole)

    def _unfinished(self) -> Iterator[str]:
        for question in self.questions:
            if not question.complete:
                yield f"{question.question_id!r} on page {question.page_number} is cut off, and its rest was not found"
            elif question.points <= 0:
                yield f"{question.question_id!r} on page {question.page_number} has no points"
            elif not LEAST_POINTS <= question.points <= MOST_POINTS:
                yield f"{question.question_id!r} on page {question.page_number} has {question.points:g} points"


def _number(ids: Iterable[str]) -> str:
    """Return the last id up to the end of its first number, such as the 3 of 3b; empty without a number."""
    last = None
    for question_id in ids:
        last = _NUMBERED.match(question_id)
    return last[0] if last else ""


def _label(question: ExtractedQuestion) -> str:
    return fold(question.question_id) or question.question_id


def _text_key(question: ExtractedQuestion) -> str:
    text = question.question_text.casefold()
    return "".join(character for character in text if character.isalnum()) or text
