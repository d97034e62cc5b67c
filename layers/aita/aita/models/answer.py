"""Answers: the parts of a student's pages that answer each question."""

from enum import StrEnum
from typing import Annotated, Self

from pydantic import Field

from aita.models.base import LenientModel, StrictModel
from aita.models.exam import QuestionId
from aita.models.review_flags import Flag

Fraction = Annotated[float, Field(ge=0, le=1)]
"""Position on a page, as a fraction of its height from the top."""


class AnswerStart(LenientModel):
    """Where the space for one answer begins on a page, as a model marks it.

    ``line`` is the number of the transcription's line that the answer's text begins on, from 1; 0 if nothing is
    written there.
    """

    question_id: QuestionId
    line: Annotated[int, Field(ge=0)]
    top: Fraction
    confidence: Fraction


class AnswerPlace(StrictModel):
    """Part of a page that belongs to an answer; ``page`` counts the student's pages from 1."""

    page: Annotated[int, Field(ge=1)]
    top: Fraction
    bottom: Fraction

    @property
    def where(self) -> str:
        """Place in words."""
        return f"page {self.page}, from {self.top:.0%} to {self.bottom:.0%} of its height"


class Presence(StrEnum):
    """Presence of an answer in its space."""

    WRITTEN = "written"
    BLANK = "blank"
    UNCLEAR = "unclear"
    """An answer may be there that was not read. It can't be graded, and does not earn zero points."""


class QuestionAnswer(StrictModel):
    """A student's answer to one question.

    Parameters
    ----------
    raw_text
        Transcription of the answer, with its parts on several pages joined; empty if nothing was read.
    pages
        Places of the answer; empty if none was found.
    confidence
        Lowest confidence of its transcriptions and of the marks of its places, from 0 to 1; 0 without a place.
    flags
        Reasons for a person's review that are known before grading.
    question
        Version of the question's wording that the answer was found for; empty in a file of aita 0.1.0.
    presence
        Presence of an answer; ``None`` in a file of aita 0.1.0 (``services.answers.undecided_answers``).
    read_by_person
        Whether a person corrected the text; stored nowhere, as it follows from people's decisions.
    """

    question_id: QuestionId
    raw_text: str = ""
    pages: tuple[AnswerPlace, ...] = ()
    confidence: Fraction = 0.0
    flags: tuple[Flag, ...] = ()
    question: str = ""
    presence: Presence | None = None
    read_by_person: bool = False

    def doubted(self, *flags: Flag) -> Self:
        """Return the answer with more doubts, each once. With a doubt, no answer is blank."""
        if not flags:
            return self
        presence = Presence.UNCLEAR if self.presence is Presence.BLANK else self.presence
        return self.model_copy(update={"flags": tuple(dict.fromkeys((*self.flags, *flags))), "presence": presence})


class StudentAnswers(StrictModel):
    """A student's answers: one for each question, in the exam's order.

    Parameters
    ----------
    pages_version
        The version of the pages and scans that the answers were found on; empty if it is unknown, as of aita 0.1.0.
    passed_over
        Pages whose pictures equal those of earlier ones, each with the earlier page: no answer is read from them.
    """

    question_answers: tuple[QuestionAnswer, ...]
    pages_version: str = ""
    passed_over: dict[int, int] = {}

    def by_question(self) -> dict[str, QuestionAnswer]:
        """Return the answers by question id."""
        return {answer.question_id: answer for answer in self.question_answers}
