"""Command that uploads an exam."""

import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import typer
from rich.console import Console, Group
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn
from rich.text import Text

from aita.cli import exit_codes
from aita.cli.files.archives import as_given, unpacked
from aita.cli.files.pile_discovery import find_pile, not_sent, with_pages
from aita.cli.files.upload_discovery import SCANS, Upload
from aita.cli.files.upload_plan import Plan, planned_on
from aita.cli.files.upload_sending import OnBytes, send_files
from aita.cli.run_options import Assignment
from aita.cli.session import Session
from aita.cli.views import formatting
from aita.cli.views.terminal_escape import printable
from aita.cli.views.upload_plan_view import upload_plan_view
from aita.errors import InvalidMaterialError, RequestError
from aita.models.names import MAX_PILE_BYTES, check_assignment, part_of

Paths = Annotated[
    list[Path],
    typer.Argument(
        metavar="PATH",
        help="An exam's folder, students' folders, an LMS's zip of submissions, files, or all in a folder.",
    ),
]


Pile = Annotated[
    bool, typer.Option("--pile", help="The files are a pile: scans of the whole class, not in students' folders.")
]
Pages = Annotated[
    int | None,
    typer.Option("--pages", metavar="N", min=1, max=1000, help="With --pile: the pages of each booklet of the pile."),
]


Yes = Annotated[bool, typer.Option("--yes", "-y", help="Upload what could be placed, and don't ask.")]


def upload(
    context: typer.Context,
    paths: Paths,
    assignment: Assignment,
    pile: Pile = False,
    pages: Pages = None,
    yes: Yes = False,
) -> None:
    """Upload an exam: its questions, rubrics and roster, and the students' scans.

    All is checked before anything is sent. A file that is there already is replaced. The submissions that Canvas,
    Moodle, Brightspace, Blackboard and Gradescope give as a zip are taken as they are, or unpacked.

    On a terminal, you see what each file and folder was taken for, what is missing and what could not be placed, and
    are asked. Elsewhere, a file that has none of the names that aita knows stops the upload. With --yes, what could be
    placed is uploaded as a terminal would show it, and the exit status is 3 if something could not.

    With --pile, the next run separates the scans into booklets, by the blank exam or by the number of pages. What an
    interrupted upload has sent is not sent again.
    """
    session = Session.of(context)
    check_assignment(assignment)
    if pile:
        _upload_pile(session, assignment, paths, pages)
        return
    if pages is not None:
        raise InvalidMaterialError("--pages is of a pile: add --pile, or leave it out")
    asks = not yes and not session.output.as_json and sys.stdin.isatty()
    with planned_on(session.api, session.transfer, assignment, paths, guess=yes or asks) as plan:
        if yes or asks:
            session.output.show(upload_plan_view(assignment, plan, session.output.pasteable))
        plan.check()
        if asks and not typer.confirm("Upload this?", err=True):
            raise RequestError("nothing was uploaded")
        upload_files(session, assignment, plan.uploads)
    _tell(session, assignment, plan, told=asks)
    raise typer.Exit(exit_codes.PARTIAL if plan.unplaced else exit_codes.DONE)


def _tell(session: Session, assignment: str, plan: Plan, *, told: bool) -> None:
    """Write what was uploaded, and beside it, unless a person has been told, what to look at."""
    document = {
        "assignment": assignment,
        "files": [{"name": one.name, "path": as_given(str(one.shown)), "size": one.size} for one in plan.uploads],
        "notes": list(plan.notes),
        "plan": plan.document(),
    }
    if not told:
        for note in plan.notes:
            session.output.note(note)
        for each in plan.unplaced:
            session.output.warn(f"not uploaded: {each}")
    session.output.result(document, Group(*_summary_lines(assignment, plan.uploads)))


def _upload_pile(session: Session, assignment: str, paths: list[Path], pages: int | None) -> None:
    with unpacked(paths, MAX_PILE_BYTES) as folders, TemporaryDirectory(prefix="aita-upload-") as made:
        found = find_pile(folders)
        to_send = not_sent(found.uploads, session.api.uploaded(assignment))
        uploads = list(to_send.uploads)
        if pages is not None:
            uploads.append(with_pages(session.api, session.transfer, assignment, Path(made), pages))
        if uploads:
            upload_files(session, assignment, uploads)
    notes = [*found.notes, *to_send.notes]
    document = {
        "assignment": assignment,
        "files": [{"name": one.name, "path": str(one.path), "size": one.size} for one in to_send.uploads],
        "notes": notes,
    }
    for note in notes:
        session.output.note(note)
    files = {part_of(one.name)[0]: one.whole or one.size for one in found.uploads}
    lines = [
        Text(f"Uploaded a pile of {formatting.count(len(files), 'file')} to {assignment}", "bold"),
        *(Text(f"  {printable(name)}  {formatting.size(size)}") for name, size in files.items()),
    ]
    session.output.result(document, Group(*lines))


def upload_files(session: Session, assignment: str, uploads: list[Upload]) -> None:
    """Upload checked files, with a progress bar.

    Raises
    ------
    StackError
        If the stack does not accept them.
    """
    with _bar(session.output.err, sum(one.size for one in uploads), shown=session.bar) as on_bytes:
        send_files(session.api, session.transfer, assignment, uploads, on_bytes)


@contextmanager
def _bar(console: Console, size: int, *, shown: bool) -> Iterator[OnBytes]:
    columns = (TextColumn("  uploading"), BarColumn(48), DownloadColumn(), TimeRemainingColumn(compact=True))
    with Progress(*columns, console=console, transient=True, disable=not (shown and console.is_terminal)) as bar:
        task = bar.add_task("", total=size)
        yield lambda more: bar.advance(task, more)


def _summary_lines(assignment: str, uploads: list[Upload]) -> Iterator[Text]:
    total = sum(one.size for one in uploads)
    yield Text(f"Uploaded {formatting.count(len(uploads), 'file')} to {assignment} ({formatting.size(total)})", "bold")
    for one in uploads:
        if not one.name.startswith(SCANS):
            yield Text(f"  {printable(one.name)}")
    scans = Counter(one.name.split("/")[1] for one in uploads if one.name.startswith(SCANS))
    for student, files in scans.items():
        yield Text(f"  {SCANS}{printable(student)}  {formatting.count(files, 'file')}")
