"""Commands about piles: how they were separated into booklets, and whose the pages are that are in none."""

import re
from typing import Annotated

import typer
from rich.text import Text

from aita.cli.files.pile_giving import fetch_piles, give_pages, take_back
from aita.cli.run_options import Assignment
from aita.cli.session import Session
from aita.cli.views.piles_view import PileReport, piles_document, piles_view
from aita.cli.views.terminal_escape import printable
from aita.errors import RequestError

app = typer.Typer(no_args_is_help=True, help="See how piles were separated into booklets, and place pages by hand.")

_NOBODYS = "nobody's, and no run reads them"
_PAGES = re.compile(r"([1-9]\d{0,5})(?:-([1-9]\d{0,5}))?")


@app.callback()
def piles() -> None:
    """See how the scans of a whole class were separated into booklets, and place the pages that are in none."""


@app.command("list")
def list_piles(context: typer.Context, assignment: Assignment) -> None:
    """List the piles, the repairs of their booklets, and the pages that are in no booklet, with the reasons."""
    session = Session.of(context)
    report = PileReport.of(fetch_piles(session.api, session.transfer, assignment))
    session.output.result(piles_document(report), piles_view(report, session.command_on(assignment)))


@app.command("give")
def give(
    context: typer.Context,
    file: Annotated[str, typer.Argument(metavar="FILE", help="File of the pile, as the list names it.")],
    pages: Annotated[str, typer.Argument(metavar="PAGES", help="A page of the file, or a range such as 57-58.")],
    assignment: Assignment,
    to: Annotated[
        str | None, typer.Option("--to", metavar="FOLDER", help="Booklet's folder, or a student's new one.")
    ] = None,
    nobody: Annotated[bool, typer.Option("--nobody", help="They are nobody's: no run reads them.")] = False,
    undo: Annotated[bool, typer.Option("--undo", help="Take the last decision about these pages back.")] = False,
) -> None:
    """Give pages of a pile to a booklet, whatever they were taken for, or to nobody. The next run goes by it."""
    session = Session.of(context)
    if sum((to is not None, nobody, undo)) != 1:
        raise RequestError("say one of --to FOLDER, --nobody and --undo")
    found = _PAGES.fullmatch(pages)
    if not found:
        raise RequestError(f"{pages[:40]!r} is no page and no range: give it as 57 or 57-58")
    first, last = int(found[1]), int(found[2] or found[1])
    named = f"Pages {first:,} to {last:,} of {file}"
    if undo:
        given = take_back(session.api, session.transfer, assignment, file, first, last)
        line = f"{named} are where they were, no longer {given.folder or 'nobody'}'s"
    else:
        given, is_new = give_pages(session.api, session.transfer, assignment, file, first, last, to)
        into = f"in {to} from the next run on{', a new folder' if is_new else ''}"
        line = f"{named} are {into if to is not None else _NOBODYS}"
    session.output.result(given.model_dump(mode="json"), Text(printable(line)))
