"""Gradebook with the columns of Gradescope's own export, for programs that read that export.

The format follows the file of "Download Grades" (help.gradescope.com, "Reviewing Grades"), in which the column of a
question without a title is named like ``1.1 (3.0 pts)``, and one with a title like ``1.1: Title (3.0 pts)``. Bonus
questions, and those of a choice, have this as their title: the columns then sum to neither the total nor the maximum.
"""

from aita.models.exam import ExamSpec, Question
from aita.models.points import exact
from aita.services.exports.csv_safety import CellValue, csv_bytes
from aita.services.exports.export_roster import (
    Export,
    ExportRoster,
    GradedStudent,
    closed_points,
    not_final,
    unconfirmed,
)

_COLUMNS = ("First Name", "Last Name", "SID", "Email", "Total Score", "Max Points", "Status")
_GRADED = "Graded"

_ROUNDED = (
    "for {count} of the students the columns of questions do not sum to the total: each column is rounded to "
    "hundredths of a point, and the total only once"
)
_STRANGERS = (
    "without SID and email, as no line of a roster is surely theirs: {names}. Say whose folders they are, as "
    "'aita students list{option}' tells"
)


def export_gradescope(roll: ExportRoster) -> Export:
    """Return the gradebook, without a byte order mark, as in Gradescope's file: scripts read the first header."""
    fit = roll.without(not_final, unconfirmed)
    rows: list[list[CellValue]] = [[*_COLUMNS, *(_header(roll.exam, question) for question in roll.exam.questions)]]
    rows += [_row(student) for student in fit.students]
    if roll.exam.extras:
        fit = fit.with_notes(f"the columns of questions do not sum to the totals: {roll.exam.extras}")
    elif rounded := sum(not _sums(student) for student in fit.students):
        fit = fit.with_notes(_ROUNDED.format(count=rounded))
    if strangers := [student for student in fit.students if student.entry is None]:
        names = "; ".join(student.name for student in strangers)
        fit = fit.with_notes(_STRANGERS.format(names=names, option=strangers[0].option))
    return fit.export(csv_bytes(rows))


def _sums(student: GradedStudent) -> bool:
    return sum(closed_points(cell) for cell in student.grades.cells) == exact(student.grades.points)


def _header(exam: ExamSpec, question: Question) -> str:
    choice = exam.choice_of(question.question_id)
    title = ": bonus" if question.bonus else f": {choice.text}" if choice else ""
    return f"{question.question_id}{title} ({float(exact(question.points))} pts)"


def _row(student: GradedStudent) -> list[CellValue]:
    entry, grades = student.entry, student.grades
    ids = (entry.number, entry.email) if entry else ("", "")
    totals = (exact(grades.points), exact(grades.out_of), _GRADED)
    return [*student.names, *ids, *totals, *(closed_points(cell) for cell in grades.cells)]
