"""Totals of every student in every place where they are told: gradebooks, reports, the audit bundle and its recount."""

import csv
import io
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

from aita.services.assignments import object_keys
from aita.services.compliance.recompute import recompute
from aita.services.exports.canvas import export_canvas
from aita.services.exports.export_roster import Export
from aita.services.exports.gradescope import export_gradescope
from aita.services.exports.json_lines import export_json_lines
from aita.services.exports.moodle import export_moodle
from aita.services.grading.gradebook import Gradebook
from tests.adversary.session import Session
from tests.support.fakes import ASSIGNMENT

_TOTAL = re.compile(r'<p class="number">([\d.]+|\N{EN DASH})<span>')


@dataclass(frozen=True, slots=True)
class Told:
    """A total as one place tells it: of whom, by the number on the roster or else by the folder."""

    where: str
    whose: str
    points: float
    final: bool


def exports(session: Session, book: Gradebook) -> dict[str, Export]:
    """Return the export in each format that the class's roster allows."""
    roll = session.roll(book)
    found = {"gradescope": export_gradescope(roll), "jsonl": export_json_lines(roll, book)}
    if session.exam_class.has_roster:
        found |= {"canvas": export_canvas(roll, "Exam"), "moodle": export_moodle(roll, "Exam")}
    return found


def told_totals(session: Session, book: Gradebook, made: dict[str, Export]) -> Iterator[Told]:
    """Yield every total; those of reports only while the reports are of now."""
    folders = {each.student_id: each.folder for each in session.material().students()[0].students}
    yield from _gradescope(made["gradescope"])
    yield from _json_lines(made["jsonl"])
    if "canvas" in made:
        yield from _canvas(made["canvas"])
        yield from _moodle(made["moodle"])
    for student_id, total in session.auditor().bundle(ASSIGNMENT)["totals"].items():
        if student_id in folders:
            yield Told("audit", folders[student_id], total["points"], not total["open_questions"])
    if session.reports_are_new:
        for student_id in book.students.keys() & folders.keys():
            yield _report(session, student_id, folders[student_id])


def recounted(session: Session) -> list[str]:
    """Return what a recount of the audit bundle finds to differ."""
    return recompute(json.loads(json.dumps(session.auditor().bundle(ASSIGNMENT))))


def _canvas(export: Export) -> Iterator[Told]:
    for row in [*csv.reader(io.StringIO(export.data.decode()))][2:]:
        yield Told("canvas", row[2], float(row[5]), final=True)


def _moodle(export: Export) -> Iterator[Told]:
    for row in [*csv.reader(io.StringIO(export.data.decode("utf-8-sig")))][1:]:
        yield Told("moodle", row[0].removeprefix("s").partition("@")[0], float(row[1]), final=True)


def _gradescope(export: Export) -> Iterator[Told]:
    for row in csv.DictReader(io.StringIO(export.data.decode())):
        whose = row["SID"] or f"{row['First Name']} {row['Last Name']}".strip()
        yield Told("gradescope", whose, float(row["Total Score"]), final=True)
        if not any(": best " in name for name in row):  # of a choice, all have a column
            parts = sum(float(value) for name, value in row.items() if name.endswith(" pts)"))
            yield Told("gradescope's columns", whose, parts, final=True)


def _json_lines(export: Export) -> Iterator[Told]:
    points: dict[str, list[float | None]] = {}
    for line in export.data.decode().splitlines():
        cell = json.loads(line)
        counts = cell["counts"] or cell["points"] is None
        points.setdefault(cell["folder"], []).append(cell["points"] if counts else 0.0)
    for folder, each in points.items():
        yield Told("jsonl", folder, sum(one for one in each if one is not None), None not in each)


def _report(session: Session, student_id: str, folder: str) -> Told:
    html = session.stages.objects.data[object_keys.report(ASSIGNMENT, object_keys.student_report(student_id))].decode()
    found = _TOTAL.search(html)
    assert found is not None, "a student's report has no total"
    points = 0.0 if found[1] == "\N{EN DASH}" else float(found[1])
    return Told("report", folder, points, "This total is not final" not in html)
