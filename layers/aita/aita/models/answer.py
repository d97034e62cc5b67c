"""Answers: which part of a student's pages answers which question."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from aita.models.base import LenientModel, StrictModel
from aita.models.exam import QuestionId
from aita.models.review_flags import Flag

Fraction = Annotated[float, Field(ge=0, le=1)]
"""A part of a page's height, counted from its top."""


class AnswerStart(LenientModel):
    """Where the space for one answer begins on a page, as a model marks it.

    ``line`` is the number of the transcription's line that the answer's text begins on, from 1; 0 if nothing is
    written there.
    """

    question_id: QuestionId
    line: Annotated[int, Field(ge=0)]
    top: Fraction
    confidence: Fraction


class PageAnswers(LenientModel):
    """The answers that begin on one page, from top to bottom."""

    starts: tuple[AnswerStart, ...]


class AnswerPlace(StrictModel):
    """A part of a page that belongs to an answer; ``page`` counts through the student's pages from 1."""

    page: Annotated[int, Field(ge=1)]
    top: Fraction
    bottom: Fraction


class Presence(StrEnum):
    """Whether there is an answer."""

    WRITTEN = "written"
    BLANK = "blank"
    UNCLEAR = "unclear"
    """There may be one that was not read: nothing to grade, and no reason for zero points."""


class QuestionAnswer(StrictModel):
    """A student's answer to one question.

    Parameters
    ----------
    raw_text
        What the student wrote, as transcribed, with what goes over pages joined; empty if nothing was read.
    pages
        Where it stands; empty if the question's place was not found.
    confidence
        The lowest of the transcriptions' and of the marks', from 0 to 1; 0 if the place was not found.
    flags
        Why a person must look, as far as it is known before grading.
    question
        The version of the question's wording that the answer was found for; empty if aita 0.1.0 found it.
    presence
        Whether there is an answer; ``None`` in a file of aita 0.1.0 (``services.answers.undecided_answers``).
    """

    question_id: QuestionId
    raw_text: str = ""
    pages: tuple[AnswerPlace, ...] = ()
    confidence: Fraction = 0.0
    flags: tuple[Flag, ...] = ()
    question: str = ""
    presence: Presence | None = None


class StudentAnswers(StrictModel):
    """A student's answers: one for each question of the exam, in its order."""

    question_answers: tuple[QuestionAnswer, ...]

    def by_question(self) -> dict[str, QuestionAnswer]:
        """Return the answers by question id."""
        return {answer.question_id: answer for answer in self.question_answers}
