"""Exam material: questions, answer keys, rubrics and pages, in the JSON shapes of earlier graders."""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from operator import not_
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints, ValidationError, model_validator

from aita.errors import RequestError
from aita.models.base import LenientModel, StrictModel
from aita.models.points import total

POINTS_TOLERANCE = 0.01
"""Largest difference between equal numbers of points: rubrics are written with two decimals."""

_TOLERANCE = POINTS_TOLERANCE + 1e-9  # 1.01 - 1 is slightly more than 0.01 in binary

LEAST_POINTS, MOST_POINTS = 0.01, 10_000
"""Bounds of a question's points. The lower one also bounds the step: points are counted in hundredths. Gradebooks take
no more than the upper one."""

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]


def _printable(value: str) -> str:
    if not value.isprintable():
        raise ValueError("must have no control characters")
    return value


QuestionId = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=40), AfterValidator(_printable)
]
Points = Annotated[float, Field(gt=0)]


class QuestionType(StrEnum):
    """The types of question that an exam may have."""

    MULTIPLE_CHOICE = "multiple_choice"
    SHORT_ANSWER = "short_answer"
    LONG_ANSWER = "long_answer"
    CALCULATION = "calculation"
    DIAGRAM = "diagram"


class Question(LenientModel):
    """One question. ``points`` are those of a full answer; ``page_number`` counts from 1.

    The points of a ``bonus`` question count on top: the exam is not out of them. The field is written only where it is
    true, as tasks are known by their questions' JSON, and those of earlier versions stay done.
    """

    question_id: QuestionId
    question_text: Text
    points: Points
    question_type: QuestionType
    page_number: Annotated[int, Field(ge=1)] | None = None
    bonus: Annotated[bool, Field(exclude_if=not_)] = False


class Choice(LenientModel):
    """Questions of which a student's best ``choose`` count; the exam is out of as many of them."""

    choose: Annotated[int, Field(ge=1)]
    of: tuple[QuestionId, ...]

    @property
    def text(self) -> str:
        """The rule in words: ``best 2 of questions 3, 4 and 5``."""
        listed = " and ".join(filter(None, (", ".join(self.of[:-1]), *self.of[-1:])))
        return f"best {self.choose} of questions {listed}"


class ExamSpec(LenientModel):
    """Questions of an exam, with unique ids. Points are multiples of ``points_step``."""

    exam_name: Text
    total_pages: Annotated[int, Field(ge=1)]
    questions: tuple[Question, ...]
    points_step: Annotated[float, Field(gt=0, le=100)] = 0.5
    choices: tuple[Choice, ...] = ()

    @model_validator(mode="after")
    def _questions_with_an_id_each(self) -> Self:
        if not self.questions:
            raise ValueError("questions: there are none, and an exam has at least one")
        seen: set[str] = set()
        for question in self.questions:
            if question.question_id in seen:
                raise ValueError(f"question_id {question.question_id!r} is there twice: give each question its own")
            seen.add(question.question_id)
        if all(question.bonus for question in self.questions):
            raise ValueError("bonus: all questions have it, and the exam would be out of 0 points: leave one without")
        return self

    @model_validator(mode="after")
    def _choices_of_equal_questions(self) -> Self:
        questions = {question.question_id: question for question in self.questions}
        seen: set[str] = set()
        for choice in self.choices:
            named = f"choices, {choice.text}"
            for question_id in choice.of:
                if question_id not in questions:
                    raise ValueError(f"{named}: {question_id!r} is no question_id of the exam: take it out")
                if question_id in seen:
                    raise ValueError(f"{named}: question {question_id!r} is in choices twice: name it once")
                if questions[question_id].bonus:
                    raise ValueError(f"{named}: question {question_id!r} is a bonus, which counts anyway: take it out")
                seen.add(question_id)
            if choice.choose >= len(choice.of):
                raise ValueError(f"{named}: choose fewer than the {len(choice.of)} questions that there are")
            if len(worths := {questions[question_id].points for question_id in choice.of}) > 1:
                listed = ", ".join(f"{points:g}" for points in sorted(worths))
                raise ValueError(f"{named}: they are worth {listed} points: make them worth the same")
        return self

    @property
    def out_of(self) -> float:
        """Points of the exam: without bonus questions, and of each choice with as many questions as count."""
        left_out = {question_id for choice in self.choices for question_id in choice.of[choice.choose :]}
        counted = (each for each in self.questions if not each.bonus and each.question_id not in left_out)
        return total(question.points for question in counted)

    @property
    def extras(self) -> str:
        """Choices and bonus questions in words: ``best 1 of questions 3 and 4 counts; bonus: 6``; empty without any."""
        bonus = [question.question_id for question in self.questions if question.bonus]
        rules = [f"{choice.text} {'counts' if choice.choose == 1 else 'count'}" for choice in self.choices]
        return "; ".join([*rules, *([f"bonus: {', '.join(bonus)}"] if bonus else [])])

    def choice_of(self, question_id: str) -> Choice | None:
        """Return the choice that a question is in; ``None`` if it is in none."""
        return next((choice for choice in self.choices if question_id in choice.of), None)

    def problem(self) -> str | None:
        """Return the first problem of the points, for an error message; ``None`` without a problem.

        The model does not validate the points, because earlier versions stored specifications with any points.
        """
        for question in self.questions:
            if not LEAST_POINTS <= question.points <= MOST_POINTS:
                return (
                    f"question {question.question_id!r} has {question.points:g} points: give each question from "
                    f"{LEAST_POINTS:g} to {MOST_POINTS:,}"
                )
        if self.points_step < LEAST_POINTS:
            return f"points_step is {self.points_step:g}: points count in hundredths, so give {LEAST_POINTS:g} or more"
        return None


def listed_questions(questions: ExamSpec | Iterable[Question | Mapping[str, Any]]) -> list[Question]:
    """Return the questions of an exam or of a list.

    Raises
    ------
    RequestError
        If they are neither; the message gives the place of a wrong one, and the wrong fields.
    """
    if isinstance(questions, ExamSpec):
        return list(questions.questions)
    if isinstance(questions, str | Mapping | Question) or not isinstance(questions, Iterable):
        raise RequestError(f"questions is a {type(questions).__name__}: it takes a list of questions, or an ExamSpec")
    return [_question(place, each) for place, each in enumerate(questions, 1)]


def _question(place: int, question: Any) -> Question:
    try:
        return Question.model_validate(question)
    except ValidationError as error:
        details = error.errors(include_input=False, include_url=False, include_context=False)
        problems = "; ".join(f"{'.'.join(map(str, each['loc'])) or 'it'}: {each['msg']}" for each in details)
        raise RequestError(f"question {place} is wrong: {problems}") from None


class AnswerKey(LenientModel):
    """What a right answer says, and how one gets there."""

    question_id: QuestionId
    correct_answer: Text
    alternative_answers: tuple[str, ...] = ()
    explanation: str = ""
    grading_notes: str = ""
    solution_steps: tuple[str, ...] = ()


class WrittenFor(LenientModel):
    """Origin of an answer key or a rubric.

    Parameters
    ----------
    question_version
        Version of the question's wording that it was written for; empty in files of 0.1.0.
    own
        Whether it is a copy of the instructor's own; ``False`` of all in files before version 0.3.
    answer_key
        Version of the answer key that a rubric was written from; empty for answer keys, copies, and in files before
        version 0.3.
    """

    question_version: str = ""
    own: bool = False
    answer_key: str = ""


class AnswerKeys(LenientModel):
    """What is asked for where several questions share a call."""

    answer_keys: tuple[AnswerKey, ...]


class Criterion(LenientModel):
    """One thing that earns points."""

    points: float
    description: Text
    examples: tuple[str, ...] = ()


class RubricPoints(LenientModel):
    """Rubric without a question id, as in ``user_rubrics.json``, whose keys are the ids."""

    total_points: Points
    criteria: Annotated[tuple[Criterion, ...], Field(min_length=1)]

    def problem(self, points: float) -> str | None:
        """Return the first problem of the rubric's points, for an error message; ``None`` without a problem.

        Parameters
        ----------
        points
            Points of the question.
        """
        for number, criterion in enumerate(self.criteria, 1):
            if criterion.points <= 0:
                return f"criterion {number} has {criterion.points:g} points: each must have more than 0"
        total = sum(criterion.points for criterion in self.criteria)
        if abs(total - self.total_points) > _TOLERANCE:
            return f"the criteria sum to {total:g} points and total_points is {self.total_points:g}: make them equal"
        if abs(self.total_points - points) > _TOLERANCE:
            return f"total_points is {self.total_points:g} and the question is worth {points:g}: make them equal"
        return None


class Rubric(RubricPoints):
    """How a question's points are earned."""

    question_id: QuestionId


def _named_by_keys(value: Any) -> Any:
    """Return entries with the ids that are their keys, so that files which aita wrote can be uploaded as they are."""
    if not isinstance(value, dict):
        return value
    for question_id, entry in value.items():
        if isinstance(entry, dict) and entry.get("question_id", question_id) != question_id:
            raise ValueError(f"{question_id!r} has the question_id {entry['question_id']!r}: make them the same")
    return {each: {"question_id": each} | entry if isinstance(entry, dict) else entry for each, entry in value.items()}


OwnAnswerKeys = Annotated[dict[str, AnswerKey], BeforeValidator(_named_by_keys)]
"""Content of ``user_answer_keys.json``: answer keys by question id, with or without the id in them."""

OwnRubrics = Annotated[dict[str, RubricPoints], BeforeValidator(_named_by_keys)]
"""Content of ``user_rubrics.json``: rubrics by question id, with or without the id in them."""


class Page(StrictModel):
    """Page of a student's exam: its number, and the key, digest and size (pixels) of its upright JPEG in S3."""

    page: Annotated[int, Field(ge=1)]
    key: str
    sha256: str
    width: int
    height: int
