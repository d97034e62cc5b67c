"""Command that writes gradebooks for other systems, and archives of reports that they take back."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Group
from rich.text import Text

from aita.cli import exit_codes
from aita.cli.files.export_file import write_export
from aita.cli.files.out_file import check_folder
from aita.cli.pasteable import Pasteable
from aita.cli.run_options import Assignment
from aita.cli.session import Session
from aita.cli.views import formatting
from aita.cli.views.terminal_escape import printable
from aita.models.export import ExcludedStudent, ExportFormat, MoodleKey
from aita.models.names import check_assignment
from aita.services.exports.export_roster import Export, ExportRoster
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
        "--key", case_sensitive=False, help="The ids by which Moodle finds students.", show_default="as on the roster"
    ),
]
Section = Annotated[
    str | None,
    typer.Option("--section", metavar="NAME", help="Only the students of this section of the roster."),
]
Pdf = Annotated[bool, typer.Option("--pdf", help="Feedback as PDF, printed by this computer's Chromium or Chrome.")]


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
    report for whoever handed the scans in. brightspace-feedback tells why there is none for Brightspace.

    An export has the students whose grades are final, and the matrix everyone. Who is left out is listed with the
    reason, and the exit status is 3.
    """
    session = Session.of(context)
    check_assignment(assignment)
    check_folder(out)
    exported, gradebook = write_export(
        out, session.api, session.transfer, assignment, to, column=column, key=key, section=section, pdf=pdf
    )
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


def _summary_lines(
    exported: Export | ExportRoster, gradebook: Gradebook, out: Path, pasteable: Pasteable
) -> Iterator[Text]:
    yield Text(f"{formatting.count(exported.written, 'student')} in {printable(str(out))}", "bold")
    exam = gradebook.exam
    yield Text(printable(f"  out of {exam.out_of:g} points" + (f": {exam.extras}" if exam.extras else "")))
    yield Text(f"  version of the grades: {gradebook.version}, as at the foot of a class report made of them")
    if exported.left_out:
        yield Text(f"Left out: {formatting.count(len(exported.left_out), 'student')}", "bold yellow")
    for left_out in exported.left_out:
        yield Text(f"  {printable(pasteable.complete(_reason(left_out)))}")


def _reason(left_out: ExcludedStudent) -> str:
    open_questions = f" (open: {', '.join(left_out.open_questions)})" if left_out.open_questions else ""
    return f"{left_out.name}: {left_out.reason}{open_questions}"
