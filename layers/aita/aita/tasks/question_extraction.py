"""Question extraction: an exam's questions, read from images of its pages."""

from collections.abc import Iterator
from typing import Annotated, Any, ClassVar

from pydantic import BaseModel, Field

from aita.errors import BrokenRuleError
from aita.models.exam import LEAST_POINTS, MOST_POINTS, Page
from aita.models.extraction import ExtractedQuestion, ExtractedQuestions
from aita.models.model_role import ModelRole
from aita.tasks.llm_task import LLMTask
from aita.tasks.prompt import load_prompt
from aita.tasks.registry import register
from aita.tasks.request import Image, Message, Parameters

_LONGEST_ID = 40  # models.exam.QuestionId
_PROBLEMS_SHOWN = 5


@register("question_extraction")
class QuestionExtractionTask(LLMTask[ExtractedQuestions]):
    """Read the questions that begin on some consecutive pages of an exam.

    Parameters
    ----------
    pages
        The pages in order, each with its number in the exam.
    total_pages
        Number of pages of the exam.
    """

    model_role: ClassVar[ModelRole | None] = "reader"
    response_model: ClassVar[type[BaseModel]] = ExtractedQuestions
    parameters: ClassVar[Parameters] = Parameters(expected_output_tokens=1_500)

    pages: Annotated[tuple[Page, ...], Field(min_length=1)]
    total_pages: Annotated[int, Field(ge=1)]

    def messages(self) -> tuple[Message, ...]:
        """Return the instructions, then the pages' images and numbers."""
        numbers = ", ".join(str(page.page) for page in self.pages)
        return load_prompt("question_extraction").messages(
            images=tuple(Image(page.key, page.sha256, page.width, page.height) for page in self.pages),
            pages=f"pages {numbers}" if len(self.pages) > 1 else f"page {numbers}",
            total=f"{self.total_pages} pages" if self.total_pages > 1 else "one page",
        )

    def validate_reply(self, reply: ExtractedQuestions) -> ExtractedQuestions:
        """Check each question, and all of them together.

        Raises
        ------
        BrokenRuleError
            If there are problems; its message has the first five, each with the question's place in the list.
        """
        if problems := [*self._problems(reply)]:
            more = f"; and {len(problems) - _PROBLEMS_SHOWN} more" if len(problems) > _PROBLEMS_SHOWN else ""
            raise BrokenRuleError("; ".join(problems[:_PROBLEMS_SHOWN]) + more)
        return reply

    def checkpoint_data(self) -> dict[str, Any]:
        """Return the numbers of the first and the last page."""
        return {"first_page": self.pages[0].page, "last_page": self.pages[-1].page}

    def _problems(self, reply: ExtractedQuestions) -> Iterator[str]:
        begins, ends = self.pages[0].page == 1, self.pages[-1].page == self.total_pages
        if begins and not reply.exam_name:
            yield "exam_name is empty"
        if begins and ends and not reply.questions:
            yield "there is no question in it, and these are all of the exam's pages"
        if begins and reply.continuation is not None:
            yield "continuation must be null: nothing comes before the exam's first page"
        places: dict[str, int] = {}
        for place, question in enumerate(reply.questions, 1):
            for problem in self._problems_of(question):
                yield f"question {place} of the list {problem}"
            first = places.setdefault(question.question_id, place)
            if first != place:
                yield f"questions {first} and {place} of the list have the same question_id"
            if not question.complete and ends:
                yield f"question {place} of the list must be complete: nothing comes after the exam's last page"
            elif not question.complete and place < len(reply.questions):
                yield f"question {place} of the list must be complete, as another begins after it"

    def _problems_of(self, question: ExtractedQuestion) -> Iterator[str]:
        question_id = question.question_id
        if not question_id or len(question_id) > _LONGEST_ID or not question_id.isprintable():
            yield f"has no question_id of 1 to {_LONGEST_ID} characters in one line"
        if not question.question_text:
            yield "has no question_text"
        if question.points < 0 or (question.complete and question.points == 0):
            yield "must have more than 0 points, as they are printed in the exam"
        elif question.points and not LEAST_POINTS <= question.points <= MOST_POINTS:
            yield f"must have from {LEAST_POINTS:g} to {MOST_POINTS:,} points, as they are printed in the exam"
        if question.page_number not in {page.page for page in self.pages}:
            first, last = self.pages[0].page, self.pages[-1].page
            yield f"is on none of these pages: page_number goes from {first} to {last}"
