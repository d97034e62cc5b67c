"""What the reports for people show: put together from grades and transcriptions, with names put back."""

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime
from statistics import mean, median
from typing import Any

from pydantic import BaseModel

from aita.models.answer import QuestionAnswer
from aita.models.base import StrictModel
from aita.models.exam import Criterion, ExamSpec, PageTranscription, Question
from aita.models.grade import Cell, StudentGrades
from aita.models.run import RunStatus, Usage
from aita.models.shown import ShownAnswer
from aita.models.student import Student

MADE_OF = "aita-made-of"
"""The name of the meta element with a report's ``made_of``: where that would be another now, it is out of date."""

REPORT_OF = "data-report"
"""The attribute of the class report's links with a report's name in the bucket: ``href`` is its name for people."""


class ReportFile(StrictModel):
    """A report that was written: its name under the assignment's reports, and its S3 key."""

    name: str
    key: str


class ReportFiles(StrictModel):
    """What one task of the report stage wrote."""

    files: tuple[ReportFile, ...]


@dataclass(frozen=True, slots=True)
class PageScan:
    """A page's image: its place among the student's pages, its size in pixels; ``jpeg`` is ``None`` if it is gone."""

    page: int
    width: int
    height: int
    jpeg: bytes | None


@dataclass(frozen=True, slots=True)
class QuestionReport:
    """A question and what a student's answer to it came to.

    Parameters
    ----------
    rubric
        The version of the rubric that was graded against, a digest.
    criteria
        Those of that rubric, in the order of those shown; empty if they are not known.
    answer
        ``None`` if the answers were not mapped to the questions.
    """

    question: Question
    shown: ShownAnswer
    rubric: str = ""
    criteria: tuple[Criterion, ...] = ()
    answer: QuestionAnswer | None = None


@dataclass(frozen=True, slots=True)
class StudentReport:
    """One student's graded exam, as the student is to see it.

    ``points``, ``out_of``, ``open_questions`` and ``letter`` are those of ``StudentGrades``. ``scans`` are the pages
    that the answers stand on, ``images`` their digests, and ``models`` what graded them.
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

    @property
    def final(self) -> bool:
        """Whether no answer is open."""
        return not self.open_questions

    @property
    def made_of(self) -> str:
        """A digest of what is shown: equal as long as making the report anew changes nothing."""
        answers = [
            (each.question, each.shown, each.rubric, each.answer and (each.answer.raw_text, each.answer.pages))
            for each in self.questions
        ]
        return _digest(self.name, self.exam_name, self.points, self.out_of, self.letter, answers, self.images)


@dataclass(frozen=True, slots=True)
class PageReport:
    """A page beside what was read on it; ``transcription`` is ``None`` if that came to nothing.

    ``answers`` are those that stand on the page, from top to bottom, by the fraction of its height where each begins.
    """

    scan: PageScan
    transcription: PageTranscription | None
    answers: tuple[tuple[float, QuestionAnswer], ...] = ()


@dataclass(frozen=True, slots=True)
class TranscriptionReport:
    """One student's pages and what was read on them.

    ``unreadable`` counts the files that no page came out of, and ``unplaced`` are the answers that were found nowhere.
    ``models`` are those that read the pages.
    """

    name: str
    exam_name: str
    pages: tuple[PageReport, ...]
    unplaced: tuple[QuestionAnswer, ...]
    unreadable: int
    models: tuple[str, ...]
    made_at: datetime


@dataclass(frozen=True, slots=True)
class StudentLine:
    """A student in the class's list; ``grades`` is ``None`` while nothing is graded.

    ``file`` is the name that the student's reports have where the class's report links to them, without its ending.
    """

    student: Student
    name: str
    file: str
    pages: int
    grades: StudentGrades | None


@dataclass(frozen=True, slots=True)
class QuestionFigures:
    """How a question was answered: counts of cells, and the mean of the closed ones as a share of its points."""

    question: Question
    closed: int
    open: int
    blank: int
    mean_share: float | None


@dataclass(frozen=True, slots=True)
class CriterionFigures:
    """What a criterion cost: the mean share of its points that was lost, over the answers that were graded."""

    question_id: str
    criterion: Criterion
    answers: int
    lost_share: float


@dataclass(frozen=True, slots=True)
class OpenCell:
    """A cell that a person must look at."""

    name: str
    cell: Cell


@dataclass(frozen=True, slots=True)
class RunLine:
    """What a run took; ``seconds`` are those of its stages that have ended."""

    pipeline: str
    status: RunStatus
    started_at: datetime
    seconds: float
    usage: Usage


@dataclass(frozen=True, slots=True)
class ClassReport:
    """A whole class; ``exam`` is ``None`` and so are the figures while there are only transcriptions."""

    assignment: str
    exam: ExamSpec | None
    students: tuple[StudentLine, ...]
    missing: tuple[str, ...]
    questions: tuple[QuestionFigures, ...]
    missed: tuple[CriterionFigures, ...]
    review: tuple[OpenCell, ...]
    runs: tuple[RunLine, ...]
    models: tuple[str, ...]
    made_at: datetime

    @property
    def made_of(self) -> str:
        """A digest of students, questions and grades, not of runs: whatever was graded or decided since changes it."""
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
        return _digest(self.exam, students, cells, self.missing)

    @property
    def graded(self) -> tuple[StudentGrades, ...]:
        """The grades of the students who have some."""
        return tuple(line.grades for line in self.students if line.grades is not None)

    @property
    def totals(self) -> tuple[float, ...]:
        """The totals that are final."""
        return tuple(grades.points for grades in self.graded if grades.final)

    @property
    def mean(self) -> float | None:
        """The mean of the final totals."""
        return mean(self.totals) if self.totals else None

    @property
    def median(self) -> float | None:
        """The median of the final totals."""
        return median(self.totals) if self.totals else None

    @property
    def lowest(self) -> float | None:
        """The lowest of the final totals."""
        return min(self.totals, default=None)

    @property
    def highest(self) -> float | None:
        """The highest of the final totals."""
        return max(self.totals, default=None)

    @property
    def unmatched(self) -> tuple[Student, ...]:
        """Students whose folder is not surely theirs on the roster."""
        return tuple(line.student for line in self.students if line.student.match in ("close", "ambiguous", "none"))


def _digest(*parts: Any) -> str:
    return hashlib.sha256(json.dumps(parts, default=_plain).encode()).hexdigest()[:32]


def _plain(model: BaseModel) -> Any:
    return model.model_dump(mode="json")
