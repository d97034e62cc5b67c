"""Gradebook for Brightspace's import.

The format follows D2L's page "Importing grades" (community.d2l.com): students are identified by ``OrgDefinedId``,
``Username`` or both; the column of a numeric item is its name followed by ``Points Grade``, and the last one is
``End-of-Line Indicator``. In D2L's own exports ``<Numeric MaxPoints:20 Weight:10>`` follows the item's header. A grade
above the item's maximum is cut off, unless the item may be exceeded.
"""

import re

from aita.models.points import exact
from aita.services.exports.column_maximum import MAXIMUM, with_maximum_noted
from aita.services.exports.csv_safety import CellValue, csv_bytes, safe
from aita.services.exports.export_roster import Export, ExportRoster, GradedStudent, not_final, not_found

_NUMBER, _LOGIN = "OrgDefinedId", "Username"
_POINTS = "Points Grade"
_EXPORTED = re.compile(rf"(?P<item>.+?)\s+{_POINTS}(?:\s+<(?:.*?\bMaxPoints:{MAXIMUM})?[^<]*>)?\s*", re.DOTALL)
_END = ("End-of-Line Indicator", "#")


def export_brightspace(roll: ExportRoster, column: str) -> Export:
    """Return the gradebook, without a byte order mark, which would be part of the first header.

    A column of ids that nobody on the roster has is left out.

    Parameters
    ----------
    column
        Name of the grade item, or its header in Brightspace's own export.
    """
    header = _EXPORTED.fullmatch(column)
    item = header["item"] if header else column
    fit = roll.without(not_final, not_found, _id_problem)
    used = [place for place in (0, 1) if any(_ids(student)[place] for student in fit.students)] or [0, 1]
    rows: list[list[CellValue]] = [[*((_NUMBER, _LOGIN)[place] for place in used), f"{item} {_POINTS}", _END[0]]]
    rows += [[*(_ids(each)[place] for place in used), exact(each.grades.points), _END[1]] for each in fit.students]
    if above := sum(each.grades.points > each.grades.out_of for each in fit.students):
        fit = fit.with_notes(
            f"{above} of the grades {'is' if above == 1 else 'are'} above the {roll.exam.out_of:g} points of the exam: "
            "Brightspace cuts them off, unless the item is one that can exceed its maximum"
        )
    return with_maximum_noted(fit, "Brightspace", header).export(csv_bytes(rows))


def _ids(student: GradedStudent) -> tuple[str, str]:
    return (student.entry.number, student.entry.login) if student.entry else ("", "")


def _id_problem(student: GradedStudent) -> str:
    number, login = _ids(student)
    if student.entry is not None and not (number or login):
        return f"without {_NUMBER} and {_LOGIN} on the roster"
    changed = [name for name, value in ((_NUMBER, number), (_LOGIN, login)) if safe(value) != value]
    return f"{' and '.join(changed)} begins as a formula does" if changed else ""
