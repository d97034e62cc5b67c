"""Transcriptions: a page's lines of handwriting, without corrections, and where the answers begin among them."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import accumulate
from pathlib import Path
from typing import Any, ClassVar

from pydantic import BaseModel

from aita.errors import BrokenRuleError, DoubtfulReplyError, MissingInputError, UnparsableReplyError
from aita.models.exam import ExamSpec, Page, Question, listed_questions
from aita.models.model_role import ModelRole
from aita.models.transcription import Line, PageTranscription, PageWarning, Transcription, WarningKind
from aita.tasks.json_reply import read_reply
from aita.tasks.llm_task import LLMTask
from aita.tasks.prompt import load_prompt, load_section
from aita.tasks.registry import register
from aita.tasks.request import Image, Message, Parameters
from aita.tasks.thoughts import answer_of

UNPARSED_CONFIDENCE = 0.3
"""Confidence of a transcription whose reply is ambiguous or malformed: low enough for a person's review."""

FIRST_WORDS = 120
"""Characters of a question's text that the prompt shows: enough to know it on the page, beside its label."""


class _Lines(BaseModel):
    """Minimal reply of a transcription."""

    lines: tuple[Line, ...]


class _Text(BaseModel):
    """Minimal reply of another form, which was asked for before version 0.3."""

    text: str


def _lines(text: str) -> Iterator[Line]:
    return (Line(text=line) for line in text.splitlines())


_LEFT_OF_A_REPLY: tuple[tuple[Callable[[str], Iterable[Line]], str], ...] = (
    (lambda reply: read_reply(_Lines, reply).value.lines, "The model's reply had nothing that fits but these lines."),
    (
        lambda reply: _lines(read_reply(_Text, reply).value.text),
        "The model's reply had nothing that fits but this text.",
    ),
    (lambda reply: _lines(answer_of(reply)), "The model's reply was not in the form asked for; this is its raw text."),
)
"""What may be left of a reply that can't be parsed, from the most to the least, with the note for people."""


@register("transcription")
class TranscriptionTask(LLMTask[PageTranscription]):
    """Transcribe one page and say where answers begin on it. It never sees the questions' answer keys or rubrics.

    Parameters
    ----------
    page
        The page's number among the student's.
    questions
        All questions of the exam, as any may be answered on any page; empty if there are none yet.
    """

    model_role: ClassVar[ModelRole | None] = "reader"
    response_model: ClassVar[type[BaseModel]] = Transcription
    parameters: ClassVar[Parameters] = Parameters(expected_output_tokens=700)

    page: int
    image_key: str
    image_sha256: str
    questions: tuple[Question, ...] = ()

    def messages(self) -> tuple[Message, ...]:
        """Return the instructions with the exam's questions, then the page's image."""
        questions = "\n\n".join(map(_describe, self.questions))
        return load_prompt("transcription").messages(
            images=(Image(self.image_key, self.image_sha256),),
            starts=load_section("answer_starts").substitute(questions=questions) if questions else "",
            starts_field="starts (each with question_id, line, top, confidence), " if questions else "",
        )

    def validate_reply(self, reply: Transcription) -> PageTranscription:
        """Check that each start has a question of the exam, that none has two, and that starts go down the page.

        Raises
        ------
        BrokenRuleError
            If starts are missing, a question is unknown or has two starts, or a line does not exist or is out of order.
        DoubtfulReplyError
            If only the tops of starts are out of order, as on a page in columns, or a line has a line break in it, so
            that the lines' numbers may be counted in two ways.
        """
        if problem := next(self._problems(reply), None):
            raise BrokenRuleError(problem)
        if self.questions and (broken := _broken_line(reply.lines)):
            raise DoubtfulReplyError(f"line {broken} has a line break in it: give each line of the page its own entry")
        found = self._of_page(reply)
        tops = [start.top for start in found.starts or ()]
        if tops != sorted(tops):
            raise DoubtfulReplyError(
                "a start has a top above that of an earlier one: list them as they follow each other"
            )
        return found

    def salvage(self, reply: str) -> PageTranscription | None:
        """Return what can be used of a reply, flagged unless only its starts' tops are out of order.

        Starts that break a rule, or can't be parsed, are unknown. A reply that can't be parsed at all is kept as text.
        """
        try:
            read = read_reply(Transcription, reply)
        except UnparsableReplyError:
            return self._unparsed(reply)
        found = read.value
        notes = []
        if any(self._problems(found)):
            notes.append("The model's reply does not say with certainty where answers begin.")
            found = found.model_copy(update={"starts": None})
        if self.questions and _broken_line(found.lines):
            notes.append("The model's reply has line breaks within lines.")
        if read.doubts:
            notes.append("The model's reply leaves open which of its backslashes are LaTeX.")
        return self._doubtful(found, *notes) if notes else self._of_page(found)

    def _problems(self, reply: Transcription) -> Iterator[str]:
        if not self.questions:
            return
        if reply.starts is None:
            yield "starts is missing: list where answers begin; it is empty if none begins on this page"
        known = {question.question_id for question in self.questions}
        count = len(reply.lines)
        places: dict[str, int] = {}
        line = 0
        for place, start in enumerate(reply.starts or (), 1):
            if start.question_id not in known:
                yield f"start {place} has a question_id that is none of the exam's"
            first = places.setdefault(start.question_id, place)
            if first != place:
                yield f"starts {first} and {place} are of the same question: give the place where it begins first"
            if start.line > count:
                yield f"start {place} has a line that is not there: there are {count}"
            if 0 < start.line < line:
                yield f"start {place} has a line before that of an earlier start: list them as they follow each other"
            line = max(line, start.line)

    def _of_page(self, reply: Transcription, *, flagged: bool = False) -> PageTranscription:
        """Return a reply as this page's, with a line of its own for each line of text."""
        parts = [_parts(line) for line in reply.lines]
        numbers = [0, *accumulate(map(len, parts), initial=1)]
        starts = reply.starts if self.questions else None
        return PageTranscription(
            page=self.page,
            lines=tuple(part for each in parts for part in each),
            starts=starts and tuple(start.model_copy(update={"line": numbers[start.line]}) for start in starts),
            confidence=reply.confidence,
            warnings=reply.warnings,
            flagged=flagged,
        )

    def _doubtful(self, reply: Transcription, *notes: str) -> PageTranscription:
        warnings = (*(PageWarning(kind=WarningKind.OTHER, note=note) for note in notes), *reply.warnings)
        confidence = min(reply.confidence, UNPARSED_CONFIDENCE)
        return self._of_page(reply.model_copy(update={"warnings": warnings, "confidence": confidence}), flagged=True)

    def _unparsed(self, reply: str) -> PageTranscription | None:
        for read, note in _LEFT_OF_A_REPLY:
            try:
                found = Transcription(lines=tuple(read(reply)), confidence=UNPARSED_CONFIDENCE)
            except UnparsableReplyError:
                continue
            return self._doubtful(found, note)
        return None

    def checkpoint_data(self) -> dict[str, Any]:
        """Return the page's number."""
        return {"page": self.page}


def create_transcription_tasks(
    pages: Iterable[Page | Path | str], questions: ExamSpec | Iterable[Question | Mapping[str, Any]] = ()
) -> list[TranscriptionTask]:
    """Return a task for each page, in the order given; with questions, they also find where answers begin.

    Parameters
    ----------
    pages
        Pages, or image files, which are numbered from 1.
    questions
        The exam, or its questions.

    Raises
    ------
    MissingInputError
        If an image file can't be read.
    """
    asked = tuple(listed_questions(questions))
    return [_task(number, page, asked) for number, page in enumerate(pages, 1)]


def _task(number: int, page: Page | Path | str, questions: tuple[Question, ...]) -> TranscriptionTask:
    if isinstance(page, Page):
        return TranscriptionTask(page=page.page, image_key=page.key, image_sha256=page.sha256, questions=questions)
    try:
        image = Image.of(page)
    except OSError as error:
        raise MissingInputError(f"the image of page {number} can't be read: {error.strerror or error}") from None
    return TranscriptionTask(page=number, image_key=image.key, image_sha256=image.sha256, questions=questions)


def _describe(question: Question) -> str:
    """Return a question's id, page and first words for the prompt: enough to find it on a page."""
    page = "" if question.page_number is None else f"Printed on page: {question.page_number}\n"
    words = " ".join(question.question_text.split())[:FIRST_WORDS]
    return f"Question id: {question.question_id}\n{page}Begins: {words}"


def _broken_line(lines: Iterable[Line]) -> int | None:
    """Return the number of the first line with a line break in its text, from 1; ``None`` without one."""
    return next((number for number, line in enumerate(lines, 1) if len(line.text.splitlines()) > 1), None)


def _parts(line: Line) -> list[Line]:
    """Return the lines of a line's text; only the first one's place is known."""
    first, *others = line.text.splitlines() or [""]
    return [Line(text=first, kind=line.kind, top=line.top), *(Line(text=other, kind=line.kind) for other in others)]
