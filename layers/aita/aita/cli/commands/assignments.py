"""Command that lists assignments and the work that waits for a person."""

from typing import Annotated

import typer
from rich.text import Text

from aita.cli.session import Session
from aita.cli.views.assignment_view import assignments_table, state_view
from aita.models.names import check_assignment


def assignments(
    context: typer.Context,
    name: Annotated[str | None, typer.Argument(metavar="NAME", help="One assignment: the work that waits.")] = None,
) -> None:
    """List the assignments, or tell of one what waits for a person, how its runs are getting on and what they cost."""
    session = Session.of(context)
    if name is not None:
        state = session.api.state(check_assignment(name))
        session.output.result(state, state_view(state))
        return
    found = session.api.assignments()
    nothing = Text("There are no assignments yet: aita upload DIR --assignment NAME makes one")
    session.output.result(found, assignments_table(found) if found.assignments else nothing)
