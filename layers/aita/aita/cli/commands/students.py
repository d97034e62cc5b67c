"""Commands about the students of an assignment: whose folder each one is on the roster."""

from collections.abc import Sequence
from typing import Annotated

import typer

from aita.cli.commands.runs import Assignment
from aita.cli.deciding import Again, By, current_user, decision_options
from aita.cli.files.assignment_download import fetch_uploaded
from aita.cli.session import Session
from aita.cli.views.students_view import matched_view, students_document, students_view
from aita.errors import NotFoundError, RequestError
from aita.models.match import MatchAction, MatchDecision, MatchRequest
from aita.models.names import check_assignment
from aita.models.student import Student
from aita.services.assignments.class_list import ClassList
from aita.services.assignments.roster_matching import roster_line

app = typer.Typer(no_args_is_help=True, help="See and decide whose folder each one is.")


@app.callback()
def students() -> None:
    """See how students' folders were found on the roster, and decide where that is not sure."""


@app.command("list")
def list_students(context: typer.Context, assignment: Assignment) -> None:
    """List the students with scans and their lines on the roster: first those about whom a person must decide."""
    session = Session.of(context)
    material = fetch_uploaded(session.api, session.transfer, check_assignment(assignment), *ClassList.FILES)
    decisions = session.api.match_decisions(assignment)
    listed = ClassList.of(material, decisions)
    view = students_view(listed, decisions, session.command_on(assignment))
    session.output.result(students_document(listed, decisions), view)


@app.command("match")
def match_student(
    context: typer.Context,
    student: Annotated[str, typer.Argument(metavar="STUDENT", help="The folder under scans/, or the student's id.")],
    assignment: Assignment,
    to: Annotated[str | None, typer.Option("--to", metavar="WHO", help="Name or number on the roster.")] = None,
    nobody: Annotated[bool, typer.Option("--nobody", help="No line of the roster is this student's.")] = False,
    why: Annotated[
        str, typer.Option("--why", "-w", metavar="TEXT", help="The reason, which is kept, for staff alone.")
    ] = "",
    again: Again = False,
    by: By = None,
) -> None:
    """Decide whose folder one is. Who decided, when and why is kept, and another decision undoes it."""
    if (to is None) != nobody:
        raise RequestError("say who the student is, with either --to or --nobody")
    session = Session.of(context)
    material = fetch_uploaded(session.api, session.transfer, check_assignment(assignment), *ClassList.FILES)
    decisions = session.api.match_decisions(assignment)
    listed = ClassList.of(material, decisions)
    found = _find(listed, student, assignment)
    roster = listed.require_roster(assignment)
    entry = None if to is None else roster_line(roster, to)
    with decision_options():
        request = MatchRequest(
            action=MatchAction.NOBODY if entry is None else MatchAction.MATCH,
            line="" if entry is None else entry.version,
            why=why,
            by=by or current_user(),
            replaces=_replaced(found, decisions, again=again),
        )
    for other in listed.students.students:
        if entry is not None and listed.entry(other) == entry and other.student_id != found.student_id:
            session.output.note(f"This line of the roster is that of folder {other.folder} ({other.student_id})")
    decision = session.api.match(assignment, found.student_id, request)
    document = decision.model_dump(mode="json") | {"folder": found.folder, "roster_name": entry and entry.name}
    session.output.result(document, matched_view(decision, found, entry, session.command_on(assignment)))


def _find(listed: ClassList, wanted: str, assignment: str) -> Student:
    known = listed.students.students
    found = [each for each in known if wanted in (each.student_id, each.folder)]
    if wanted in listed.untranscribed:
        raise NotFoundError(
            f"this folder was uploaded after the last transcription: transcribe first "
            f"(aita transcribe --assignment {assignment})"
        )
    if not found:
        raise NotFoundError(
            f"assignment {assignment} has no student of that folder or id: "
            f"'aita students list --assignment {assignment}' lists both"
        )
    return found[0]


def _replaced(student: Student, decisions: Sequence[MatchDecision], *, again: bool) -> str:
    """Return the id of the decision that the new one may replace: the last one, if that does not hold any more."""
    last = next((each for each in reversed(decisions) if each.student_id == student.student_id), None)
    return last.decision_id if last and (again or not student.is_decided) else ""
