"""Content of the class's report: its figures, students, open answers and runs, with the students' names restored."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from statistics import mean, median, pstdev, quantiles

from aita.models.exam import Criterion, ExamSpec, Question
from aita.models.grade import Cell, StudentGrades
from aita.models.points import exact
from aita.models.report import digest_of
from aita.models.run import RunStatus, Usage
from aita.models.student import CERTAIN, Student


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
class Bin:
    """Points from ``start`` to below ``end``, and the number of answers with them.

    ``end`` belongs to the last bin of a question. If both are equal, the bin is of these points alone.
    """

    start: Decimal
    end: Decimal
    answers: int


@dataclass(frozen=True, slots=True)
class QuestionFigures:
    """Figures of a question: counts of its cells, and the mean of its points as a share, open cells left out.

    Each cell is counted once: ``graded``, ``blank`` or ``open``. Blank cells of a choice are neither in its mean nor in
    its standard deviation (of these answers, not estimated from them) and bins, as a student who left the question out
    chose others.
    """

    question: Question
    graded: int
    blank: int
    open: int
    mean_share: float | None
    deviation: Decimal | None = None
    bins: tuple[Bin, ...] = ()


@dataclass(frozen=True, slots=True)
class CriterionFigures:
    """Figures of a criterion: the number of graded answers, and the mean share of its points that they lost.

    ``full``, ``part`` and ``none`` count the answers that earned all, some and none of its points.
    """

    question_id: str
    criterion: Criterion
    answers: int
    lost_share: float
    full: int = 0
    part: int = 0
    none: int = 0


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
    """An open cell, with its student's name.

    ``file`` is as in the student's line, and ``place`` the question's in the exam, from 1 on: together they are the
    answer's place in the student's report.
    """

    name: str
    cell: Cell
    file: str
    place: int


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
    answers were graded, the most frequent one first, and ``grades_version`` is the gradebook's. ``criteria`` are those
    of all rubrics that something was graded against, in the order of the questions, and ``letters`` the number of
    students with each letter of the grade scale, the best one first.
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
    criteria: tuple[CriterionFigures, ...] = ()
    letters: tuple[tuple[str, int], ...] = ()

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
        return digest_of(self.exam, self.grades_version, students, cells, self.missing, self.untranscribed)

    @property
    def graded(self) -> tuple[StudentGrades, ...]:
        """Grades of the graded students."""
        return tuple(line.grades for line in self.students if line.grades is not None)

    @property
    def answers(self) -> int:
        """Number of the graded students' answers, open ones included."""
        return sum(len(grades.cells) for grades in self.graded)

    @property
    def totals(self) -> tuple[Decimal, ...]:
        """Final totals."""
        return tuple(exact(grades.points) for grades in self.graded if grades.final)

    @property
    def mean(self) -> Decimal | None:
        """Mean of the final totals; ``None`` without any."""
        return mean(self.totals) if self.totals else None

    @property
    def median(self) -> Decimal | None:
        """Median of the final totals; ``None`` without any."""
        return median(self.totals) if self.totals else None

    @property
    def deviation(self) -> Decimal | None:
        """Standard deviation of the final totals, of these and not estimated from them; ``None`` without any."""
        return pstdev(self.totals) if self.totals else None

    @property
    def quartiles(self) -> tuple[Decimal | None, Decimal | None]:
        """Lower and upper quartile of the final totals, as spreadsheets have them (QUARTILE.INC)."""
        if len(self.totals) < 2:  # noqa: PLR2004 - quantiles takes no fewer
            return self.lowest, self.highest
        lower, _, upper = quantiles(self.totals, n=4, method="inclusive")
        return lower, upper

    @property
    def lowest(self) -> Decimal | None:
        """Lowest of the final totals; ``None`` without any."""
        return min(self.totals, default=None)

    @property
    def highest(self) -> Decimal | None:
        """Highest of the final totals; ``None`` without any."""
        return max(self.totals, default=None)

    @property
    def unmatched(self) -> tuple[Student, ...]:
        """Students without a certain match on the roster, unless a person said that they are not on it."""
        known = (*CERTAIN, "nobody", "no_roster")
        return tuple(line.student for line in self.students if line.student.match not in known)
