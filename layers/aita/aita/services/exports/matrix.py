"""Table of the whole class: every student on the roster or with scans, every question, with states.

For people, and in no system's columns. Points stand there only if they count: those of an open answer are a proposal,
and a total with open answers is none. The states are those of the cells.
"""

from aita.models.exam import Question
from aita.models.points import exact
from aita.services.exports.csv_safety import CellValue, csv_bytes
from aita.services.exports.export_roster import Export, ExportRoster, GradedStudent, UngradedStudent, closed_points

_COLUMNS = (
    "Name", "Number", "Email", "Login", "Section", "Folder", "Match",
    "Standing", "Total", "Out of", "Letter", "Not counted",
)  # fmt: skip
_FINAL, _OPEN = "final", "open"


def export_matrix(roll: ExportRoster) -> Export:
    """Return the table, with a byte order mark, without which Excel reads it as Windows-1252."""
    rows: list[tuple[str, list[CellValue]]] = [(each.name, _graded(each)) for each in roll.students]
    rows += [(each.name, _ungraded(each, roll)) for each in roll.ungraded]
    rows.sort(key=lambda row: row[0].casefold())
    header: list[CellValue] = [*_COLUMNS, *(name for each in roll.exam.questions for name in _headers(each))]
    return Export(csv_bytes([header, *(row for _, row in rows)], mark=True), len(rows), roll.excluded, roll.notes)


def _headers(question: Question) -> tuple[str, str]:
    bonus = ", bonus" if question.bonus else ""
    return f"{question.question_id} ({float(exact(question.points)):g}{bonus})", f"{question.question_id} state"


def _graded(student: GradedStudent) -> list[CellValue]:
    entry, grades = student.entry, student.grades
    of_roster = (entry.number, entry.email, entry.login, entry.section) if entry else ("", "", "", "")
    total = exact(grades.points) if grades.final else ""
    row: list[CellValue] = [student.name, *of_roster, student.student.folder, student.match]
    row += [_FINAL if grades.final else _OPEN, total, exact(grades.out_of), grades.letter or ""]
    row.append("; ".join(grades.not_counted))
    for cell in grades.cells:
        row += ["" if cell.state.is_open else closed_points(cell), cell.state.value]
    return row


def _ungraded(student: UngradedStudent, roll: ExportRoster) -> list[CellValue]:
    entry = student.entry
    of_roster = (entry.number, entry.email, entry.login, entry.section) if entry else ("", "", "", "")
    name = entry.name if entry else student.name
    empty = [""] * (2 * len(roll.exam.questions))
    return [name, *of_roster, student.folder, "", student.reason, "", exact(roll.exam.out_of), "", "", *empty]
