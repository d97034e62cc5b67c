"""Grades: what each cell, one student's answer to one question, came to, and what people decided about it."""

import hashlib
import json
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Self

from pydantic import Field, model_validator

from aita.models.base import LenientModel, StrictModel
from aita.models.effort import DEFAULT_EFFORT, ReasoningEffort
from aita.models.exam import Question, QuestionId
from aita.models.points import exact, total
from aita.models.review_flags import Flag
from aita.version import VERSION, release

Amount = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class CellState(StrEnum):
    """Where a cell stands. While one of a student's cells is NEEDS_REVIEW or FAILED, the total is not final."""

    GRADED = "GRADED"
    BLANK = "BLANK"
    NEEDS_REVIEW = "NEEDS_REVIEW"
    FAILED = "FAILED"
    OVERRIDDEN = "OVERRIDDEN"

    @property
    def is_open(self) -> bool:
        """Whether a person or another try must still close it."""
        return self in (CellState.NEEDS_REVIEW, CellState.FAILED)


class CriterionGrade(StrictModel):
    """What an answer earned for one criterion of the rubric, and the words of the answer that earned or lost it."""

    points: Amount
    quote: str = ""
    reason: str = ""
    quote_found: bool = True


class GradedAnswer(StrictModel):
    """What one grader came to: every criterion of the rubric in its order. A blank answer has none of it graded."""

    blank: bool = False
    criteria: tuple[CriterionGrade, ...] = ()
    feedback: str = ""
    flags: tuple[Flag, ...] = ()

    @property
    def points(self) -> float:
        """The criteria's sum."""
        return total(criterion.points for criterion in self.criteria)


class Cell(StrictModel):
    """One student's answer to one question, graded.

    Parameters
    ----------
    points
        What it earned, or while the state is NEEDS_REVIEW what is proposed; ``None`` where there is no proposal,
        and always where grading failed.
    max_points
        What the question is worth.
    graders
        The points that each grader came to.
    by_grader
        The points that each grader gave for each criterion, in the same order.
    gradings
        Of several graders, what each said, in the same order: other points may bring another one nearest. Cells of
        version 0.1.0 have none.
    reason
        Why it failed, or what a person said who decided.
    basis
        What the grade is of: a digest of the question, the rubric, the answer and the way of grading.
    older_basis
        The basis that aita 0.1.0 gave this answer's cell, if it is graded again and nothing of it has changed: what was
        decided then still counts.
    question, rubric, answer_key, instructions, answer
        The versions of all that the grade was made of, digests; the last three are empty in cells of aita 0.1.0.
    model, reasoning_effort
        The model that graded it, and how long it was told to think.
    graders_asked, disagreement
        With how many graders it was to be graded, and from which share of the points on they disagree; 0 and ``None``
        in cells of aita 0.1.0.
    aita
        The version of aita that graded it; empty for 0.1.0.
    """

    cell_id: str
    student_id: str
    question_id: QuestionId
    state: CellState
    points: Amount | None = None
    max_points: Annotated[float, Field(gt=0)]
    criteria: tuple[CriterionGrade, ...] = ()
    feedback: str = ""
    flags: tuple[Flag, ...] = ()
    graders: tuple[Amount, ...] = ()
    by_grader: tuple[tuple[Amount, ...], ...] = ()
    gradings: tuple[GradedAnswer, ...] = ()
    reason: str = ""
    basis: str = ""
    older_basis: str = ""
    question: str = ""
    rubric: str = ""
    answer_key: str = ""
    instructions: str = ""
    answer: str = ""
    model: str = ""
    reasoning_effort: ReasoningEffort = DEFAULT_EFFORT
    graders_asked: Annotated[int, Field(ge=0)] = 0
    disagreement: float | None = None
    aita: str = ""

    @property
    def proposal(self) -> str:
        """The version of what is proposed: a digest of its points, criteria and feedback."""
        said = [self.points, [each.model_dump(mode="json") for each in self.criteria], self.feedback]
        return hashlib.sha256(json.dumps(said).encode()).hexdigest()[:32]

    @property
    def is_of_older_version(self) -> bool:
        """Whether an older version of aita graded it, whose prompts and rules may have been others.

        What a development version of this release graded is of this release.
        """
        return release(self.aita) != release(VERSION)

    @model_validator(mode="after")
    def _no_number_without_its_reason(self) -> Self:
        if self.points is not None and exact(self.points) > exact(self.max_points):
            raise ValueError("points are more than the question is worth")
        match self.state:
            case CellState.FAILED if self.points is not None:
                raise ValueError("a failed cell has no points: it is no zero")
            case CellState.GRADED if self.points is None or self.points != total(c.points for c in self.criteria):
                raise ValueError("a graded cell's points are the sum of its criteria")
            case CellState.GRADED if not self.criteria:
                raise ValueError("a graded cell has a breakdown")
            case CellState.BLANK if self.points != 0:
                raise ValueError("a blank cell has 0 points")
            case CellState.OVERRIDDEN if self.points is None:
                raise ValueError("a cell that a person decided has points")
        return self


class DecisionAction(StrEnum):
    """What a person decided: to take the proposal, or to set other points."""

    ACCEPT = "accept"
    SET = "set"


class Decision(LenientModel):
    """A person's decision about one cell. Decisions are only ever added.

    ``by`` is the name that the person gave, and ``caller`` the ARN that the request was signed for: students are shown
    neither. ``basis`` is the cell's at that time: one that is graded anew on another basis is open again. ``old_state``
    and ``old_points`` are what the decision found. ``proposal`` is the version of what was accepted, and ``aita`` that
    of the stack; both are empty for 0.1.0.
    """

    decision_id: str
    cell_id: str
    student_id: str
    question_id: QuestionId
    action: DecisionAction
    points: Amount
    why: str
    by: str
    caller: str = ""
    at: datetime
    basis: str
    old_state: CellState
    old_points: Amount | None = None
    proposal: str = ""
    aita: str = ""


def cell_id(student_id: str, question_id: str) -> str:
    """Return the opaque id of a student's answer to a question."""
    digest = hashlib.sha256(f"{student_id}\0{question_id}".encode()).hexdigest()
    return f"c-{digest[:12]}"


def question_version(question: Question) -> str:
    """Return what a question's wording is known by: a digest of its text and type, without its points."""
    return hashlib.sha256(f"{question.question_type}\0{question.question_text}".encode()).hexdigest()[:32]


class StudentGrades(StrictModel):
    """A student's cells, one for each question of the exam in its order, and what they come to.

    Parameters
    ----------
    points
        The sum of the closed cells: "so far" while ``open_questions`` has any.
    out_of
        What the whole exam is worth, whatever became of the cells.
    letter
        From the grade scale; ``None`` while a cell is open.
    """

    student_id: str
    cells: tuple[Cell, ...]
    points: float
    out_of: float
    open_questions: tuple[str, ...]
    letter: str | None = None

    @property
    def final(self) -> bool:
        """Whether no cell is open."""
        return not self.open_questions


class GradeStep(LenientModel):
    """A letter, and the percentage from which on it is given."""

    letter: Annotated[str, Field(min_length=1, max_length=20)]
    from_percent: Annotated[float, Field(ge=0, le=100)]


class GradeScale(LenientModel):
    """The letters from the best down; the last begins at 0."""

    steps: Annotated[tuple[GradeStep, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _falls_to_zero(self) -> Self:
        bounds = [step.from_percent for step in self.steps]
        if bounds != sorted(set(bounds), reverse=True):
            raise ValueError("steps must fall: each from_percent below the one before")
        if bounds[-1] != 0:
            raise ValueError("the last step must begin at 0 percent, so that every total has a letter")
        return self
