"""Commands about students whom their folders' names don't tell: the heads of their pages, and whose they are."""

from pathlib import Path
from typing import Annotated

import typer

from aita.cli.deciding import Again, By
from aita.cli.matching import Matching, check_who
from aita.cli.run_options import Assignment
from aita.cli.session import Session
from aita.cli.views.names_view import names_document, names_view
from aita.errors import RequestError
from aita.models.match import MatchAction

app = typer.Typer(no_args_is_help=True, help="Match booklets with the roster by the heads of their pages.")

Booklet = Annotated[str, typer.Argument(metavar="BOOKLET", help="The folder under scans/, or the student's id.")]
Why = Annotated[str, typer.Option("--why", "-w", metavar="TEXT", help="The reason, which is kept, for staff alone.")]


@app.callback()
def names() -> None:
    """Match booklets of which nothing but the heads of their pages tells whose they are."""


@app.command("list")
def list_names(
    context: typer.Context,
    assignment: Assignment,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", metavar="DIR", file_okay=False, help="Fetch the heads into this new folder."),
    ] = None,
) -> None:
    """List the booklets whose names don't tell a student, with the lines of the roster that are likely.

    With --out the heads of their pages are fetched, unmasked: delete them when all is matched.
    """
    session = Session.of(context)
    if out is not None and out.exists():
        raise RequestError(f"--out {out} is there already: name a new folder")
    matching = Matching.of(session, assignment)
    headed = session.api.names(assignment)
    files: dict[str, list[str]] = {}
    if out is not None:
        out.mkdir(parents=True, mode=0o700)
        for student in headed:
            for head in student.heads:
                file = out / f"{student.student_id}-page-{head.page}.jpg"
                session.transfer.save(head.url, file)
                files.setdefault(student.student_id, []).append(str(file))
    view = names_view(matching.listed, headed, files, session.command_on(assignment))
    session.output.result(names_document(matching.listed, headed, files), view)


@app.command("set")
def set_name(
    context: typer.Context,
    booklet: Booklet,
    assignment: Assignment,
    who: Annotated[str | None, typer.Argument(metavar="WHO", help="Number or name on the roster.")] = None,
    nobody: Annotated[bool, typer.Option("--nobody", help="No line of the roster is this booklet's.")] = False,
    why: Why = "",
    again: Again = False,
    by: By = None,
) -> None:
    """Say whose a booklet is. Who said it, when and why is kept, and each line of the roster is one booklet's."""
    action = check_who(who, nobody=nobody, option="a number or name on the roster")
    Matching.of(Session.of(context), assignment).decide(booklet, action, who, why=why, by=by, again=again)


@app.command("undo")
def undo_name(context: typer.Context, booklet: Booklet, assignment: Assignment, why: Why = "", by: By = None) -> None:
    """Take the last decision about a booklet back; the one before holds again, if there is one."""
    matching = Matching.of(Session.of(context), assignment)
    matching.decide(booklet, MatchAction.UNDO, None, why=why, by=by, again=True)
