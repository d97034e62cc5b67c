"""Commands that decide on answers."""

import re
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any

import typer

from aita.cli.bulk_acceptance import accept_all
from aita.cli.commands.review_filter import OfFlag, OfQuestion, OfStudent, cell_filter
from aita.cli.deciding import Again, By, already_recorded, current_user, decision_options, refuse_second
from aita.cli.files.assignment_download import fetch_class_list
from aita.cli.run_options import Assignment
from aita.cli.session import Session
from aita.cli.views import review_view
from aita.cli.views.cell_decisions import corrected_before, decided_before, others_decision
from aita.cli.views.masked_places import scans_of
from aita.errors import InvalidMaterialError, RequestError
from aita.models.decision import DecisionAction
from aita.models.names import check_assignment
from aita.models.review import EVERYTHING, DecisionRequest, ReviewView, fingerprint

CellId = Annotated[str, typer.Argument(metavar="ANSWER", help="The answer's id, as 'aita review list' prints it.")]
Why = Annotated[str, typer.Option("--why", "-w", metavar="TEXT", help="The reason, which is kept, for staff alone.")]
ShownWhy = Annotated[
    str,
    typer.Option("--why", "-w", metavar="TEXT", help="The reason. The student reads it, word for word."),
]
Seen = Annotated[
    str | None,
    typer.Option(
        "--seen",
        metavar="CODE",
        help="Refuse the decision if the answer has changed since you saw it with this code, which 'aita review show' "
        "and 'list' print.",
    ),
]

_CRITERION = re.compile(r"(\d{1,4})=(\d+(?:\.\d*)?|\.\d+)", re.ASCII)
_STDIN = "-"


def accept_cell(
    context: typer.Context,
    assignment: Assignment,
    *,
    cell: Annotated[
        str | None, typer.Argument(metavar="ANSWER", help="The answer's id, as 'aita review list' prints it.")
    ] = None,
    seen: Seen = None,
    everything: Annotated[
        bool, typer.Option("--all", help="All open answers that --question, --flag and --student choose.")
    ] = False,
    question: OfQuestion = None,
    flag: OfFlag = None,
    student: OfStudent = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="With --all: don't ask.")] = False,
    again: Again = False,
    by: By = None,
) -> None:
    """Let the points that are proposed for an answer count, as you saw them.

    Without --seen the answer is shown, and you are asked. With --all it is what is proposed for all answers that are
    open and fit --question, --flag and --student: they are counted first, and you are asked. The exit status is 3 if
    some of them have changed meanwhile, which are left as they are.
    """
    session = Session.of(context)
    check_assignment(assignment)
    if everything:
        if cell is not None or seen is not None or again:
            raise RequestError(
                "nothing was decided: --all takes the answers of a filter, and no ANSWER, --seen or --again"
            )
        only = cell_filter(session, assignment, question, flag, student)
        if only == EVERYTHING:
            raise RequestError("nothing was decided: say of which answers, with --question, --flag or --student")
        raise typer.Exit(accept_all(session, assignment, only, by or current_user(), confirm=not yes))
    if cell is None or question or flag or student:
        raise RequestError("nothing was decided: give an ANSWER, or --all with --question, --flag or --student")
    _decide(session, assignment, cell, by, {"action": DecisionAction.ACCEPT}, seen, again=again)


def set_cell(
    context: typer.Context,
    cell: CellId,
    assignment: Assignment,
    why: ShownWhy,
    *,
    points: Annotated[
        float | None, typer.Option("--points", "-p", metavar="P", min=0, help="The points that count.")
    ] = None,
    criterion: Annotated[
        list[str] | None,
        typer.Option(
            "--criterion",
            "-c",
            metavar="N=P",
            help="The points for a criterion, by its number; may be repeated. Others keep the proposal's.",
        ),
    ] = None,
    feedback: Annotated[str, typer.Option("--feedback", metavar="TEXT", help="Feedback for the student.")] = "",
    seen: Seen = None,
    again: Again = False,
    by: By = None,
) -> None:
    """Give an answer other points, in all or by criterion. The old ones, who set these, when and why are kept."""
    if points is None and not criterion:
        raise RequestError("nothing was decided: give --points, or --criterion for each that you set")
    content = {
        "action": DecisionAction.SET,
        "points": points,
        "criteria": _criteria(criterion or ()),
        "feedback": feedback,
        "why": why,
    }
    _decide(Session.of(context), assignment, cell, by, content, seen, again=again)


def correct_cell(
    context: typer.Context,
    cell: CellId,
    assignment: Assignment,
    transcription: Annotated[
        str,
        typer.Option("--transcription", "-t", metavar="FILE", help="A file with the answer's text; - reads it here."),
    ],
    *,
    why: Why = "",
    seen: Seen = None,
    again: Again = False,
    by: By = None,
) -> None:
    """Correct what was read of an answer. 'aita grade' then grades it from this text, and only it."""
    content = {"action": DecisionAction.CORRECT, "transcription": _text(transcription), "why": why}
    _decide(Session.of(context), assignment, cell, by, content, seen, again=again)


def note_cell(
    context: typer.Context,
    cell: CellId,
    assignment: Assignment,
    why: Annotated[str, typer.Option("--why", "-w", metavar="TEXT", help="The note, which is kept, for staff alone.")],
    *,
    seen: Seen = None,
    again: Again = False,
    by: By = None,
) -> None:
    """Leave an answer to the instructor, with a note. It is open until somebody decides on its points."""
    _decide(Session.of(context), assignment, cell, by, {"action": DecisionAction.NOTE, "why": why}, seen, again=again)


def undo_decision(
    context: typer.Context,
    cell: CellId,
    assignment: Assignment,
    *,
    why: Why = "",
    seen: Seen = None,
    again: Again = False,
    by: By = None,
) -> None:
    """Take the last decision on an answer back: what counted before it counts again. Both are kept."""
    _decide(Session.of(context), assignment, cell, by, {"action": DecisionAction.UNDO, "why": why}, seen, again=again)


def _decide(
    session: Session,
    assignment: str,
    cell: str,
    by: str | None,
    content: dict[str, Any],
    seen: str | None,
    *,
    again: bool,
) -> None:
    found = session.api.review(check_assignment(assignment), cell)
    command = session.command_on(assignment)
    name_given = by or current_user()
    action: DecisionAction = content["action"]
    look = command("review", "show", cell)
    if action is DecisionAction.UNDO:
        refuse_second(others_decision(found, name_given), look, again=again)
    else:
        refuse_second(decided_before(found), look, again=again)
    if action is DecisionAction.CORRECT:
        refuse_second(corrected_before(found), look, again=again)
    if seen is None and action is DecisionAction.ACCEPT:
        _ask(session, assignment, found, look)
    # A code that is not of the cell as it is now is sent as it is: the stack says what has changed since.
    basis = found.basis if seen in (None, fingerprint(found.basis)) else seen
    with decision_options(criteria="criterion"):
        request = DecisionRequest(**content, by=name_given, basis=basis)
    decision = session.api.decide(assignment, cell, request)
    with already_recorded(cell):
        now = session.api.review(assignment, cell) if action is DecisionAction.UNDO else found
        left = session.api.reviews(assignment, 1).open_cells
        names = fetch_class_list(session.api, session.transfer, assignment).students.names()
    name = names.get(found.student_id, found.student_id)
    document = decision.model_dump(mode="json") | {"student": name, "open_cells": left}
    session.output.result(
        document, review_view.decided_view(decision, now, name, left, command, session.output.pasteable)
    )


def _ask(session: Session, assignment: str, found: ReviewView, look: str) -> None:
    """Show an answer, and ask whether its proposal is accepted."""
    if session.output.as_json or not sys.stdin.isatty():
        raise RequestError(f"nothing was decided: say with --seen what you saw, as {look} prints it")
    students = fetch_class_list(session.api, session.transfer, assignment).students
    name, scans = students.names().get(found.student_id, found.student_id), scans_of(students, found.student_id)
    command = session.command_on(assignment)
    session.output.show(review_view.cell_view(found, name, scans, command, session.output.pasteable))
    if not typer.confirm("Accept the proposal?", err=True):
        raise RequestError("nothing was decided")


def _criteria(given: Iterable[str]) -> dict[int, float]:
    criteria: dict[int, float] = {}
    for each in given:
        match = _CRITERION.fullmatch(each.strip())
        if match is None:
            raise RequestError(f"nothing was decided: --criterion takes its number and points, such as 1=2.5: {each!r}")
        if int(match[1]) in criteria:
            raise RequestError(f"nothing was decided: --criterion {match[1]} is there twice")
        criteria[int(match[1])] = float(match[2])
    return criteria


def _text(name: str) -> str:
    data = sys.stdin.buffer.read() if name == _STDIN else Path(name).read_bytes()
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InvalidMaterialError(f"{name}: byte {error.start} is not UTF-8: save it as UTF-8") from None
