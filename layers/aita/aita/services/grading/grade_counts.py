"""Counts of a gradebook."""

from collections import Counter

from aita.models.api import GradeCounts
from aita.models.grade import CellState
from aita.services.grading.gradebook import Gradebook


def grade_counts(grades: Gradebook, model: str) -> GradeCounts:
    """Return the counts of a gradebook. Cells that another model graded count as older."""
    states = Counter(cell.state for cell in grades.cells())
    graded = [grades.graded(cell.cell_id) for cell in grades.cells()]
    return GradeCounts(
        students=len(grades.students),
        final=sum(student.final for student in grades.students.values()),
        states={state: states[state] for state in CellState},
        older=sum(cell.criteria != () and (cell.is_of_older_version or cell.model != model) for cell in graded),
    )
