"""Grades: cells, which are one student's graded answers to one question each."""

import hashlib
import json
from enum import StrEnum
from typing import Annotated, Self

from pydantic import Field, model_validator

from aita.models.base import LenientModel, StrictModel
from aita.models.effort import DEFAULT_EFFORT, ReasoningEffort
from aita.models.exam import Question, QuestionId
from aita.models.points import exact, total
from aita.models.review_flags import Flag
from aita.models.second_look import ReadLine, SecondLook, See
from aita.version import VERSION, release

Amount = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class CellState(StrEnum):
    """State of a cell. The total of a student with a cell in NEEDS_REVIEW or FAILED is not final."""

    GRADED = "GRADED"
    BLANK = "BLANK"
    NEEDS_REVIEW = "NEEDS_REVIEW"
    FAILED = "FAILED"
    OVERRIDDEN = "OVERRIDDEN"

    @property
    def is_open(self) -> bool:
        """Whether the cell still needs a person's decision or another grading."""
        return self in (CellState.NEEDS_REVIEW, CellState.FAILED)


class CriterionGrade(StrictModel):
    """Points of an answer for one criterion of the rubric, and the quote of the answer that earned or lost them."""

    points: Amount
    quote: str = ""
    reason: str = ""
    quote_found: bool = True


class GradedAnswer(StrictModel):
    """One grader's grading: every criterion of the rubric, in its order. A blank answer has no criteria.

    ``reading`` has the lines that the grader read on the page otherwise than they were transcribed.
    """

    blank: bool = False
    criteria: tuple[CriterionGrade, ...] = ()
    feedback: str = ""
    flags: tuple[Flag, ...] = ()
    reading: tuple[ReadLine, ...] = ()

    @property
    def points(self) -> float:
        """Sum of the criteria's points."""
        return total(criterion.points for criterion in self.criteria)


class FirstGrading(StrictModel):
    """An answer's points as they were graded, before the points of the rubric or the question changed.

    Points are always rescaled from these, so that a change that is taken back gives the grade back.

    Parameters
    ----------
    rubric
        Version of the rubric that the answer was graded against.
    max_points, criteria, feedback, by_grader, gradings
        As in the cell.
    basis, older_basis
        As in the cell: if the change is taken back, decisions about a cell of aita 0.1.0 count again.
    """

    rubric: str
    max_points: Annotated[float, Field(gt=0)]
    criteria: tuple[CriterionGrade, ...]
    feedback: str = ""
    by_grader: tuple[tuple[Amount, ...], ...] = ()
    gradings: tuple[GradedAnswer, ...] = ()
    basis: str = ""
    older_basis: str = ""


class Cell(StrictModel):
    """One student's answer to one question, graded.

    Parameters
    ----------
    points
        Points of the answer, or the proposed points while the state is NEEDS_REVIEW; ``None`` without a proposal, and
        always if grading failed.
    max_points
        Points of a full answer.
    graders
        Total of each grader.
    by_grader
        Points of each grader for each criterion, in the order of ``graders``.
    gradings
        Gradings of all graders if there are several, in the order of ``graders``: after a change of points, another
        one may be the nearest. Empty in cells of aita 0.1.0.
    first_grading
        Points as they were graded, if those of the rubric or the question have changed since.
    reason
        Cause of a failure, or the reason that a person gave for a decision.
    basis
        Digest of the grade's inputs: the question, the rubric, the answer and the way of grading.
    older_basis
        Basis of the answer's cell in aita 0.1.0, if the answer is graded again from unchanged inputs; decisions about
        that cell still count.
    question, rubric, answer_key, instructions, answer
        Versions (digests) of the grade's inputs; the last three are empty in cells of aita 0.1.0.
    model, reasoning_effort
        Model that graded the answer, and its reasoning effort.
    graders_asked, disagreement
        Number of graders that were asked, and the share of the points from which on they disagree; 0 and ``None`` in
        cells of aita 0.1.0.
    see
        Answers that graders saw on the page in the run that graded or kept the cell; ``None`` before version 0.3.
    readings
        Number of readings of each answer with strips in the run that graded or kept the cell.
    second_look
        Second look at this answer; ``None`` if none was due.
    aita
        Version of aita that graded the answer; empty for 0.1.0.
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
    first_grading: FirstGrading | None = None
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
    see: See | None = None
    readings: Annotated[int, Field(ge=1)] = 1
    second_look: SecondLook | None = None
    aita: str = ""

    @property
    def proposal(self) -> str:
        """Version of the proposal: a digest of its points, criteria, feedback and lines that were read otherwise."""
        content = [self.points, [each.model_dump(mode="json") for each in self.criteria], self.feedback]
        look = self.second_look
        if look is not None and (lines := (*look.reading, *look.second_reading)):
            content.append([each.model_dump(mode="json") for each in lines])
        return hashlib.sha256(json.dumps(content).encode()).hexdigest()[:32]

    @property
    def is_of_older_version(self) -> bool:
        """Whether another release of aita, with perhaps other prompts and rules, graded the cell.

        Development versions count as their release.
        """
        return release(self.aita) != release(VERSION)

    @model_validator(mode="after")
    def _points_fit_state(self) -> Self:
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


def cell_id(student_id: str, question_id: str) -> str:
    """Return the opaque id of a student's answer to a question."""
    digest = hashlib.sha256(f"{student_id}\0{question_id}".encode()).hexdigest()
    return f"c-{digest[:12]}"


def question_version(question: Question) -> str:
    """Return the version of a question's wording: a digest of its text and type, without its points."""
    return hashlib.sha256(f"{question.question_type}\0{question.question_text}".encode()).hexdigest()[:32]


class StudentGrades(StrictModel):
    """A student's cells, one for each question in the exam's order, with their total and letter.

    Parameters
    ----------
    points
        Sum of the closed cells that count; provisional while there are ``open_questions``. With bonus questions it may
        be more than ``out_of``.
    out_of
        Points of the whole exam without bonus questions, whatever the states of the cells.
    letter
        Letter from the grade scale; ``None`` while a cell is open.
    bonus_points
        Points of bonus questions among ``points``.
    not_counted
        Questions whose closed cells do not count, as others of their choice are better.
    """

    student_id: str
    cells: tuple[Cell, ...]
    points: float
    out_of: float
    open_questions: tuple[str, ...]
    letter: str | None = None
    bonus_points: float = 0.0
    not_counted: tuple[str, ...] = ()

    @property
    def final(self) -> bool:
        """Whether all cells are closed."""
        return not self.open_questions

    @property
    def nothing_closed(self) -> bool:
        """Whether all cells are open, so that there are no points yet: not 0 points."""
        return len(self.open_questions) == len(self.cells)


class GradeStep(LenientModel):
    """A letter, and the lowest percentage that earns it."""

    letter: Annotated[str, Field(min_length=1, max_length=20)]
    from_percent: Annotated[float, Field(ge=0, le=100)]


class GradeScale(LenientModel):
    """Letters from the best to the last, which begins at 0 percent."""

    steps: Annotated[tuple[GradeStep, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _steps_fall_to_zero(self) -> Self:
        bounds = [step.from_percent for step in self.steps]
        if bounds != sorted(set(bounds), reverse=True):
            raise ValueError("steps must fall: each from_percent below the one before")
        if bounds[-1] != 0:
            raise ValueError("the last step must begin at 0 percent, so that every total has a letter")
        return self
