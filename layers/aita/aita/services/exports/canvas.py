"""Gradebook for Canvas's import.

The format follows Canvas's guide "How do I import grades in the Gradebook?" and the importer in its public source
(``lib/gradebook_importer.rb``). The importer identifies a student by Canvas's own id, else by the SIS user id, the SIS
login id or the name, and an assignment by ``Name (id)`` or its name.
"""

import re

from aita.errors import RequestError
from aita.models.points import exact
from aita.services.exports.csv_safety import CellValue, csv_bytes, safe
from aita.services.exports.export_roster import Export, ExportRoster, GradedStudent, not_final, not_found

_COLUMNS = ("Student", "ID", "SIS User ID", "SIS Login ID", "Section")
_POINTS_POSSIBLE = "    Points Possible"
_CANVAS_TOTAL = re.compile(r"(Current|Final) (Score|Points|Grade)|Override (Score|Grade|Status)")
"""Names of Canvas's own totals. Canvas ignores a column with one of them anywhere in its name."""

_NUMBER = re.compile(r"-?([0-9.]*,[0-9.,]*|[0-9]*\.[0-9]*\.[0-9.]*)%?")
"""A number that Canvas rewrites wherever it stands, as 12.345.678 to 12345.678 (``decimal_comma_to_period``)."""

_NAMED_WITH_ID = re.compile(r"(?P<title>.*)\s\((?P<number>\d+)\)", re.DOTALL)
_YEAR_AS_ID = (
    "Canvas reads the {number} in {column!r} as an assignment's id: name the assignment with its own, as in "
    "--column '{title} (4711)', or another way"
)
_NAMESAKE = (
    "without a SIS User ID or SIS Login ID on the roster that Canvas reads as it is, where another student has the "
    "same name: Canvas would give both grades to one of them"
)


def export_canvas(roll: ExportRoster, column: str) -> Export:
    """Return the gradebook, without a byte order mark, which Canvas would read as part of the first header.

    Parameters
    ----------
    column
        Assignment's name in Canvas; for an existing assignment ``Name (id)``, as in Canvas's own export.

    Raises
    ------
    RequestError
        If Canvas ignores columns of this name, or has one of its own.
    """
    if column in _COLUMNS:
        raise RequestError(f"Canvas would read the students' {column!r} as their grades: name another column")
    if _CANVAS_TOTAL.search(column):
        raise RequestError(f"Canvas passes over a column named {column!r}, as it has totals of that name: name another")
    fit = roll.without(not_final, not_found, _id_problem)
    out_of = exact(roll.exam.out_of)
    rows: list[list[CellValue]] = [[*_COLUMNS, column], [_POINTS_POSSIBLE, "", "", "", "", out_of]]
    rows += [_row(student) for student in fit.students]
    if column == roll.exam.exam_name and (named := _NAMED_WITH_ID.fullmatch(column)):
        fit = fit.with_notes(_YEAR_AS_ID.format(column=column, **named.groupdict()))
    return fit.export(csv_bytes(rows))


def _row(student: GradedStudent) -> list[CellValue]:
    section = student.entry.section if student.entry else ""
    return [student.name, *_ids(student), section, exact(student.grades.points)]


def _ids(student: GradedStudent) -> tuple[str, str, str]:
    entry = student.entry
    return (entry.canvas_id, entry.number, entry.login) if entry else ("", "", "")


def _id_problem(student: GradedStudent) -> str:
    """Return the reason if Canvas might find another student; empty if not.

    Without an id that it reads as it is, Canvas takes the first student of the name (``process_student``).
    """
    is_found = any(each and safe(each) == each and not _NUMBER.fullmatch(each) for each in _ids(student))
    return _NAMESAKE if student.has_namesake and not is_found else ""
