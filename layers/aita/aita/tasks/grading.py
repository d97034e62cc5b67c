"""Grading: points of an answer for each criterion of the rubric, with a quote from the answer as evidence."""

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from pydantic import Field

from aita.errors import BrokenRuleError, DoubtfulReplyError, InvalidReplyError, TaskError
from aita.models.answer import AnswerPlace
from aita.models.base import LenientModel
from aita.models.exam import POINTS_TOLERANCE, AnswerKey, Page, Question, QuestionType, Rubric
from aita.models.grade import CriterionGrade, GradedAnswer
from aita.models.model_role import ModelRole
from aita.models.points import exact, fitted, in_steps, total
from aita.models.review_flags import Flag, FlagKind
from aita.tasks.answer_key import describe_question
from aita.tasks.injection import suspicious
from aita.tasks.json_reply import check_is_alone, read_reply
from aita.tasks.llm_task import LLMTask
from aita.tasks.prompt import load_prompt
from aita.tasks.registry import register
from aita.tasks.request import Image, LLMRequest, Message, Parameters

if TYPE_CHECKING:
    from aita.tasks.quotes import Written

_PARAMETERS = Parameters(expected_output_tokens=500)

_FURTHER_PARAMETERS = replace(_PARAMETERS, temperature=0.7)
"""Parameters of graders after the first: at temperature 0 they would repeat the first one.

Among themselves, and at an endpoint without temperature, they differ by their number in the prompt.
"""

_BACKSLASHES = Flag(kind=FlagKind.QUOTE_NOT_FOUND, note="its reply leaves open which of its backslashes are LaTeX")

_ONLY_PRINTED = Flag(
    kind=FlagKind.PRESENCE_DISAGREES, note="only print, a label or a note that there is nothing was read"
)
"""A transcriber leaves print out: print alone may stand for writing that was not read."""

_CODE_DIGITS = 32


class GradedCriterion(LenientModel):
    """What a grader says of one criterion, by its number from 1. The evidence comes before the points."""

    criterion: Annotated[int, Field(strict=True)]
    quote: str
    reason: str
    points: Annotated[float, Field(strict=True)]


class Grading(LenientModel):
    """What a grader says of an answer."""

    criteria: tuple[GradedCriterion, ...]
    feedback: str
    addresses_grader: bool


@register("grading")
class GradingTask(LLMTask[GradedAnswer]):
    """Grade one answer.

    Parameters
    ----------
    answer
        Transcription of the student's answer.
    blank
        Whether nothing was written, by two signals: no call is made then.
    flags
        Reasons for a person's review that are known before grading.
    points_step
        Step of which points are multiples.
    grader
        Number of this grader among several, from 1. Each has a reply of its own.
    pages, places
        Images of the pages, if the answer is a drawing, and its places on them.
    """

    model_role: ClassVar[ModelRole | None] = "grader"
    response_model: ClassVar[type[Grading]] = Grading
    parameters: ClassVar[Parameters] = _PARAMETERS

    question: Question
    rubric: Rubric
    answer: str
    answer_key: AnswerKey | None = None
    instructions: str = ""
    question_instructions: str = ""
    blank: bool = False
    flags: tuple[Flag, ...] = ()
    points_step: Annotated[float, Field(gt=0, le=100)] = 0.5
    grader: Annotated[int, Field(ge=1)] = 1
    pages: tuple[Page, ...] = ()
    places: tuple[AnswerPlace, ...] = ()

    def messages(self) -> tuple[Message, ...]:
        """Return the part that all answers to the question share, then this answer between two delimiting lines."""
        return load_prompt("grading").messages(
            images=self._images(),
            points_step=f"{self.points_step:g}",
            instructions=self.instructions or "None.",
            question_instructions=self.question_instructions or "None.",
            question=describe_question(self.question),
            answer_key=self.answer_key.model_dump_json(indent=2) if self.answer_key else "None.",
            rubric=self._describe_rubric(),
            code=code_of(self.answer),
            drawing=self._describe_images(),
            answer=self.answer,
        )

    def request(self) -> LLMRequest:
        """Return the request; each grader's differs from the others'."""
        request = super().request()
        if self.grader == 1:
            return request
        line = f"You are grader {self.grader} of this answer, and see no other's grading: judge it for yourself."
        return replace(request, parameters=_FURTHER_PARAMETERS, sample=self.grader - 1, sample_line=line)

    def given(self) -> GradedAnswer | None:
        """Return the result of a blank answer, or of a wholly illegible one, which is flagged; neither needs a grader.

        Raises
        ------
        TaskError
            If the rubric's points do not sum to the question's.
        """
        if problem := self.rubric.problem(self.question.points):
            raise TaskError(f"the rubric of question {self.question.question_id}: {problem}")
        if self.blank or not self.answer.strip():
            return GradedAnswer(blank=self.blank, flags=self.flags)
        if written_for(self.question, self.answer).illegible:
            return GradedAnswer(flags=(*self.flags, Flag(kind=FlagKind.ILLEGIBLE, note="nothing of it")))
        return None

    def parse(self, reply: str) -> GradedAnswer:
        """Return the result of a reply.

        Raises
        ------
        UnparsableReplyError
            Also if the reply holds further objects: one of them could be the student's.
        """
        check_is_alone(reply)
        return super().parse(reply)

    def validate_reply(self, reply: Grading) -> GradedAnswer:
        """Check each criterion's quote against the answer, and its points against the rubric.

        Raises
        ------
        DoubtfulReplyError
            If a quote is not found, or points are out of range.
        """
        graded = self._graded(reply)
        if doubts := self._doubts(reply, graded):
            raise DoubtfulReplyError("; ".join(doubts.values()))
        return graded

    def salvage(self, reply: str) -> GradedAnswer | None:
        """Return a doubtful grading, flagged for review, with points limited to their range."""
        try:
            return self.parse(reply)
        except DoubtfulReplyError:
            grading = read_reply(self.response_model, reply).value
        except InvalidReplyError:
            return None
        graded = self._graded(grading)
        doubts = tuple(self._doubts(grading, graded)) or (_BACKSLASHES,)
        return graded.model_copy(update={"flags": (*graded.flags, *doubts)})

    def checkpoint_data(self) -> dict[str, Any]:
        """Return the question's id and the grader's number."""
        return {"question_id": self.question.question_id, "grader": self.grader}

    def _graded(self, reply: Grading) -> GradedAnswer:
        worth = self._worth()
        entries = sorted(reply.criteria, key=lambda entry: entry.criterion)
        if [entry.criterion for entry in entries] != list(range(1, len(worth) + 1)):
            raise BrokenRuleError(f"criteria must have each of the numbers 1 to {len(worth)} exactly once")
        readings = self._readings(reply)
        written = readings[0]
        graded = GradedAnswer(
            criteria=tuple(self._grade(entry, most, readings) for entry, most in zip(entries, worth, strict=True)),
            feedback=reply.feedback,
            flags=(*self.flags, *self._instruction_flags(reported=reply.addresses_grader)),
        )
        flags = list(graded.flags)
        if note := self._illegible_note(graded, written):
            flags.append(Flag(kind=FlagKind.ILLEGIBLE, note=note))
        if graded.points == 0 and written.only_printed:
            flags.append(_ONLY_PRINTED)
        return graded.model_copy(update={"flags": tuple(flags)})

    def _readings(self, reply: Grading) -> tuple["Written", ...]:  # noqa: ARG002 - for graders who read the answer, too
        """Return the texts in which quotes may stand, the transcription first."""
        return (written_for(self.question, self.answer),)

    def _illegible_note(self, graded: GradedAnswer, written: "Written") -> str:
        """Return the note on an illegible part that may have cost points; empty if there is none."""
        if graded.points < total(self._worth()) and written.half_illegible:
            return "at least half of its words"
        return "a part of it, and what was read earned nothing" if graded.points == 0 and written.has_unread else ""

    def _grade(self, entry: GradedCriterion, most: float, readings: Sequence["Written"]) -> CriterionGrade:
        from aita.tasks.quotes import says_nothing  # noqa: PLC0415 - as in written_for

        points = self._earned(entry, most)
        found = any(each.shows(entry.quote) if points > 0 else each.holds(entry.quote) for each in readings)
        if not found and points == 0 and says_nothing(entry.quote):
            return CriterionGrade(points=points, reason=entry.reason, quote_found=True)
        return CriterionGrade(points=points, quote=entry.quote, reason=entry.reason, quote_found=found)

    def _earned(self, entry: GradedCriterion, most: float) -> float:
        """Return the points for a criterion; its full points in the unfitted rubric count as all of its fitted ones."""
        unfitted = exact(self.rubric.criteria[entry.criterion - 1].points)
        return most if 0 < unfitted <= exact(entry.points) else in_steps(entry.points, most, self.points_step)

    def _doubts(self, reply: Grading, graded: GradedAnswer) -> dict[Flag, str]:
        """Return the flags of a doubtful grading, each with its feedback to the model."""
        doubts = {}
        entries = sorted(reply.criteria, key=lambda entry: entry.criterion)
        judged = [(*each, self._can_earn(*each)) for each in zip(entries, self._worth(), strict=True)]
        if beyond := [each for each in judged if each[2]]:
            note = ", ".join(f"criterion {entry.criterion}: {entry.points:g} of {most:g}" for entry, most, _ in beyond)
            ranges = ", ".join(f"criterion {entry.criterion} {can} points" for entry, _, can in beyond)
            doubts[Flag(kind=FlagKind.POINTS_OUT_OF_RANGE, note=note)] = f"points are out of range: give {ranges}"
        if missing := [str(number) for number, each in enumerate(graded.criteria, 1) if not each.quote_found]:
            place = f"criterion {', '.join(missing)}"
            doubts[Flag(kind=FlagKind.QUOTE_NOT_FOUND, note=place)] = (
                f"the quote of {place} does not stand in the answer as whole words and numbers, or is nothing that the "
                "student wrote and let stand: copy one passage character by character, or give 0 points and an empty "
                "quote where the answer has nothing"
            )
        return doubts

    def _can_earn(self, entry: GradedCriterion, most: float) -> str:
        """Return a criterion's range of points as words; empty if its points are in it or can be rounded to it."""
        if not -POINTS_TOLERANCE <= entry.points <= most + POINTS_TOLERANCE:
            return f"from 0 to {most:g}"
        if most < self.points_step and POINTS_TOLERANCE < entry.points < most - POINTS_TOLERANCE:
            return f"either 0 or {most:g}"
        return ""

    def _instruction_flags(self, *, reported: bool) -> tuple[Flag, ...]:
        """Return the flags for instructions in the answer: of known patterns, and of the grader's report."""
        by_grader = Flag(kind=FlagKind.INSTRUCTION, note="the grader says that it speaks to whoever grades it")
        return (*suspicious(self.answer), *((by_grader,) if reported else ()))

    def _worth(self) -> tuple[float, ...]:
        return fitted([criterion.points for criterion in self.rubric.criteria], self.question.points)

    def _describe_rubric(self) -> str:
        lines = []
        for number, (criterion, points) in enumerate(zip(self.rubric.criteria, self._worth(), strict=True), 1):
            lines.append(f"Criterion {number} ({points:g} points): {criterion.description}")
            lines += [f"  Example: {example}" for example in criterion.examples]
        return "\n".join(lines)

    def _images(self) -> tuple[Image, ...]:
        return tuple(Image(page.key, page.sha256, page.width, page.height) for page in self.pages)

    def _describe_images(self) -> str:
        if not self.pages:
            return ""
        numbers = {page.page: number for number, page in enumerate(self.pages, 1)}
        places = [
            f"on image {numbers[place.page]} from {place.top:.0%} to {place.bottom:.0%} of its height"
            for place in self.places
            if place.page in numbers
        ]
        return f"\nIts drawing is shown {', '.join(places) or 'on the images'}; grade nothing else that they show."


def written_for(question: Question, answer: str) -> "Written":
    """Return an answer to a question in the form in which quotes are looked for.

    In multiple choice, copied print and marks on it count as the student's; in a diagram question, so does the
    description of a drawing.
    """
    from aita.tasks.quotes import Written  # noqa: PLC0415 - its patterns take 40 ms to compile: only grading waits for them

    if question.question_type is QuestionType.MULTIPLE_CHOICE:
        return Written(answer)
    drawn = question.question_type is QuestionType.DIAGRAM
    return Written(answer, question.question_text, question.question_id, drawn=drawn)


def code_of(answer: str) -> str:
    """Return the code of the lines that delimit an answer in the prompt.

    Equal answers have the same code, and no answer contains its own.
    """
    code = hashlib.sha256(answer.encode("utf-8", "replace")).hexdigest()[:_CODE_DIGITS]
    while code in answer:  # practically impossible to construct; even then the answer can't end its block
        code = hashlib.sha256(code.encode()).hexdigest()[:_CODE_DIGITS]
    return code
