"""Command that writes gradebooks for other systems, and archives of reports that they take back."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Group
from rich.text import Text

from aita.atomic_write import write_whole
from aita.cli import exit_codes
from aita.cli.commands.runs import Assignment
from aita.cli.files.assignment_download import fetch_uploaded
from aita.cli.files.feedback_archive import report_fetcher, write_feedback
from aita.cli.files.out_file import check_folder
from aita.cli.pasteable import Pasteable
from aita.cli.pdf_printer import PdfPrinter
from aita.cli.session import Session
from aita.cli.views import formatting
from aita.cli.views.terminal_escape import printable
from aita.errors import MissingMaterialError, RequestError
from aita.models.export import ExcludedStudent, ExportFormat, MoodleKey
from aita.models.names import check_assignment
from aita.services.assignments.class_list import ClassList
from aita.services.exports.blackboard import export_blackboard
from aita.services.exports.brightspace import export_brightspace
from aita.services.exports.canvas import export_canvas
from aita.services.exports.export_roster import Export, ExportRoster, call_roll
from aita.services.exports.feedback import feedback
from aita.services.exports.gradescope import export_gradescope
from aita.services.exports.json_lines import export_json_lines
from aita.services.exports.matrix import export_matrix
from aita.services.exports.moodle import export_moodle
from aita.services.grading.gradebook import Gradebook

Format = Annotated[
    ExportFormat, typer.Argument(metavar="FORMAT", case_sensitive=False, help=f"One of {', '.join(ExportFormat)}.")
]
OutFile = Annotated[
    Path, typer.Option("--out", "-o", metavar="FILE", dir_okay=False, help="Write it there; a file there is replaced.")
]
Column = Annotated[
    str | None,
    typer.Option("--column", metavar="NAME", help="The grade's name in the LMS.", show_default="the exam's name"),
]
Key = Annotated[
    MoodleKey | None,
    typer.Option(
        "--key", case_sensitive=False, help="What Moodle finds students by.", show_default="what the roster has"
    ),
]
Section = Annotated[
    str | None,
    typer.Option("--section", metavar="NAME", help="Only the students of this section of the roster."),
]
Pdf = Annotated[bool, typer.Option("--pdf", help="Feedback as PDF, printed by this computer's Chromium or Chrome.")]

_BY_ROSTER = (ExportFormat.CANVAS, ExportFormat.MOODLE, ExportFormat.BRIGHTSPACE, ExportFormat.BLACKBOARD)
"""Formats that identify students by the roster's columns, and have a name for the grade."""


def export(
    context: typer.Context,
    to: Format,
    assignment: Assignment,
    out: OutFile,
    column: Column = None,
    key: Key = None,
    section: Section = None,
    pdf: Pdf = False,
) -> None:
    """Write the grades for an LMS, a matrix of students and questions, or every criterion of every answer (jsonl).

    canvas-feedback and moodle-feedback write students' reports as an archive that Canvas or Moodle takes back, each
    report for whoever handed the scans in.

    An export has the students whose grades are final, and the matrix everyone. Who is left out is listed with the
    reason, and the exit status is 3.
    """
    session = Session.of(context)
    check_assignment(assignment)
    check_folder(out)
    if column is not None and to not in _BY_ROSTER:
        named = f"{', '.join(_BY_ROSTER[:-1])} and {_BY_ROSTER[-1]}"
        raise RequestError(f"--column names the grade in {named}: {to} has no such column")
    if key is not None and to is not ExportFormat.MOODLE:
        raise RequestError(f"--key is for {ExportFormat.MOODLE} alone")
    if pdf and not to.is_feedback:
        raise RequestError(f"--pdf is for reports: {to} has none")
    printer = PdfPrinter.find() if pdf else None
    names = (*Gradebook.FILES, *ClassList.FILES)
    material = fetch_uploaded(session.api, session.transfer, assignment, *names)
    decisions = tuple(session.api.decisions(assignment))
    gradebook = Gradebook.of(material, decisions)
    matches = tuple(session.api.match_decisions(assignment))
    listed = ClassList.of(material, matches)
    roll = _roll(to, assignment, gradebook, listed, section)
    exported: Export | ExportRoster
    if to.is_feedback:
        found = feedback(roll, listed, to, ".html" if printer is None else ".pdf")
        fetch = report_fetcher(session.api, session.transfer, assignment)
        exported = write_feedback(out, found, material, decisions, matches, fetch, printer)
    else:
        exported = _export(to, roll, gradebook, column, key)
        write_whole(out, exported.data)
    for note in exported.notes:
        session.output.note(note)
    document = {
        "assignment": assignment,
        "format": to,
        "file": str(out),
        "out_of": gradebook.exam.out_of,
        "grades_version": gradebook.version,
        "written": exported.written,
        "left_out": [left_out.model_dump() for left_out in exported.left_out],
        "notes": exported.notes,
    }
    session.output.result(document, Group(*_summary_lines(exported, gradebook, out, session.output.pasteable)))
    raise typer.Exit(exit_codes.PARTIAL if exported.left_out else exit_codes.DONE)


def _roll(
    to: ExportFormat, assignment: str, gradebook: Gradebook, listed: ClassList, section: str | None
) -> ExportRoster:
    if not gradebook.students:
        raise MissingMaterialError(f"assignment {assignment} has no grades yet: grade it first")
    if listed.roster is None and to in _BY_ROSTER:
        raise MissingMaterialError(
            f"assignment {assignment} has no roster.csv, and {to} finds students by what stands there: "
            f"upload one (aita upload roster.csv --assignment {assignment})"
        )
    return call_roll(gradebook, listed, section)


def _export(
    to: ExportFormat, roll: ExportRoster, gradebook: Gradebook, column: str | None, key: MoodleKey | None
) -> Export:
    grade_name = column or gradebook.exam.exam_name
    match to:
        case ExportFormat.CANVAS:
            return export_canvas(roll, grade_name)
        case ExportFormat.MOODLE:
            return export_moodle(roll, grade_name, key)
        case ExportFormat.BRIGHTSPACE:
            return export_brightspace(roll, grade_name)
        case ExportFormat.BLACKBOARD:
            return export_blackboard(roll, grade_name)
        case ExportFormat.GRADESCOPE:
            return export_gradescope(roll)
        case ExportFormat.MATRIX:
            return export_matrix(roll)
        case _:
            return export_json_lines(roll, gradebook)


def _summary_lines(
    exported: Export | ExportRoster, gradebook: Gradebook, out: Path, pasteable: Pasteable
) -> Iterator[Text]:
    yield Text(f"{formatting.count(exported.written, 'student')} in {printable(str(out))}", "bold")
    exam = gradebook.exam
    yield Text(printable(f"  out of {exam.out_of:g} points" + (f": {exam.extras}" if exam.extras else "")))
    yield Text(f"  version of the grades: {gradebook.version} (the class report made of the same grades has it, too)")
    if exported.left_out:
        yield Text(f"Left out: {formatting.count(len(exported.left_out), 'student')}", "bold yellow")
    for left_out in exported.left_out:
        yield Text(f"  {printable(pasteable.complete(_reason(left_out)))}")


def _reason(left_out: ExcludedStudent) -> str:
    open_questions = f" (open: {', '.join(left_out.open_questions)})" if left_out.open_questions else ""
    return f"{left_out.name}: {left_out.reason}{open_questions}"
