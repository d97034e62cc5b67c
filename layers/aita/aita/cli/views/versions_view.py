"""Versions of the instructor's written files, for people."""

from collections.abc import Iterator, Sequence

from rich.console import Group, RenderableType
from rich.text import Text

from aita.cli.files.written_versions import ChangedEntry, ComparedVersion
from aita.cli.views import formatting
from aita.cli.views.fitting_table import FittingTable
from aita.cli.views.indented_text import indented
from aita.cli.views.terminal_escape import printable
from aita.models.file_version import FileVersion, WrittenFile

_STYLES = {"-": "red", "+": "green", " ": "dim"}


def versions_view(file: WrittenFile, versions: Sequence[FileVersion], look: str) -> RenderableType:
    """Return the versions of a file, newest first; ``look`` is the command that shows one's difference."""
    if not versions:
        return Text(f"{file} has no versions: it was never uploaded")
    table = FittingTable(("version", "written", "by", "bytes", ""), frozenset({"bytes"}))
    for each in versions:
        cells = (
            printable(each.version_id),
            formatting.local_time(each.written_at),
            printable(each.by or "not known"),
            f"{each.size:,}",
        )
        table.add_row(*cells, "the present one" if each.is_present else "")
    title = Text(f"{formatting.count(len(versions), 'version')} of {file}", "bold")
    return Group(title, table, Text(f"See what one changes: {look}", "dim"))


def compared_view(file: WrittenFile, compared: ComparedVersion, restore: str) -> RenderableType:
    """Return the changes that restoring a version makes; ``restore`` is its command."""
    written = f"{formatting.local_time(compared.version.written_at)} by {printable(compared.version.by or 'somebody')}"
    title = Text(f"{file} as written {written}", "bold")
    if not compared.changed:
        return Group(title, Text("It says the same as the present file."))
    lines = (line for entry in compared.changed for line in _entry(entry))
    return Group(
        title, Text("- is of the present file, + of this version", "dim"), *lines, Text(f"\nRestore it: {restore}")
    )


def _entry(entry: ChangedEntry) -> Iterator[RenderableType]:
    name = f"Question {entry.question_id}" if entry.question_id else "The exam"
    yield Text(printable(name), "bold")
    for mark, text in entry.lines:
        yield indented(f"{mark} {text}", _STYLES[mark])
