"""Commands that list and restore versions of questions, answer keys and rubrics: the same for each."""

import sys
from typing import Annotated

import typer
from rich.console import Group
from rich.text import Text

from aita.cli.files.written_versions import compare_version, restore_version
from aita.cli.run_options import Assignment
from aita.cli.session import Session
from aita.cli.views.versions_view import compared_view, versions_view
from aita.errors import RequestError
from aita.models.file_version import WrittenFile
from aita.models.names import check_assignment

questions = typer.Typer(no_args_is_help=True, help="The questions of an exam, as they were before.")


@questions.callback()
def _questions() -> None:
    """See how the questions were worded before, and restore them."""


Version = Annotated[str, typer.Argument(metavar="VERSION", help="A version, as the list names it.", show_default=False)]
OneVersion = Annotated[
    str | None,
    typer.Argument(metavar="VERSION", help="Show what restoring this one changes.", show_default="list all"),
]
Limit = Annotated[int, typer.Option("--limit", metavar="N", min=1, max=200, help="Show no more versions than this.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Restore it without asking.")]


def add_versions(app: typer.Typer, group: str, file: WrittenFile) -> None:
    """Add ``versions`` and ``restore`` to the commands of a group, for its file."""

    @app.command("versions")
    def list_versions(
        context: typer.Context, assignment: Assignment, version: OneVersion = None, limit: Limit = 20
    ) -> None:
        """List versions of your file, newest first, or show what restoring one of them changes.

        To restore one makes it the present file again; nothing is restored here.
        """
        session = Session.of(context)
        if version is None:
            found = session.api.versions(check_assignment(assignment), file, limit)
            document = {"file": file, "versions": [each.model_dump(mode="json", exclude={"url"}) for each in found]}
            look = session.command(group, "versions", "VERSION", "--assignment", assignment)
            session.output.result(document, versions_view(file, found, look))
            return
        compared = compare_version(session.api, session.transfer, assignment, file, version)
        document = compared.document() | {"file": file}
        restore = session.command(group, "restore", version, "--assignment", assignment)
        session.output.result(document, compared_view(file, compared, restore))

    @app.command("restore")
    def restore(context: typer.Context, version: Version, assignment: Assignment, yes: Yes = False) -> None:
        """Make an earlier version the present one again: it is uploaded as a new version, and none is lost.

        It is checked as an upload is. No grade changes until you grade again: 'aita rubric diff' shows which answers it
        touches. A terminal shows what it changes, and asks. If somebody changes the file meanwhile, nothing is
        restored.
        """
        session = Session.of(context)
        compared = compare_version(session.api, session.transfer, assignment, file, version)
        if not compared.differs:
            raise RequestError(f"nothing to restore: {file} is as this version has it")
        command = session.command(group, "restore", version, "--assignment", assignment)
        if not yes:
            if session.output.as_json or not sys.stdin.isatty():
                raise RequestError(f"{file} would be replaced: see what changes, and add --yes")
            session.output.show(compared_view(file, compared, command))
            if not typer.confirm("Restore this?", err=True):
                raise RequestError("nothing was restored")
        notes, left = restore_version(session.api, session.transfer, assignment, file, version, compared.seen)
        for note in notes:
            session.output.note(note)
        diff = session.command("rubric", "diff", "--assignment", assignment)
        shown = Group(Text(f"Restored {file}", "bold"), Text(f"See which answers that touches: {diff}"))
        session.output.result({"file": file, "version_id": version, "digest": left, "notes": notes}, shown)


add_versions(questions, "questions", WrittenFile.QUESTIONS)
