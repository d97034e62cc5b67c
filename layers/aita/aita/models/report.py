"""Content of the reports for people: grades and transcriptions, with the students' names restored."""

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime
from statistics import mean, median
from typing import Any

from pydantic import BaseModel

from aita.models.answer import QuestionAnswer
from aita.models.base import StrictModel
from aita.models.exam import Criterion, ExamSpec, Question
from aita.models.grade import Cell, StudentGrades
from aita.models.ledger import Part
from aita.models.part_decision import PartAction
from aita.models.run import RunStatus, Usage
from aita.models.shown import ShownAnswer
from aita.models.student import CERTAIN, Student
from aita.models.transcription import Line, PageTranscription

MADE_OF = "aita-made-of"
"""Name of the meta element with a report's ``made_of``. A report is out of date if its ``made_of`` would differ now."""

REPORT_OF = "data-report"
"""Attribute of the class report's links: the linked report's name in the bucket. ``href`` has its name for people."""


class ReportFile(StrictModel):
    """A written report: its name under the assignment's reports, and its S3 key."""

    name: str
    key: str


class ReportFiles(StrictModel):
    """Reports that one task of the report stage wrote."""

    files: tuple[ReportFile, ...]


@dataclass(frozen=True, slots=True)
class PageScan:
    """A page's image: its number among the student's pages, its size in pixels; ``jpeg`` is ``None`` if it is gone."""

    page: int
    width: int
    height: int
    jpeg: bytes | None


@dataclass(frozen=True, slots=True)
class QuestionReport:
    """A question, a student's answer to it, and the grade as the student sees it.

    Parameters
    ----------
    rubric
        Version (digest) of the rubric that the answer was graded against.
    criteria
        Criteria of that rubric, in the order of the shown ones; empty if they are unknown.
    answer
        Student's answer; ``None`` if the answers were not mapped to the questions.
    """

    question: Question
    shown: ShownAnswer
    rubric: str = ""
    criteria: tuple[Criterion, ...] = ()
    answer: QuestionAnswer | None = None


@dataclass(frozen=True, slots=True)
class StudentReport:
    """One student's graded exam, as the student sees it.

    ``points``, ``out_of``, ``open_questions``, ``letter`` and ``bonus_points`` are taken from ``StudentGrades``.
    ``scans`` are the pages of the answers, ``images`` the digests of these pages, and ``models`` the models that graded
    the answers. ``extras`` are the exam's choices and bonus questions, in words.
    """

    name: str
    exam_name: str
    points: float
    out_of: float
    open_questions: tuple[str, ...]
    letter: str | None
    questions: tuple[QuestionReport, ...]
    scans: tuple[PageScan, ...]
    models: tuple[str, ...]
    made_at: datetime
    images: tuple[str, ...] = ()
    bonus_points: float = 0.0
    extras: str = ""

    @property
    def final(self) -> bool:
        """Whether all answers are closed."""
        return not self.open_questions

    @property
    def nothing_closed(self) -> bool:
        """Whether all answers are open, so that there are no points yet: not 0 points."""
        return len(self.open_questions) == len(self.questions)

    @property
    def made_of(self) -> str:
        """Digest of the report's content, except its date and models."""
        answers = [
            (each.question, each.shown, each.rubric, each.answer and (each.answer.raw_text, each.answer.pages))
            for each in self.questions
        ]
        return _digest(
            self.name, self.exam_name, self.points, self.out_of, self.letter, self.extras, answers, self.images
        )


@dataclass(frozen=True, slots=True)
class PartReport:
    """A part of a page that belongs to no answer, the lines that were read in it, and what a person said that it is.

    ``action`` is ``None`` while no person has decided.
    """

    part: Part
    lines: tuple[Line, ...]
    action: PartAction | None


@dataclass(frozen=True, slots=True)
class PageReport:
    """A page beside its transcription, which is ``None`` if the page was not transcribed.

    ``answers`` are the answers on the page from top to bottom, each with the fraction of the page's height at which it
    begins, and ``parts`` are the parts that belong to none. ``flagged`` are the answers with flags whose first place is
    on this page. ``equals`` is the page with the same picture, for which this one was passed over.
    """

    scan: PageScan
    transcription: PageTranscription | None
    answers: tuple[tuple[float, QuestionAnswer], ...] = ()
    flagged: tuple[QuestionAnswer, ...] = ()
    parts: tuple[PartReport, ...] = ()
    equals: int | None = None


@dataclass(frozen=True, slots=True)
class TranscriptionReport:
    """One student's pages and their transcriptions.

    ``unreadable`` counts the files without a readable page, ``not_found`` are the answers that were not found on any
    page, and ``models`` the models that read the pages.
    """

    name: str
    exam_name: str
    pages: tuple[PageReport, ...]
    not_found: tuple[QuestionAnswer, ...]
    unreadable: int
    models: tuple[str, ...]
    made_at: datetime


@dataclass(frozen=True, slots=True)
class StudentLine:
    """A student in the class's list; ``grades`` is ``None`` while nothing is graded.

    ``file`` is the name, without its ending, under which the class's report links to the student's reports.
    """

    student: Student
    name: str
    file: str
    pages: int
    grades: StudentGrades | None


@dataclass(frozen=True, slots=True)
class QuestionFigures:
    """Figures of a question: counts of its cells, and the mean of its points as a share, open cells left out.

    Each cell is counted once: ``graded``, ``blank`` or ``open``. Blank cells of a choice are not in its mean, as a
    student who left the question out chose others.
    """

    question: Question
    graded: int
    blank: int
    open: int
    mean_share: float | None


@dataclass(frozen=True, slots=True)
class CriterionFigures:
    """Figures of a criterion: the number of graded answers, and the mean share of its points that they lost."""

    question_id: str
    criterion: Criterion
    answers: int
    lost_share: float


@dataclass(frozen=True, slots=True)
class GraderLine:
    """Model, reasoning effort and version of aita that graded answers, and how many.

    ``aita`` is empty for 0.1.0. ``places`` name the students and questions; they are empty for the most frequent way.
    """

    model: str
    effort: str
    aita: str
    answers: int
    places: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class OpenCell:
    """An open cell, with its student's name."""

    name: str
    cell: Cell


@dataclass(frozen=True, slots=True)
class RunLine:
    """Duration and usage of a run; ``seconds`` is the sum over its ended stages."""

    pipeline: str
    status: RunStatus
    started_at: datetime
    seconds: float
    usage: Usage


@dataclass(frozen=True, slots=True)
class ClassReport:
    """A whole class. While there are only transcriptions, ``exam`` is ``None`` and the figures are empty.

    ``untranscribed`` are the folders that were uploaded after the last transcription, ``graders`` the ways in which
    answers were graded, the most frequent one first, and ``grades_version`` is the gradebook's.
    """

    assignment: str
    exam: ExamSpec | None
    students: tuple[StudentLine, ...]
    missing: tuple[str, ...]
    untranscribed: tuple[str, ...]
    questions: tuple[QuestionFigures, ...]
    missed: tuple[CriterionFigures, ...]
    review: tuple[OpenCell, ...]
    runs: tuple[RunLine, ...]
    models: tuple[str, ...]
    made_at: datetime
    graders: tuple[GraderLine, ...] = ()
    grades_version: str = ""

    @property
    def made_of(self) -> str:
        """Digest of students, questions and grades, but not of runs. A new grade or decision changes it."""
        students = [
            (line.name, line.file, line.student.match, line.pages,
             line.grades and (line.grades.points, line.grades.letter))
            for line in self.students
        ]  # fmt: skip
        cells = [
            (cell.cell_id, cell.state, cell.points, cell.reason, [flag.text for flag in cell.flags],
             cell.rubric, [criterion.points for criterion in cell.criteria])
            for grades in self.graded
            for cell in grades.cells
        ]  # fmt: skip
        return _digest(self.exam, self.grades_version, students, cells, self.missing, self.untranscribed)

    @property
    def graded(self) -> tuple[StudentGrades, ...]:
        """Grades of the graded students."""
        return tuple(line.grades for line in self.students if line.grades is not None)

    @property
    def answers(self) -> int:
        """Number of the graded students' answers, open ones included."""
        return sum(len(grades.cells) for grades in self.graded)

    @property
    def totals(self) -> tuple[float, ...]:
        """Final totals."""
        return tuple(grades.points for grades in self.graded if grades.final)

    @property
    def mean(self) -> float | None:
        """Mean of the final totals; ``None`` without any."""
        return mean(self.totals) if self.totals else None

    @property
    def median(self) -> float | None:
        """Median of the final totals; ``None`` without any."""
        return median(self.totals) if self.totals else None

    @property
    def lowest(self) -> float | None:
        """Lowest of the final totals; ``None`` without any."""
        return min(self.totals, default=None)

    @property
    def highest(self) -> float | None:
        """Highest of the final totals; ``None`` without any."""
        return max(self.totals, default=None)

    @property
    def unmatched(self) -> tuple[Student, ...]:
        """Students without a certain match on the roster, unless a person said that they are not on it."""
        known = (*CERTAIN, "nobody", "no_roster")
        return tuple(line.student for line in self.students if line.student.match not in known)


def _digest(*parts: Any) -> str:
    return hashlib.sha256(json.dumps(parts, default=_as_json).encode()).hexdigest()[:32]


def _as_json(model: BaseModel) -> Any:
    return model.model_dump(mode="json")
