"""Gradebook for Moodle's import.

The format follows Moodle's page "Grade import" (docs.moodle.org) and the importer in its public source
(``grade/import/csv/classes/load_data.php``). An unknown student aborts the whole import, and so does a grade above 100
unless the site allows it. A grade that is imported without feedback erases existing feedback, and the other way round.
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
"""Highest grade that Moodle takes, unless its site allows higher ones (``unlimitedgrades``); that of a new item."""

_NEW_ITEM = (
    "the grades are out of {out_of:g}, and a grade item that Moodle makes for them is out of {most}: make one yourself "
    "before the import, with a maximum grade of {out_of:g}"
)

_ENDS = tuple(
    ".!?:;\N{HORIZONTAL ELLIPSIS}\N{IDEOGRAPHIC FULL STOP}\N{FULLWIDTH EXCLAMATION MARK}\N{FULLWIDTH QUESTION MARK}"
)

_BLANK = "Nothing was written here."

_BACKSLASH = re.compile(r'\\(?="|\Z)')
_FORMULA = re.compile(rf"(\A|(?<=[;\n]))({GAP}*{SIGNS})+")


def export_moodle(roll: ExportRoster, column: str, key: MoodleKey | None = None) -> Export:
    """Return the gradebook, with a byte order mark, which Moodle drops and spreadsheets need for accented letters.

    Parameters
    ----------
    column
        Name of the grade item.
    key
        Field by which Moodle identifies students; ``None`` for the one that more students have on the roster, with
        the email preferred.
    """
    chosen = key or max(MoodleKey, key=lambda each: sum(_key(student, each) != "" for student in roll.students))
    fit = roll.without(not_final, not_found, lambda student: _key_problem(student, chosen))
    rows: list[list[CellValue]] = [[_HEADERS[chosen], column, f"{column} (Feedback)"]]
    rows += [[_key(each, chosen), exact(each.grades.points), _feedback(each)] for each in fit.students]
    if exact(roll.exam.out_of) != _MOST:
        fit = fit.with_notes(_NEW_ITEM.format(out_of=roll.exam.out_of, most=_MOST))
    if any(student.grades.points > _MOST for student in fit.students):
        fit = fit.with_notes(f"Moodle takes no grade above {_MOST}, unless its site allows it (unlimitedgrades)")
    if above := sum(student.grades.points > student.grades.out_of for student in fit.students):
        are = "is" if above == 1 else "are"
        fit = fit.with_notes(
            f"with bonus points, {above} of the grades {are} above the {roll.exam.out_of:g} points of the exam: a "
            "grade item of Moodle's that has these as its maximum cuts them off, unless its site allows more"
            " (unlimitedgrades)"
        )
    return fit.export(csv_bytes(rows, mark=True))


def _key(student: GradedStudent, key: MoodleKey) -> str:
    if student.entry is None:
        return ""
    return student.entry.email if key is MoodleKey.EMAIL else student.entry.number


def _key_problem(student: GradedStudent, key: MoodleKey) -> str:
    value = _key(student, key)
    if student.entry is not None and not value:
        return f"without {_HEADERS[key]} on the roster"
    if safe(value) != value:
        return f"{_HEADERS[key]} begins as a formula does"
    return ""


def _feedback(student: GradedStudent) -> str:
    """Return a line for each question, as HTML, the format of Moodle's feedback.

    Signs that could begin a formula are written as HTML entities, which Moodle shows unchanged. So is a backslash
    before a quote, which PHP's ``fgetcsv`` would read as an escape.
    """
    written = html.escape("\n".join(_line(shown) for shown in student.shown), quote=False)
    written = _BACKSLASH.sub("&#92;", written)
    return _FORMULA.sub(lambda found: re.sub(SIGNS, lambda sign: f"&#{ord(sign[0])};", found[0]), written)


def _line(shown: ShownAnswer) -> str:
    """Return a question's points with the reason of a person's decision, and the feedback unless it was rejected."""
    reasons = (_BLANK if shown.state is CellState.BLANK else "", shown.decision.why if shown.decision else "")
    given = [" ".join(each.split()) for each in (*reasons, shown.feedback)]
    *sentences, last = [each for each in given if each] or [""]
    text = " ".join([*map(_stopped, sentences), last])
    counts = ", bonus" if shown.bonus else f", does not count ({shown.not_counted})" if shown.not_counted else ""
    earned = f"{shown.question_id}: {closed_points(shown)} of {exact(shown.max_points)}{counts}"
    return f"{earned}. {text}" if text else earned


def _stopped(text: str) -> str:
    """Return text with a full stop, unless it ends as a sentence does."""
    return text if text.endswith(_ENDS) else f"{text}."
