"""The gradebook that Moodle imports.

After Moodle's page "Grade import" (docs.moodle.org) and the importer in its public source
(``grade/import/csv/classes/load_data.php``): one student who is not found ends the whole import, and so does a grade
above 100 unless the site allows it; a grade without its feedback beside it loses the feedback that was there, and
the other way round.
"""

import html
import re

from aita.models.export import MoodleKey
from aita.models.grade import CellState
from aita.models.points import exact
from aita.models.shown import ShownAnswer
from aita.services.exports.csv_safety import GAP, SIGNS, CellValue, csv_bytes, safe
from aita.services.exports.export_roster import Export, ExportRoster, GradedStudent, closed_points, not_final, not_found

_HEADERS = {MoodleKey.EMAIL: "Email address", MoodleKey.NUMBER: "ID number"}
_MOST = 100
"""The highest grade that Moodle takes unless its site sets another (``unlimitedgrades``)."""

_BACKSLASH = re.compile(r'\\(?="|\Z)')
_FORMULA = re.compile(rf"(\A|(?<=[;\n]))({GAP}*{SIGNS})+")


def export_moodle(roll: ExportRoster, column: str, key: MoodleKey | None = None) -> Export:
    """Return the gradebook, with a byte order mark: Moodle drops it, and spreadsheets read feedback right by it.

    Parameters
    ----------
    column
        The grade item's name.
    key
        What Moodle finds students by; ``None`` for what more of them have on the roster, the email if as many.
    """
    chosen = key or max(MoodleKey, key=lambda each: sum(_key(student, each) != "" for student in roll.students))
    fit = roll.without(not_final, not_found, lambda student: _unfit(student, chosen))
    rows: list[list[CellValue]] = [[_HEADERS[chosen], column, f"{column} (Feedback)"]]
    rows += [[_key(each, chosen), exact(each.grades.points), _feedback(each)] for each in fit.students]
    if any(student.grades.points > _MOST for student in fit.students):
        fit = fit.noting(f"Moodle takes no grade above {_MOST}, unless its site allows it (unlimitedgrades)")
    return fit.export(csv_bytes(rows, mark=True))


def _key(student: GradedStudent, key: MoodleKey) -> str:
    if student.entry is None:
        return ""
    return student.entry.email if key is MoodleKey.EMAIL else student.entry.number


def _unfit(student: GradedStudent, key: MoodleKey) -> str:
    value = _key(student, key)
    if student.entry is not None and not value:
        return f"without {_HEADERS[key]} on the roster"
    if safe(value) != value:
        return f"{_HEADERS[key]} begins as a formula does"
    return ""


def _feedback(student: GradedStudent) -> str:
    """Return a line for each question as HTML, as which Moodle shows feedback.

    In HTML a sign that could begin a formula is made safe and shown as it is, and so is a backslash before a quote,
    which PHP's ``fgetcsv`` takes for more than it is.
    """
    written = html.escape("\n".join(_line(shown) for shown in student.shown), quote=False)
    written = _BACKSLASH.sub("&#92;", written)
    return _FORMULA.sub(lambda found: re.sub(SIGNS, lambda sign: f"&#{ord(sign[0])};", found[0]), written)


def _line(shown: ShownAnswer) -> str:
    """Return a question's points with what a person said who decided, and the feedback where it was not rejected."""
    reasons = ("blank" if shown.state is CellState.BLANK else "", shown.decision.why if shown.decision else "")
    said = " ".join(" ".join((*reasons, shown.feedback)).split())
    return f"{shown.question_id}: {closed_points(shown)} of {exact(shown.max_points)}" + (f". {said}" if said else "")
