"""Command that lists answers that say the same."""

import typer

from aita.cli.commands.review_filter import OfQuestion
from aita.cli.files.assignment_download import fetch_class_list
from aita.cli.run_options import Assignment
from aita.cli.session import Session
from aita.cli.views.equal_view import equal_view
from aita.models.names import check_assignment


def list_equal(context: typer.Context, assignment: Assignment, question: OfQuestion = None) -> None:
    """List the answers that say the same, as they were written; those whose points differ come first."""
    session = Session.of(context)
    found = session.api.equal_answers(check_assignment(assignment), question)
    names = fetch_class_list(session.api, session.transfer, assignment).students.names()
    session.output.result(found, equal_view(found, names))
