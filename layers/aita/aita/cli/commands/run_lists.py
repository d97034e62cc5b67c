"""Commands that list runs and tasks, and fetch results."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Group
from rich.text import Text

from aita.cli.files.assignment_download import fetch_class_list, fetch_uploaded
from aita.cli.run_options import Assignment, RunId
from aita.cli.session import Session
from aita.cli.views import formatting
from aita.cli.views.run_view import runs_table
from aita.cli.views.task_view import TaskList
from aita.cli.views.terminal_escape import printable
from aita.errors import AitaError, StackError
from aita.models.names import check_assignment
from aita.models.run import TaskStatus
from aita.models.student import Students

Limit = Annotated[int, typer.Option("--limit", metavar="N", min=1, help="List at most this many.")]
Out = Annotated[Path, typer.Option("--out", "-o", metavar="DIR", help="The folder to write into; made if missing.")]
OfStatus = Annotated[
    TaskStatus | None, typer.Option("--status", case_sensitive=False, help="Only tasks of this status.")
]


def runs(context: typer.Context, assignment: Assignment, limit: Limit = 20) -> None:
    """List an assignment's runs, newest first."""
    session = Session.of(context)
    page = session.api.runs(check_assignment(assignment), limit)
    if not page.runs:
        fetch_uploaded(session.api, session.transfer, assignment)  # raises for an assignment that is not there
        session.output.result(page, Text(f"There are no runs of {assignment} yet"))
        return
    more = [Text("There are more: raise --limit", "dim")] if page.next_token else []
    session.output.result(page, Group(runs_table(page.runs), *more))


def tasks(context: typer.Context, run: RunId, status: OfStatus = None, limit: Limit = 100) -> None:
    """List a run's tasks that have ended, or those of one status, with the reasons of those that failed."""
    session = Session.of(context)
    found = session.api.tasks(run, status, limit)
    view = session.api.run(run)
    of_students = any("student_id" in task.refs for task in found.tasks)
    students = _students(session, view.assignment) if of_students else None
    listed = TaskList(students, view.stages, session.output.pasteable)
    page = found.model_copy(update={"tasks": listed.in_order(found.tasks)})
    lines = [*map(listed.line, page.tasks)] or [Text("There are no such tasks")]
    more = [Text("There are more: raise --limit", "dim")] if page.next_token else []
    session.output.result(page, Group(*lines, *more))


def results(context: typer.Context, run: RunId, out: Out) -> None:
    """Fetch what a run has made."""
    session = Session.of(context)
    files = session.api.results(run).files
    for file in files:
        _check_name(file.name)
    out.mkdir(parents=True, exist_ok=True)
    paths = [out / file.name for file in files]
    for file, path in zip(files, paths, strict=True):
        session.transfer.save(file.url, path)
    shown = [Text(printable(str(path))) for path in paths] or [Text("The run has made nothing yet")]
    session.output.note(f"{formatting.count(len(paths), 'file')} fetched")
    session.output.result({"run_id": run, "files": [str(path) for path in paths]}, Group(*shown))


def _students(session: Session, assignment: str) -> Students | None:
    """Return the students; ``None`` if they can't be found out, as the tasks are listed all the same."""
    try:
        return fetch_class_list(session.api, session.transfer, assignment).students
    except AitaError as error:
        session.output.note(f"students are told by their ids, as their names could not be found out: {error}")
        return None


def _check_name(name: str) -> None:
    if not name or name in {".", ".."} or "/" in name or "\\" in name or not name.isprintable():
        raise StackError(f"a result has a name that is no file's: {name!r}. Nothing was written")
