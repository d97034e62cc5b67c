"""Commands about the answers that await a person's decision."""

import tempfile
import webbrowser
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Group
from rich.text import Text

from aita.cli.commands.run_lists import Limit
from aita.cli.commands.runs import Assignment
from aita.cli.deciding import By, current_user, decision_options
from aita.cli.files.assignment_download import fetch_class_list
from aita.cli.session import Session
from aita.cli.views.review_view import cell_view, decided_view, queue_view
from aita.models.grade import DecisionAction
from aita.models.names import check_assignment
from aita.models.review import DecisionRequest, ReviewView

app = typer.Typer(no_args_is_help=True, help="Review the answers that wait for a person.")

CellId = Annotated[str, typer.Argument(metavar="CELL", help="The answer's id, as 'aita review list' prints it.")]


@app.callback()
def review() -> None:
    """Look at the answers that a person must look at, and decide on them."""


@app.command("list")
def list_cells(
    context: typer.Context,
    assignment: Assignment,
    limit: Limit = 50,
    closed: Annotated[bool, typer.Option("--all", help="List graded answers, too.")] = False,
) -> None:
    """List the answers that wait for a person, question by question, with what is proposed and why they wait."""
    session = Session.of(context)
    page = session.api.reviews(check_assignment(assignment), limit, closed=closed)
    names = _names(session, assignment)
    document = page.model_dump(mode="json")
    for cell in document["cells"]:
        cell["student"] = names.get(cell["student_id"])
    more = [Text(""), Text("There are more: raise --limit", "dim")] if page.next_token else []
    session.output.result(document, Group(queue_view(page, names, session.output.pasteable), *more))


@app.command("show")
def show_cell(
    context: typer.Context,
    cell: CellId,
    assignment: Assignment,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", metavar="DIR", help="Write the images of its pages there.")
    ] = None,
    opened: Annotated[bool, typer.Option("--open", help="Open the images of its pages.")] = False,
) -> None:
    """Show all there is to decide an answer by: its transcription, the rubric, the proposal and its quotes."""
    session = Session.of(context)
    found = session.api.review(check_assignment(assignment), cell)
    name = _name(session, assignment, found)
    images = _save_pages(session, found, out or Path(tempfile.mkdtemp(prefix="aita-"))) if out or opened else []
    for image in images:
        session.output.note(f"page image: {image}")
        if opened:
            webbrowser.open(image.resolve().as_uri())

    def command(*words: str) -> str:
        return session.command(*words, "--assignment", assignment)

    document = found.model_dump(mode="json") | {"student": name, "images": [str(image) for image in images]}
    session.output.result(document, cell_view(found, name, command, session.output.pasteable))


@app.command("accept")
def accept_cell(context: typer.Context, cell: CellId, assignment: Assignment, by: By = None) -> None:
    """Let the points that are proposed for an answer count."""
    _decide(Session.of(context), assignment, cell, by, DecisionAction.ACCEPT)


@app.command("set")
def set_cell(
    context: typer.Context,
    cell: CellId,
    assignment: Assignment,
    points: Annotated[float, typer.Option("--points", "-p", min=0, help="The points that count.")],
    why: Annotated[str, typer.Option("--why", "-w", metavar="TEXT", help="The reason, which is kept.")],
    by: By = None,
) -> None:
    """Give an answer other points. The old ones, who set these, when and why are kept."""
    _decide(Session.of(context), assignment, cell, by, DecisionAction.SET, points, why)


def _decide(
    session: Session,
    assignment: str,
    cell: str,
    by: str | None,
    action: DecisionAction,
    points: float | None = None,
    why: str = "",
) -> None:
    found = session.api.review(check_assignment(assignment), cell)
    with decision_options():
        request = DecisionRequest(action=action, points=points, why=why, by=by or current_user(), basis=found.basis)
    decision = session.api.decide(assignment, cell, request)
    left = session.api.reviews(assignment, 1).open_cells
    name = _name(session, assignment, found)
    document = decision.model_dump(mode="json") | {"student": name, "open_cells": left}

    def command(*words: str) -> str:
        return session.command(*words, "--assignment", assignment)

    session.output.result(document, decided_view(decision, found, name, left, command))


def _names(session: Session, assignment: str) -> Mapping[str, str]:
    return fetch_class_list(session.api, session.transfer, assignment).students.names()


def _name(session: Session, assignment: str, found: ReviewView) -> str:
    return _names(session, assignment).get(found.student_id, found.student_id)


def _save_pages(session: Session, found: ReviewView, folder: Path) -> list[Path]:
    folder.mkdir(parents=True, exist_ok=True)
    urls = {place.page: place.url for place in found.pages}
    if not urls:
        session.output.note(f"where {found.cell_id} stands on the pages is not known: there is no image of it")
    paths = [folder / f"{found.cell_id}-page-{page}.jpg" for page in urls]
    for path, url in zip(paths, urls.values(), strict=True):
        session.transfer.save(url, path)
    return paths
