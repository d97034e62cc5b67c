"""Grades of a class: students by questions."""

from aita.models.base import StrictModel
from aita.models.exam import QuestionId
from aita.models.grade import CellState
from aita.models.review_flags import FlagKind


class QuestionColumn(StrictModel):
    """A question as the column of a table."""

    question_id: QuestionId
    points: float
    bonus: bool


class CellEntry(StrictModel):
    """A cell in the table. ``points`` are proposed ones while it is open; ``decided`` is true if a decision counts."""

    cell_id: str
    state: CellState
    points: float | None
    flags: tuple[FlagKind, ...] = ()
    decided: bool = False


class StudentRow(StrictModel):
    """A student's cells, in the order of the questions, with the total.

    ``points``, ``letter`` and ``not_counted`` are as in ``StudentGrades``. A total that is not ``final`` waits for the
    cells in NEEDS_REVIEW and FAILED.
    """

    student_id: str
    points: float
    out_of: float
    letter: str | None
    final: bool
    not_counted: tuple[str, ...]
    cells: tuple[CellEntry, ...]


class ClassGrades(StrictModel):
    """``GET /assignments/{assignment}/grades``: a page of the class's grades.

    ``version`` is that of all grades and decisions, as exports name it. ``final`` counts the students, of all
    pages, whose totals are final.
    """

    version: str
    questions: tuple[QuestionColumn, ...]
    total_students: int
    final: int
    students: tuple[StudentRow, ...]
    next_token: str | None = None
