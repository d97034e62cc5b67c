"""Command that shows the answer keys."""

from typing import Annotated

import typer

from aita.cli.commands.versions import add_versions
from aita.cli.files.written_material import fetch_answer_keys
from aita.cli.run_options import Assignment
from aita.cli.session import Session
from aita.cli.views.written_view import written_view
from aita.models.file_version import WrittenFile

app = typer.Typer(no_args_is_help=True, help="The answer keys of an exam.")

OneQuestion = Annotated[
    str | None,
    typer.Option("--question", "-q", metavar="ID", help="Show that of this question alone.", show_default="all"),
]


@app.callback()
def keys() -> None:
    """Look at the answer keys that graders see."""


@app.command("show")
def show_keys(context: typer.Context, assignment: Assignment, question: OneQuestion = None) -> None:
    """Show the answer keys, whose they are, for which wording, and which ones are out of date."""
    session = Session.of(context)
    material = fetch_answer_keys(session.api, session.transfer, assignment, question)
    document = {
        "assignment": assignment,
        "answer_keys": [each.document() for each in material.written],
        "unknown": list(material.unknown),
    }
    session.output.result(document, written_view(material, "answer key", session.command_on(assignment)))


add_versions(app, "keys", WrittenFile.ANSWER_KEYS)
