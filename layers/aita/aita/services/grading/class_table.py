"""Table of a class's grades: students by questions."""

from dataclasses import dataclass

from aita.errors import RequestError
from aita.models.class_grades import CellEntry, ClassGrades, QuestionColumn, StudentRow
from aita.models.grade import Cell, StudentGrades
from aita.services.grading.gradebook import Gradebook
from aita.services.grading.review_queue import Reviews

STUDENTS_PAGE = 500
"""Most students in one response, which has at most 6 MB: a cell takes about 120 bytes."""


@dataclass(frozen=True, slots=True)
class ClassTable:
    """The table of an assignment's present grades."""

    reviews: Reviews

    def page(self, assignment: str, limit: int, token: str | None) -> ClassGrades:
        """Return up to ``limit`` students, and the token of the next page.

        Raises
        ------
        MissingMaterialError
            If nothing has been graded.
        RequestError
            If the token is not one of this list.
        """
        grades = self.reviews.gradebook(self.reviews.material(assignment))
        ids = list(grades.students)
        if token is not None and token not in grades.students:
            raise RequestError("next_token is not one that this list gave")
        start = 0 if token is None else ids.index(token) + 1
        shown = ids[start : start + limit]
        return ClassGrades(
            version=grades.version,
            questions=tuple(
                QuestionColumn(question_id=each.question_id, points=each.points, bonus=each.bonus)
                for each in grades.exam.questions
            ),
            total_students=len(ids),
            final=sum(student.final for student in grades.students.values()),
            students=tuple(_row(grades, grades.students[student_id]) for student_id in shown),
            next_token=shown[-1] if start + limit < len(ids) else None,
        )


def _row(grades: Gradebook, student: StudentGrades) -> StudentRow:
    return StudentRow(
        student_id=student.student_id,
        points=student.points,
        out_of=student.out_of,
        letter=student.letter,
        final=student.final,
        not_counted=student.not_counted,
        cells=tuple(_entry(grades, cell) for cell in student.cells),
    )


def _entry(grades: Gradebook, cell: Cell) -> CellEntry:
    return CellEntry(
        cell_id=cell.cell_id,
        state=cell.state,
        points=cell.points,
        flags=tuple(dict.fromkeys(flag.kind for flag in cell.flags)),
        decided=grades.decision(cell.cell_id) is not None,
    )
