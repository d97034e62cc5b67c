"""Command that makes covers to print, with a code on each by which a pile of scans finds its students."""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import typer
from rich.console import Group
from rich.text import Text

from aita.atomic_write import write_whole
from aita.cli.files.assignment_download import fetch_material
from aita.cli.files.out_file import check_folder
from aita.cli.pdf_printer import PdfPrinter
from aita.cli.run_options import Assignment
from aita.cli.session import Session
from aita.cli.views import formatting
from aita.cli.views.terminal_escape import printable
from aita.errors import MissingMaterialError, RequestError
from aita.models.names import check_assignment
from aita.reports.covers import Paper, covers
from aita.services.assignments import object_keys

_MOST_PAGES = 100

Out = Annotated[
    Path, typer.Option("--out", "-o", metavar="FILE", dir_okay=False, help="Write it there; a file there is replaced.")
]
Pages = Annotated[
    int,
    typer.Option("--pages", metavar="N", min=0, max=_MOST_PAGES, help="Sheets for answers behind each cover."),
]


def make_covers(
    context: typer.Context,
    assignment: Assignment,
    out: Out = Path("covers.html"),
    pages: Pages = 0,
    paper: Annotated[Paper, typer.Option("--paper", case_sensitive=False, help="Size of the paper.")] = Paper.A4,
) -> None:
    """Make a cover for each student on the roster, to print, with a code that tells whose it is.

    An HTML file is printed from the browser; a PDF is printed here by Chromium or Chrome, if there is one. With
    --pages, as many sheets for answers follow each cover, with the name, the code and the page on each.
    """
    session = Session.of(context)
    check_assignment(assignment)
    kind = out.suffix.lower()
    if kind not in (".html", ".htm", ".pdf"):
        raise RequestError(f"--out {out}: covers are an HTML file or a PDF: name it covers.html or covers.pdf")
    check_folder(out)
    printer = None
    if kind == ".pdf":
        printer = PdfPrinter.find(f"--out {out}", "write covers.html, and print that from the browser")
    roster = fetch_material(session.api, session.transfer, assignment, (object_keys.ROSTER,)).roster()
    if not roster:
        raise MissingMaterialError(
            f"assignment {assignment} has no roster.csv with students to make covers for: upload one "
            f"(aita upload roster.csv --assignment {assignment})"
        )
    html = covers(assignment, roster, pages, paper)
    write_whole(out, html if printer is None else _printed(printer, html))
    sheets = len(roster) * (1 + pages)
    lines = Group(
        Text(f"{formatting.count(len(roster), 'cover')} in {printable(str(out))}", "bold"),
        Text(f"  {formatting.count(sheets, 'sheet')} of {paper.name.title()} paper: print at 100 %, on one side"),
        Text("  it has names and numbers: delete it when it is printed"),
    )
    session.output.result(
        {"assignment": assignment, "file": str(out), "covers": len(roster), "sheets": sheets, "paper": paper}, lines
    )


def _printed(printer: PdfPrinter, html: bytes) -> bytes:
    """Return an HTML file as a PDF."""
    with TemporaryDirectory(prefix="aita-covers-") as folder:
        page, pdf = Path(folder, "covers.html"), Path(folder, "covers.pdf")
        page.write_bytes(html)
        printer.print(page, pdf)
        return pdf.read_bytes()
