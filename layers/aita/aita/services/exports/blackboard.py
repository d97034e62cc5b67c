"""Gradebook for Blackboard Learn's upload.

The format follows Blackboard's help ("Working offline with grade data"): students are identified by ``Username``, and
a column by the id behind ``|`` in its header, as in ``Midterm [Total Pts: 20 Score] |4711`` of Blackboard's own
download. Without an id the upload makes a new column of text, which counts in no total. All cells are quoted.
"""

import re

from aita.models.points import exact
from aita.services.exports.column_maximum import MAXIMUM, with_maximum_noted
from aita.services.exports.csv_safety import CellValue, csv_bytes, safe
from aita.services.exports.export_roster import Export, ExportRoster, GradedStudent, not_final, not_found

_COLUMNS = ("Last Name", "First Name", "Username")
_COLUMN_ID = re.compile(r"\|\s*\d+\s*$")
_TOTAL = re.compile(rf"\[Total Pts:\D*{MAXIMUM}")
_NEW_COLUMN = (
    "Blackboard makes a new column of text for {column!r}, which counts in no total: name the column as Blackboard's "
    "own download does, with its id, as in --column '{column} [Total Pts: {out_of:g} Score] |4711'"
)


def export_blackboard(roll: ExportRoster, column: str) -> Export:
    """Return the gradebook, without a byte order mark, which would be part of the first header.

    Parameters
    ----------
    column
        Header of the column in Blackboard's own download.
    """
    fit = roll.without(not_final, not_found, _login_problem)
    rows: list[list[CellValue]] = [[*_COLUMNS, column]]
    rows += [_row(student) for student in fit.students]
    if not _COLUMN_ID.search(column):
        fit = fit.with_notes(_NEW_COLUMN.format(column=column, out_of=roll.exam.out_of))
    return with_maximum_noted(fit, "Blackboard", _TOTAL.search(column)).export(csv_bytes(rows))


def _row(student: GradedStudent) -> list[CellValue]:
    first, last = student.names
    return [last, first, _login(student), str(exact(student.grades.points))]


def _login(student: GradedStudent) -> str:
    return student.entry.login if student.entry else ""


def _login_problem(student: GradedStudent) -> str:
    login = _login(student)
    if student.entry is not None and not login:
        return "without a login name on the roster"
    return "the login name begins as a formula does" if safe(login) != login else ""
