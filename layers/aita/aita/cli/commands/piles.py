"""Commands about piles: how they were separated into booklets, and whose the pages are that are in none."""

import re
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import typer
from rich.text import Text

from aita.cli.commands.runs import Assignment
from aita.cli.commands.upload import upload_files
from aita.cli.files.assignment_download import fetch_uploaded
from aita.cli.files.upload_discovery import Upload
from aita.cli.session import Session
from aita.cli.views.piles_view import PileReport, piles_document, piles_view
from aita.cli.views.terminal_escape import printable
from aita.errors import RequestError
from aita.models.names import check_assignment, check_upload
from aita.models.pile import GivenPages
from aita.services.assignments import object_keys
from aita.services.assignments.assignment_files import AssignmentFiles
from aita.services.assignments.pile_files import pile_files
from aita.services.assignments.uploaded_files import uploaded_scans

app = typer.Typer(no_args_is_help=True, help="See how piles were separated into booklets, and place pages by hand.")

_PAGES = re.compile(r"([1-9]\d{0,5})(?:-([1-9]\d{0,5}))?")


@app.callback()
def piles() -> None:
    """See how the scans of a whole class were separated into booklets, and place the pages that are in none."""


@app.command("list")
def list_piles(context: typer.Context, assignment: Assignment) -> None:
    """List the piles, the repairs of their booklets, and the pages that are in no booklet, with the reasons."""
    session = Session.of(context)
    report = PileReport.of(_material(session, assignment))
    session.output.result(piles_document(report), piles_view(report, session.command_on(assignment)))


@app.command("give")
def give_pages(
    context: typer.Context,
    file: Annotated[str, typer.Argument(metavar="FILE", help="File of the pile, as the list names it.")],
    pages: Annotated[str, typer.Argument(metavar="PAGES", help="A page of the file, or a range such as 57-58.")],
    to: Annotated[str, typer.Option("--to", metavar="FOLDER", help="Booklet's folder, or a student's new one.")],
    assignment: Assignment,
) -> None:
    """Give pages of a pile to a booklet, whatever they were taken for. The next run reads them there."""
    session = Session.of(context)
    found = _PAGES.fullmatch(pages)
    if not found:
        raise RequestError(f"{pages[:40]!r} is no page and no range: give it as 57 or 57-58")
    first, last = int(found[1]), int(found[2] or found[1])
    material = _material(session, assignment)
    counts = material.separation().counted
    sources = {each.name: each.source for each in pile_files(material)}
    if file not in sources:
        raise RequestError(f"the piles have no file of that name: they have {', '.join(sources) or 'none'}")
    if not first <= last <= counts.get(sources[file], 0):
        raise RequestError(f"that file has {counts.get(sources[file], 0):,} pages, as the last run counted them")
    check_upload(f"scans/{to}/page.jpg")
    settings = material.pile_settings()
    given = GivenPages(file=file, source=sources[file], first=first, last=last, folder=to)
    changed = settings.model_copy(update={"given": (*settings.given, given)})
    with TemporaryDirectory(prefix="aita-upload-") as made:
        path = Path(made, object_keys.PILE_SETTINGS)
        path.write_text(changed.model_dump_json(indent=1), encoding="utf-8")
        upload_files(session, assignment, [Upload(path, path.name, path.stat().st_size)])
    is_new = all(to != folder for folder, _, _ in uploaded_scans(material))
    line = f"Pages {first:,} to {last:,} of {file} are in {to} from the next run on{', a new folder' if is_new else ''}"
    session.output.result(given.model_dump(mode="json"), Text(printable(line)))


def _material(session: Session, assignment: str) -> AssignmentFiles:
    names = object_keys.BOOKLETS, object_keys.PILE_SETTINGS
    return fetch_uploaded(session.api, session.transfer, check_assignment(assignment), *names)
