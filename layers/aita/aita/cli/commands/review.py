"""Commands about the answers that await a person's decision."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Group
from rich.text import Text

from aita.cli.browser import open_in_browser
from aita.cli.commands.run_lists import Limit
from aita.cli.commands.runs import Assignment
from aita.cli.deciding import Again, By, current_user, decision_options, refuse_second
from aita.cli.files.assignment_download import fetch_class_list
from aita.cli.session import Session
from aita.cli.views import part_view, review_view
from aita.cli.views.masked_places import scans_of
from aita.errors import RequestError
from aita.models.grade import DecisionAction
from aita.models.names import check_assignment
from aita.models.part_decision import PartAction
from aita.models.part_review import PartDecisionRequest
from aita.models.review import DecisionRequest
from aita.models.student import Students

app = typer.Typer(no_args_is_help=True, help="Review the answers that wait for a person.")

CellId = Annotated[str, typer.Argument(metavar="CELL", help="The answer's id, as 'aita review list' prints it.")]

_OPTIONS = {PartAction.BELONGS: "--belongs-to", PartAction.SCRATCH: "--scratch", PartAction.NOTHING: "--nothing"}

PartId = Annotated[str, typer.Argument(metavar="PART", help="The part's id, as 'aita review parts' prints it.")]
Out = Annotated[
    Path | None,
    typer.Option(
        "--out",
        "-o",
        metavar="DIR",
        help="Write the images of its pages there.",
        show_default="with --open out/ASSIGNMENT/pages, else none",
    ),
]
Opened = Annotated[bool, typer.Option("--open", help="Open the images of its pages.")]


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
    view = review_view.queue_view(page, names, session.command_on(assignment), session.output.pasteable)
    session.output.result(document, Group(view, *more))


@app.command("show")
def show_cell(
    context: typer.Context,
    cell: CellId,
    assignment: Assignment,
    out: Out = None,
    opened: Opened = False,
) -> None:
    """Show all there is to decide an answer by: its transcription, the rubric, the proposal and its quotes."""
    session = Session.of(context)
    found = session.api.review(check_assignment(assignment), cell)
    students = _students(session, assignment)
    name = students.names().get(found.student_id, found.student_id)
    urls = {place.page: place.url for place in found.pages}
    images = _page_images(session, assignment, cell, urls, out, opened=opened)
    document = found.model_dump(mode="json") | {"student": name, "images": images}
    scans = scans_of(students, found.student_id)
    view = review_view.cell_view(found, name, scans, session.command_on(assignment), session.output.pasteable)
    session.output.result(document, view)


@app.command("accept")
def accept_cell(
    context: typer.Context, cell: CellId, assignment: Assignment, again: Again = False, by: By = None
) -> None:
    """Let the points that are proposed for an answer count."""
    _decide(Session.of(context), assignment, cell, by, DecisionAction.ACCEPT, again=again)


@app.command("set")
def set_cell(
    context: typer.Context,
    cell: CellId,
    assignment: Assignment,
    points: Annotated[float, typer.Option("--points", "-p", metavar="P", min=0, help="The points that count.")],
    why: Annotated[str, typer.Option("--why", "-w", metavar="TEXT", help="The reason, which is kept.")],
    again: Again = False,
    by: By = None,
) -> None:
    """Give an answer other points. The old ones, who set these, when and why are kept."""
    _decide(Session.of(context), assignment, cell, by, DecisionAction.SET, points, why, again=again)


@app.command("parts")
def list_parts(context: typer.Context, assignment: Assignment, limit: Limit = 50) -> None:
    """List the parts of pages that belong to no answer; those beside which answers are open come first."""
    session = Session.of(context)
    page = session.api.parts(check_assignment(assignment), limit)
    names = _names(session, assignment)
    document = page.model_dump(mode="json")
    for part in document["parts"]:
        part["student"] = names.get(part["student_id"])
    more = [Text(""), Text("There are more: raise --limit", "dim")] if page.next_token else []
    view = part_view.part_list_view(page, names, session.command_on(assignment))
    session.output.result(document, Group(view, *more))


@app.command("part")
def decide_part(
    context: typer.Context,
    part: PartId,
    assignment: Assignment,
    *,
    belongs_to: Annotated[
        str | None, typer.Option("--belongs-to", metavar="QUESTION", help="It belongs to the answer to this question.")
    ] = None,
    scratch: Annotated[bool, typer.Option("--scratch", help="It is scratch work.")] = False,
    nothing: Annotated[bool, typer.Option("--nothing", help="It is nothing that counts, such as a stain.")] = False,
    for_class: Annotated[
        bool, typer.Option("--class", help="The same for the parts at this place of the class's same pages.")
    ] = False,
    why: Annotated[str, typer.Option("--why", "-w", metavar="TEXT", help="The reason, which is kept.")] = "",
    again: Again = False,
    by: By = None,
    out: Out = None,
    opened: Opened = False,
) -> None:
    """Say whose a part of a page is, which closes the answers beside it. Without a decision the part is shown."""
    session = Session.of(context)
    check_assignment(assignment)
    chosen = {PartAction.BELONGS: belongs_to is not None, PartAction.SCRATCH: scratch, PartAction.NOTHING: nothing}
    actions = [action for action in chosen if chosen[action]]
    if not actions and (for_class or why or by or again):
        raise RequestError("nothing was decided: give one of --belongs-to, --scratch and --nothing")
    if len(actions) > 1:
        given = " and ".join(_OPTIONS[action] for action in actions)
        raise RequestError(f"nothing was decided: {given} contradict each other, give one of them")
    found = session.api.part(assignment, part)
    students = _students(session, assignment)
    name = students.names().get(found.student_id, found.student_id)
    urls = {found.page: found.url} if found.url else {}
    images = _page_images(session, assignment, part, urls, out, opened=opened)
    command = session.command_on(assignment)
    if not actions:
        document = found.model_dump(mode="json") | {"student": name, "images": images}
        session.output.result(document, part_view.part_view(found, name, scans_of(students, found.student_id), command))
        return
    refuse_second(part_view.decided_before(found), command("review", "part", part), again=again)
    if belongs_to is not None and belongs_to not in found.question_ids:
        ids = ", ".join(found.question_ids)
        raise RequestError(f"nothing was decided: --belongs-to takes the question that it belongs to, one of {ids}")
    with decision_options(question_id="belongs-to"):
        request = PartDecisionRequest(
            action=actions[0],
            question_id=belongs_to,
            for_class=for_class,
            why=why,
            by=by or current_user(),
            basis=found.basis,
        )
    made = session.api.decide_part(assignment, part, request)
    left = session.api.parts(assignment, 1).open_parts
    document = made.model_dump(mode="json") | {"student": name, "open_parts": left}
    view = part_view.part_decided_view(made, found, name, left, command, for_class=for_class)
    session.output.result(document, view)


def _decide(
    session: Session,
    assignment: str,
    cell: str,
    by: str | None,
    action: DecisionAction,
    points: float | None = None,
    why: str = "",
    *,
    again: bool,
) -> None:
    found = session.api.review(check_assignment(assignment), cell)
    command = session.command_on(assignment)
    refuse_second(review_view.decided_before(found), command("review", "show", cell), again=again)
    with decision_options():
        request = DecisionRequest(action=action, points=points, why=why, by=by or current_user(), basis=found.basis)
    decision = session.api.decide(assignment, cell, request)
    left = session.api.reviews(assignment, 1).open_cells
    name = _names(session, assignment).get(found.student_id, found.student_id)
    document = decision.model_dump(mode="json") | {"student": name, "open_cells": left}
    session.output.result(document, review_view.decided_view(decision, found, name, left, command))


def _names(session: Session, assignment: str) -> Mapping[str, str]:
    return _students(session, assignment).names()


def _students(session: Session, assignment: str) -> Students:
    return fetch_class_list(session.api, session.transfer, assignment).students


def _page_images(
    session: Session, assignment: str, name: str, urls: Mapping[int, str], out: Path | None, *, opened: bool
) -> list[str]:
    """Save the images of pages, if they are asked for; return their paths."""
    if not (out or opened):
        return []
    if not urls:
        session.output.note(f"where {name} stands on the pages is not known: there is no image of it")
        return []
    # Not in the system's folder for temporary files: a browser may read them late, and nobody would look there later.
    folder = out or Path("out", assignment, "pages")
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"{name}-page-{page}.jpg" for page in urls]
    for path, url in zip(paths, urls.values(), strict=True):
        session.transfer.save(url, path)
        session.output.note(f"page image: {path}")
        if opened:
            open_in_browser(session.output, path)
    return [str(path) for path in paths]
