"""Commands about the answers that await a person's decision."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Group
from rich.text import Text

from aita.cli.commands.review_decisions import CellId, accept_cell, correct_cell, note_cell, set_cell, undo_decision
from aita.cli.commands.review_equal import list_equal
from aita.cli.commands.review_filter import OfFlag, OfQuestion, OfStudent, cell_filter
from aita.cli.commands.run_lists import Limit
from aita.cli.deciding import WHO_IS_HERE, Again, By, already_recorded, current_user, decision_options, refuse_second
from aita.cli.files.assignment_download import fetch_class_list
from aita.cli.files.place_images import SavedImages, save_place_images, show_images
from aita.cli.run_options import Assignment
from aita.cli.session import Session
from aita.cli.views import part_view, review_view
from aita.cli.views.masked_places import scans_of
from aita.errors import RequestError
from aita.models.answer import AnswerPlace
from aita.models.names import check_assignment
from aita.models.part_decision import PartAction
from aita.models.part_review import PartDecisionRequest
from aita.models.review import fingerprint
from aita.models.student import Students

app = typer.Typer(no_args_is_help=True, help="Review the answers that wait for a person.")

_OPTIONS = {PartAction.BELONGS: "--belongs-to", PartAction.SCRATCH: "--scratch", PartAction.NOTHING: "--nothing"}

PartId = Annotated[str, typer.Argument(metavar="PART", help="The part's id, as 'aita review parts' prints it.")]
Out = Annotated[
    Path | None,
    typer.Option(
        "--out",
        "-o",
        metavar="DIR",
        help="Write the images of its pages there, and its places cut out of them.",
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
    *,
    limit: Limit = 50,
    closed: Annotated[bool, typer.Option("--all", help="List graded answers, too.")] = False,
    question: OfQuestion = None,
    flag: OfFlag = None,
    student: OfStudent = None,
    mine: Annotated[bool, typer.Option("--mine", help="Only answers that you have decided on, open or not.")] = False,
    by: Annotated[
        str | None, typer.Option("--by", metavar="NAME", help="With --mine: who you are.", show_default=WHO_IS_HERE)
    ] = None,
) -> None:
    """List the answers that wait for a person, question by question, with what is proposed and why they wait."""
    session = Session.of(context)
    check_assignment(assignment)
    if by is not None and not mine:
        raise RequestError("--by goes with --mine: it says whose decisions to look for")
    decided_by = (by or current_user()) if mine else None
    only = cell_filter(session, assignment, question, flag, student, decided_by)
    closed = closed or mine
    page = session.api.reviews(assignment, limit, closed=closed, only=only)
    names = _names(session, assignment)
    document = page.model_dump(mode="json")
    for cell in document["cells"]:
        cell["student"] = names.get(cell["student_id"])
        cell["seen"] = fingerprint(cell["basis"])
    more = [Text(""), Text("There are more: raise --limit", "dim")] if page.next_token else []
    command, pasteable = session.command_on(assignment), session.output.pasteable
    view = review_view.queue_view(page, names, command, pasteable, closed=closed)
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
    places = [(place, place.url) for place in found.pages]
    saved = _images(session, assignment, cell, places, out, opened=opened)
    document = found.model_dump(mode="json") | {"student": name, "images": saved.pages, "crops": saved.places}
    document["seen"] = fingerprint(found.basis)
    scans = scans_of(students, found.student_id)
    view = review_view.cell_view(found, name, scans, session.command_on(assignment), session.output.pasteable)
    session.output.result(document, view)
    show_images(session, saved, opened=opened)


app.command("accept")(accept_cell)
app.command("set")(set_cell)
app.command("equal")(list_equal)
app.command("correct")(correct_cell)
app.command("note")(note_cell)
app.command("undo")(undo_decision)


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
    why: Annotated[
        str, typer.Option("--why", "-w", metavar="TEXT", help="The reason, which is kept, for staff alone.")
    ] = "",
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
    places = [(found, found.url)] if found.url else []
    saved = _images(session, assignment, part, places, out, opened=opened)
    command = session.command_on(assignment)
    if not actions:
        document = found.model_dump(mode="json") | {"student": name, "images": saved.pages, "crops": saved.places}
        session.output.result(document, part_view.part_view(found, name, scans_of(students, found.student_id), command))
        show_images(session, saved, opened=opened)
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
    with already_recorded(part):
        left = session.api.parts(assignment, 1).open_parts
    document = made.model_dump(mode="json") | {"student": name, "open_parts": left}
    view = part_view.part_decided_view(made, found, name, left, command, for_class=for_class)
    session.output.result(document, view)
    show_images(session, saved, opened=opened)


def _names(session: Session, assignment: str) -> Mapping[str, str]:
    return _students(session, assignment).names()


def _students(session: Session, assignment: str) -> Students:
    return fetch_class_list(session.api, session.transfer, assignment).students


def _images(
    session: Session,
    assignment: str,
    name: str,
    places: Sequence[tuple[AnswerPlace, str]],
    out: Path | None,
    *,
    opened: bool,
) -> SavedImages:
    """Save the images of places, if they are asked for."""
    return save_place_images(session, assignment, name, places, out) if out or opened else SavedImages()
