"""Questions that a model reads from one window of an exam's pages, before the windows are merged."""

from typing import Annotated

from pydantic import Field, StringConstraints

from aita.models.base import LenientModel
from aita.models.exam import QuestionType

Stripped = Annotated[str, StringConstraints(strip_whitespace=True)]


class ExtractedQuestion(LenientModel):
    """A question as it was read. Its rules are checked by the task, so that the model is told which one it broke.

    ``complete`` is false if the question goes on after the window's last page.
    """

    question_id: Stripped
    question_text: Stripped
    points: float
    question_type: QuestionType
    page_number: int
    complete: bool = True


class Continuation(LenientModel):
    """The rest of a question that began before the window: what stands after the window's first page.

    ``points`` are those printed there, 0 if none are.
    """

    question_text: Stripped
    points: Annotated[float, Field(ge=0)] = 0.0


class ExtractedQuestions(LenientModel):
    """The questions that begin in one window of pages; ``exam_name`` is empty where no title is printed."""

    exam_name: Stripped = ""
    questions: tuple[ExtractedQuestion, ...]
    continuation: Continuation | None = None
