"""Commands about the students of an assignment: whose folder each one is on the roster."""

from typing import Annotated

import typer

from aita.cli.deciding import Again, By
from aita.cli.matching import Matching, check_who
from aita.cli.run_options import Assignment
from aita.cli.session import Session
from aita.cli.views.students_view import students_document, students_view

app = typer.Typer(no_args_is_help=True, help="See and decide whose folder each one is.")


@app.callback()
def students() -> None:
    """See how students' folders were found on the roster, and decide where that is not sure."""


@app.command("list")
def list_students(context: typer.Context, assignment: Assignment) -> None:
    """List the students with scans and their lines on the roster: first those about whom a person must decide."""
    session = Session.of(context)
    matching = Matching.of(session, assignment)
    view = students_view(matching.listed, matching.decisions, session.command_on(assignment))
    session.output.result(students_document(matching.listed, matching.decisions), view)


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
    action = check_who(to, nobody=nobody, option="--to")
    Matching.of(Session.of(context), assignment).decide(student, action, to, why=why, by=by, again=again)
