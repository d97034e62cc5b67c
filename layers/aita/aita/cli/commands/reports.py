"""The command that makes the reports for people and brings them here."""

import webbrowser
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from aita.cli import figures
from aita.cli.commands.running import Assignment, start_run
from aita.cli.printable import printable
from aita.cli.report_files import fetch_reports
from aita.cli.session import Session
from aita.models.api import RunView
from aita.models.names import check_assignment
from aita.models.run import RunStatus

_PIPELINE = "report"


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
    """Make the class's report and each student's, and fetch them: HTML files that open offline."""
    session = Session.of(context)
    folder = out or Path("out", check_assignment(assignment), "reports")
    if no_run:
        paths = _fetch(session, assignment, folder, opened=opened)
        document = {"assignment": assignment, "files": [str(path) for path in paths]}
        session.output.result(document, Text(printable(str(paths[0]))))
        return

    def fetch(view: RunView) -> None:
        if view.status in (RunStatus.SUCCEEDED, RunStatus.PARTIAL):
            _fetch(session, assignment, folder, opened=opened)

    start_run(session, assignment, _PIPELINE, detach=False, ended=fetch)


def _fetch(session: Session, assignment: str, folder: Path, *, opened: bool) -> list[Path]:
    paths = fetch_reports(session.api, session.transfer, check_assignment(assignment), folder)
    session.output.note(f"{figures.count(len(paths), 'report')} fetched: {paths[0]}")
    if opened:
        webbrowser.open(paths[0].resolve().as_uri())
    return paths
