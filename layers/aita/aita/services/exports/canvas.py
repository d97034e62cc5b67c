"""The gradebook that Canvas imports.

After Canvas's guide "How do I import grades in the Gradebook?" and the importer in its public source
(``lib/gradebook_importer.rb``), which finds a student by Canvas's own id, else by the SIS user id, the SIS login id
or the name, and an assignment by ``Name (id)`` or its name.
"""

import re

from aita.errors import RequestError
from aita.models.points import exact, total
from aita.services.exports.csv_safety import CellValue, csv_bytes
from aita.services.exports.export_roster import Export, ExportRoster, GradedStudent, not_final, not_found

_COLUMNS = ("Student", "ID", "SIS User ID", "SIS Login ID", "Section")
_POINTS_POSSIBLE = "    Points Possible"
_PASSED_OVER = re.compile(r"(Current|Final) (Score|Points|Grade)|Override (Score|Grade|Status)")
"""What Canvas takes for one of its own totals, wherever it stands in a column's name."""


def export_canvas(roll: ExportRoster, column: str) -> Export:
    """Return the gradebook; without a byte order mark, as Canvas reads the first cell as it is.

    Parameters
    ----------
    column
        The assignment's name in Canvas; ``Name (id)`` as Canvas's own export has it for one that is there.

    Raises
    ------
    RequestError
        If Canvas passes over columns of that name.
    """
    if _PASSED_OVER.search(column):
        raise RequestError(f"Canvas passes over a column named {column!r}, as it has totals of that name: name another")
    fit = roll.without(not_final, not_found)
    out_of = exact(total(question.points for question in roll.exam.questions))
    rows: list[list[CellValue]] = [[*_COLUMNS, column], [_POINTS_POSSIBLE, "", "", "", "", out_of]]
    rows += [_row(student) for student in fit.students]
    return fit.export(csv_bytes(rows))


def _row(student: GradedStudent) -> list[CellValue]:
    entry = student.entry
    ids = (entry.canvas_id, entry.number, entry.login, entry.section) if entry else ("", "", "", "")
    return [student.name, *ids, exact(student.grades.points)]
