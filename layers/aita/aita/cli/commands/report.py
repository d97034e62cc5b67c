"""Command that makes the reports and downloads them."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from aita.cli import exit_codes
from aita.cli.browser import open_in_browser
from aita.cli.files.report_download import FetchedReports, fetch_reports
from aita.cli.run_options import Assignment
from aita.cli.running import start_run
from aita.cli.session import Session
from aita.cli.views import formatting
from aita.cli.views.terminal_escape import printable
from aita.models.api import RunView
from aita.models.names import check_assignment
from aita.models.run import RunStatus

_PIPELINE = "report"
_NAMES_SHOWN = 30


def report(
    context: typer.Context,
    assignment: Assignment,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", "-o", metavar="DIR", help="The folder to write into.", show_default="out/ASSIGNMENT/reports"
        ),
    ] = None,
    opened: Annotated[bool, typer.Option("--open", help="Open the class's report.")] = False,
    no_run: Annotated[bool, typer.Option("--no-run", help="Fetch the reports as they were made last.")] = False,
) -> None:
    """Make the class's report and each student's, and fetch them: HTML files that open offline.

    The exit status is 3 if a folder was uploaded after the last transcription: its student is in no report. With
    --no-run it also is 3 if reports are out of date: older than a decision, a grade or an upload.
    """
    session = Session.of(context)
    folder = out or Path("out", check_assignment(assignment), "reports")
    again = session.command("report", "--assignment", assignment, *(["--out", str(out)] if out else []))
    if no_run:
        found = _fetch(session, assignment, folder, again, opened=opened)
        document = {
            "assignment": assignment,
            "files": [str(path) for path in found.paths],
            "out_of_date": [str(path) for path in found.out_of_date],
            "untranscribed": list(found.untranscribed),
        }
        session.output.result(document, Text(printable(str(found.paths[0]))))
        raise typer.Exit(exit_codes.PARTIAL if found.out_of_date or found.untranscribed else exit_codes.DONE)

    def fetch(view: RunView) -> int:
        if view.status in (RunStatus.SUCCEEDED, RunStatus.PARTIAL):
            found = _fetch(session, assignment, folder, again, opened=opened)
            return exit_codes.PARTIAL if found.untranscribed else exit_codes.DONE
        return exit_codes.DONE

    start_run(session, assignment, _PIPELINE, detach=False, ended=fetch)


def _fetch(session: Session, assignment: str, folder: Path, again: str, *, opened: bool) -> FetchedReports:
    complete = session.output.pasteable.complete
    found = fetch_reports(session.api, session.transfer, check_assignment(assignment), folder, complete)
    session.output.note(f"{formatting.count(len(found.paths), 'report')} fetched: {found.paths[0]}")
    if found.out_of_date:
        session.output.warn(
            f"Out of date: {_outdated(found)}. They are older than a decision, a grade or an upload, or an earlier "
            "version of aita made them (if that is the stack's, deploy it first), so what they show may be wrong. "
            f"Make them anew: {again}"
        )
    if found.untranscribed:
        transcribe = session.command("transcribe", "--assignment", assignment)
        session.output.warn(
            f"Left out, as they were uploaded after the last transcription: {_names(found.untranscribed)}. "
            f"Transcribe them: {transcribe}"
        )
    if opened:
        open_in_browser(session.output, found.paths[0])
    return found


def _outdated(found: FetchedReports) -> str:
    """Return a list of the reports that are out of date, with students' names."""
    students = found.outdated_students
    of_students = [f"{formatting.count(len(students), 'student report')} ({_names(students)})"] if students else []
    of_class = ["the class report"] if len(found.out_of_date) > len(students) else []
    return " and ".join([*of_students, *of_class])


def _names(names: Sequence[str]) -> str:
    more = len(names) - _NAMES_SHOWN
    return "; ".join([*names[:_NAMES_SHOWN], *([f"and {more:,} more"] if more > 0 else [])])
