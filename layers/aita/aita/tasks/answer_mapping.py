"""Answer mapping: where on a page each answer begins."""

from collections.abc import Iterator
from typing import Annotated, Any, ClassVar

from pydantic import BaseModel, Field

from aita.errors import BrokenRuleError, DoubtfulReplyError, InvalidReplyError
from aita.models.answer import PageAnswers
from aita.models.exam import Question
from aita.tasks.json_reply import read_reply
from aita.tasks.llm_task import LLMTask
from aita.tasks.prompt import load_prompt
from aita.tasks.registry import register
from aita.tasks.request import Image, Message, Parameters

FIRST_WORDS = 120
"""Characters of a question's text that the prompt shows: enough to know it on the page, beside its label."""


@register("answer_mapping")
class AnswerMappingTask(LLMTask[PageAnswers]):
    """Say where answers begin on one page. It never sees the questions' answer keys or rubrics.

    Parameters
    ----------
    page
        The page's number among the student's.
    text
        The page's transcription.
    questions
        All questions of the exam: any may be answered on any page.
    """

    response_model: ClassVar[type[BaseModel]] = PageAnswers
    parameters: ClassVar[Parameters] = Parameters(expected_output_tokens=200)

    page: int
    image_key: str
    image_sha256: str
    text: str
    questions: Annotated[tuple[Question, ...], Field(min_length=1)]

    def messages(self) -> tuple[Message, ...]:
        """Return the instructions with the exam's questions, then the page's image and its numbered lines."""
        return load_prompt("answer_mapping").messages(
            images=(Image(self.image_key, self.image_sha256),),
            questions="\n\n".join(_describe(question) for question in self.questions),
            lines="\n".join(f"{number}: {line}" for number, line in enumerate(lines_of(self.text), 1)),
        )

    def validate_reply(self, reply: PageAnswers) -> PageAnswers:
        """Check that each start has a question of the exam, that none has two, and that starts go down the page.

        Raises
        ------
        BrokenRuleError
            If a question is unknown or has two starts, or a line does not exist or is out of order.
        DoubtfulReplyError
            If only the tops are out of order, as on a page in columns.
        """
        if problem := next(self._problems(reply), None):
            raise BrokenRuleError(problem)
        tops = [start.top for start in reply.starts]
        if tops != sorted(tops):
            raise DoubtfulReplyError(
                "a start has a top above that of an earlier one: list them as they follow each other"
            )
        return reply

    def salvage(self, reply: str) -> PageAnswers | None:
        """Return the starts if only their tops are out of order, as on a page in columns."""
        try:
            marks = read_reply(PageAnswers, reply).value
        except InvalidReplyError:
            return None
        return None if any(self._problems(marks)) else marks

    def checkpoint_data(self) -> dict[str, Any]:
        """Return the page's number."""
        return {"page": self.page}

    def _problems(self, reply: PageAnswers) -> Iterator[str]:
        known = {question.question_id for question in self.questions}
        count = len(lines_of(self.text))
        places: dict[str, int] = {}
        line = 0
        for place, start in enumerate(reply.starts, 1):
            if start.question_id not in known:
                yield f"start {place} has a question_id that is none of the exam's"
            first = places.setdefault(start.question_id, place)
            if first != place:
                yield f"starts {first} and {place} are of the same question: give the place where it begins first"
            if start.line > count:
                yield f"start {place} has a line that is not there: the transcription has {count}"
            if 0 < start.line < line:
                yield f"start {place} has a line before that of an earlier start: list them as they follow each other"
            line = max(line, start.line)


def lines_of(text: str) -> list[str]:
    """Return a transcription's lines; the prompt numbers them from 1."""
    return text.splitlines()


def _describe(question: Question) -> str:
    """Return a question's id, page and first words for the prompt: enough to find it on a page."""
    page = "" if question.page_number is None else f"Printed on page: {question.page_number}\n"
    words = " ".join(question.question_text.split())[:FIRST_WORDS]
    return f"Question id: {question.question_id}\n{page}Begins: {words}"
