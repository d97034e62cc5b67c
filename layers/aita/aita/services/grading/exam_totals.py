"""Totals of students: the best answers of each choice, bonus questions on top, rounded once."""

from collections.abc import Sequence
from decimal import Decimal

from aita.models.exam import ExamSpec, Question
from aita.models.grade import Cell, GradeScale, StudentGrades
from aita.models.points import exact, total
from aita.services.grading.letter_grades import letter


def student_grades(exam: ExamSpec, student_id: str, cells: Sequence[Cell], scale: GradeScale) -> StudentGrades:
    """Return a student's cells with their total.

    Of a choice, the best closed answers count; of equal ones, the first in the exam's order. Any open cell keeps the
    total open, also one of a choice or of a bonus question.

    Parameters
    ----------
    cells
        Cells as they count, one for each question in the exam's order.
    """
    closed = {
        cell.question_id: _points(cell, question)
        for cell, question in zip(cells, exam.questions, strict=True)
        if not cell.state.is_open
    }
    not_counted = _not_counted(exam, closed)
    points = total(each for question_id, each in closed.items() if question_id not in not_counted)
    open_questions = tuple(cell.question_id for cell in cells if cell.state.is_open)
    return StudentGrades(
        student_id=student_id,
        cells=tuple(cells),
        points=points,
        out_of=exam.out_of,
        open_questions=open_questions,
        letter=None if open_questions else letter(points, exam.out_of, scale),
        bonus_points=total(closed.get(question.question_id, 0.0) for question in exam.questions if question.bonus),
        not_counted=not_counted,
    )


def _not_counted(exam: ExamSpec, closed: dict[str, float]) -> tuple[str, ...]:
    """Return the questions whose closed answers are not among the best of their choice, in the exam's order."""
    left_out: set[str] = set()
    for choice in exam.choices:
        answered = [question_id for question_id in closed if question_id in choice.of]
        left_out |= {*sorted(answered, key=lambda each: -Decimal(str(closed[each])))[choice.choose :]}
    return tuple(question_id for question_id in closed if question_id in left_out)


def _points(cell: Cell, question: Question) -> float:
    """Return the points that a closed cell adds to the total: 0.33 of a third of a point are the whole third."""
    points = cell.points or 0.0
    return question.points if exact(points) == exact(question.points) else points
