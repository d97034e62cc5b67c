"""Command that uploads an exam."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import typer
from rich.console import Console, Group
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn
from rich.text import Text

from aita.cli.commands.runs import Assignment
from aita.cli.files.archives import unpacked
from aita.cli.files.assignment_download import fetch_material
from aita.cli.files.pile_discovery import find_pile, not_sent
from aita.cli.files.upload_checks import check_material
from aita.cli.files.upload_discovery import SCANS, Upload, find_uploads
from aita.cli.files.upload_sending import OnBytes, send_files
from aita.cli.files.uploaded_roster import with_csv_roster
from aita.cli.session import Session
from aita.cli.views import formatting
from aita.cli.views.terminal_escape import printable
from aita.errors import InvalidMaterialError
from aita.models.names import MAX_PILE_BYTES, check_assignment, part_of
from aita.services.assignments import object_keys

Paths = Annotated[
    list[Path],
    typer.Argument(metavar="PATH", help="An exam's folder, students' folders, an LMS's zip of submissions, or files."),
]


Pile = Annotated[
    bool, typer.Option("--pile", help="The files are a pile: scans of the whole class, of nobody by name.")
]
Pages = Annotated[
    int | None,
    typer.Option("--pages", metavar="N", min=1, max=1000, help="With --pile: the pages of each booklet of the pile."),
]


def upload(
    context: typer.Context, paths: Paths, assignment: Assignment, pile: Pile = False, pages: Pages = None
) -> None:
    """Upload an exam: its questions, rubrics and roster, and the students' scans.

    All is checked before anything is sent. A file that is there already is replaced. The submissions that Canvas,
    Moodle, Brightspace and Blackboard give as a zip are taken as they are, or unpacked.

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
    with unpacked(paths) as folders:
        found = find_uploads(folders)
        stored = partial(fetch_material, session.api, session.transfer, assignment)
        with with_csv_roster(found.uploads) as (uploads, read):
            notes = [*found.notes, *read, *check_material(uploads, stored)]
            upload_files(session, assignment, uploads)
    document = {
        "assignment": assignment,
        "files": [{"name": one.name, "path": str(one.shown), "size": one.size} for one in uploads],
        "notes": notes,
    }
    for note in notes:
        session.output.note(note)
    session.output.result(document, Group(*_summary_lines(assignment, uploads)))


def _upload_pile(session: Session, assignment: str, paths: list[Path], pages: int | None) -> None:
    with unpacked(paths, MAX_PILE_BYTES) as folders, TemporaryDirectory(prefix="aita-upload-") as made:
        found = find_pile(folders)
        to_send = not_sent(found.uploads, session.api.uploaded(assignment))
        uploads = list(to_send.uploads)
        if pages is not None:
            uploads.append(_settings(session, assignment, Path(made), pages))
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
        *(Text(f"  {printable(name)}  {size / 1e6:,.1f} MB") for name, size in files.items()),
    ]
    session.output.result(document, Group(*lines))


def _settings(session: Session, assignment: str, folder: Path, pages: int) -> Upload:
    """Return the stored settings of piles, with the pages of a booklet, as a file in a folder."""
    stored = fetch_material(session.api, session.transfer, assignment, (object_keys.PILE_SETTINGS,)).pile_settings()
    path = folder / object_keys.PILE_SETTINGS
    path.write_text(stored.model_copy(update={"pages": pages}).model_dump_json(), encoding="utf-8")
    return Upload(path, path.name, path.stat().st_size)


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
    yield Text(f"Uploaded {formatting.count(len(uploads), 'file')} to {assignment} ({total / 1e6:,.1f} MB)", "bold")
    for one in uploads:
        if not one.name.startswith(SCANS):
            yield Text(f"  {printable(one.name)}")
    scans = Counter(one.name.split("/")[1] for one in uploads if one.name.startswith(SCANS))
    for student, files in scans.items():
        yield Text(f"  {SCANS}{printable(student)}  {formatting.count(files, 'file')}")
