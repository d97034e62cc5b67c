"""Gathering of a class's answers and ledgers from its transcribed pages: all pages are seen before one is assembled."""

from collections.abc import Iterable, Iterator
from statistics import median_low
from typing import Any

from aita.models.answer import StudentAnswers
from aita.models.exam import Question, QuestionType
from aita.models.grade import question_version
from aita.models.scan import PageInk
from aita.models.transcription import LineKind, PageTranscription
from aita.services.answers.answer_draft import StudentPage
from aita.services.answers.class_assembly import ClassAssembly
from aita.services.answers.differing_heads import DifferingHeads
from aita.services.answers.head_words import HeadWords, name_words
from aita.services.answers.named_heads import NamedHeads
from aita.services.answers.page_doubts import with_page_doubts
from aita.services.answers.page_instructions import with_page_instructions
from aita.services.stages.base import Gathered
from aita.services.stages.class_pages import head_lines
from aita.services.stages.transcribe import ClassRecord

LEAST_STUDENTS = 3
"""Least number of students that tell how many pages most have."""


class AnswerGathering:
    """Assembly of the answers of the students with a record."""

    def __init__(self, questions: tuple[Question, ...], record: ClassRecord) -> None:
        self._wordings = {question.question_id: question_version(question) for question in questions}
        self._drawings = {each.question_id for each in questions if each.question_type is QuestionType.DIAGRAM}
        self._records = record.students
        self._heads = NamedHeads(record.names)
        self._differing = DifferingHeads()
        self._images: dict[str, dict[int, str]] = {}
        counts = [each.pages - len(each.passed_over) for each in record.students.values()]
        usual = median_low(counts) if len(counts) >= LEAST_STUDENTS else 0
        self._head_words = HeadWords(record.names.salt, record.names.words)
        self._class = ClassAssembly(questions, self._head_words, usual)

    def seen(self, pages: Iterable[Gathered]) -> Iterator[Gathered]:
        """Yield pages of the class, and take note of them."""
        for page in pages:
            student_id, number = str(page.item.refs["student_id"]), int(page.item.refs["page"])
            if student_id in self._records:
                self._images.setdefault(student_id, {})[number] = str(page.item.refs["sha256"])
                read = PageTranscription.model_validate(page.result) if page.succeeded else None
                self._class.see(self._ink(student_id).get(number), read)
                if read is not None:
                    self._see_head(student_id, read)
            yield page

    def _see_head(self, student_id: str, page: PageTranscription) -> None:
        lines = head_lines(page.text)
        self._heads.see(student_id, page.page, lines)
        heads = [line.text for line in page.lines if line.kind is LineKind.PAGE_HEAD]
        self._differing.see(
            student_id,
            page.page,
            {word for head in heads for word in name_words(head)},
            is_own=self._heads.name_own(student_id, lines),
            is_known=any(map(self._head_words.tell_a_person, heads)),
        )

    def student(self, student_id: str, results: Iterable[Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return a student's answers and ledger, as JSON, from the results of the transcribed pages."""
        record, ink = self._records[student_id], self._ink(student_id)
        read = {page.page: page for page in map(PageTranscription.model_validate, results)}
        images = self._images.get(student_id, {})
        pages = [
            StudentPage(page, read.get(page), ink.get(page), images.get(page, ""))
            for page in range(1, record.pages + 1)
            if page not in record.passed_over
        ]
        found, ledger = self._class.student(pages, record.scans.unreadable)
        heads = self._differing.doubts(student_id) | self._heads.doubts(student_id)
        heads |= self._differing.nameless(student_id, heads)
        doubts = {page: (*record.doubts.get(page, ()), *heads.get(page, ())) for page in (*record.doubts, *heads)}
        found = with_page_doubts(found, doubts, self._heads.page_elsewhere(student_id))
        found = with_page_instructions(found, read.values(), self._drawings)
        answers = StudentAnswers(
            question_answers=tuple(
                answer.model_copy(update={"question": self._wordings[answer.question_id]}) for answer in found
            ),
            pages_version=record.version,
            passed_over=record.passed_over,
        )
        return answers.model_dump(mode="json"), ledger.model_dump(mode="json", exclude_defaults=True)

    def _ink(self, student_id: str) -> dict[int, PageInk | None]:
        return dict(enumerate(self._records[student_id].scans.ink, 1))
