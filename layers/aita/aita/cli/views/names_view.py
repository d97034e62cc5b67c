"""Students whom their folders' names don't tell, with likely lines of the roster, for people."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text

from aita.cli.pasteable import Command
from aita.cli.views import formatting
from aita.cli.views.fitting_table import FittingTable
from aita.cli.views.students_view import found_by, line, named
from aita.cli.views.terminal_escape import printable
from aita.models.match import HeadedStudent
from aita.models.student import CERTAIN, RosterEntry
from aita.services.assignments.class_list import ClassList

_LIKELY_SHOWN = 3


def names_document(
    listed: ClassList, headed: Sequence[HeadedStudent], files: Mapping[str, Sequence[str]]
) -> dict[str, Any]:
    """Return the list as a JSON document; ``files`` are the heads that were fetched, by student id."""
    entries, folders = _entries(listed), _folders(listed)
    return {
        "students": [
            {
                "student_id": each.student_id,
                "folder": folders.get(each.student_id, ""),
                "match": each.match,
                "roster": line(entries.get(each.line)),
                "was_read": each.was_read,
                "likely": [
                    {"roster": line(entries[likely.line]), "cost": likely.cost}
                    for likely in each.likely
                    if likely.line in entries
                ],
                "pages": [head.page for head in each.heads],
                "files": list(files.get(each.student_id, ())),
                "decisions": [decision.model_dump(mode="json") for decision in each.decisions],
            }
            for each in headed
        ]
    }


def names_view(
    listed: ClassList, headed: Sequence[HeadedStudent], files: Mapping[str, Sequence[str]], command: Command
) -> RenderableType:
    """Return the list as a table, those who wait for a person first, with the commands for them."""
    entries, folders = _entries(listed), _folders(listed)
    waiting = [each for each in headed if each.match not in (*CERTAIN, "nobody")]
    table = FittingTable(("booklet", "id", "whose", "likely (distance)", "heads"))
    for each in (*waiting, *(other for other in headed if other not in waiting)):
        whose = entries.get(each.line)
        folder = folders.get(each.student_id, "")
        found = found_by(each.match, folder)
        table.add_row(
            printable(folder),
            each.student_id,
            f"{printable(named(whose))}: {found}" if whose else found,
            "" if whose else printable("; ".join(_likely(each, entries))),
            " ".join(map(printable, files.get(each.student_id, ()))) or str(len(each.heads)),
            style="yellow" if each in waiting else "",
        )
    title = f"{formatting.count(len(headed), 'booklet')} not told by the folder's name, {len(waiting):,} to decide"
    return Group(Text(title, "bold"), table, *map(Text, _commands(headed, waiting, files, command)))


def _likely(student: HeadedStudent, entries: Mapping[str, RosterEntry]) -> Iterator[str]:
    for likely in student.likely[:_LIKELY_SHOWN]:
        if likely.line in entries:
            yield f"{named(entries[likely.line])} ({likely.cost})"


def _commands(
    headed: Sequence[HeadedStudent],
    waiting: Sequence[HeadedStudent],
    files: Mapping[str, Sequence[str]],
    command: Command,
) -> Iterator[str]:
    if any(each.heads for each in waiting) and not files:
        yield f"  look  {command('names', 'list', '--out', 'heads')}"
    if waiting:
        yield f"decide  {command('names', 'set', 'BOOKLET_OR_ID', 'NUMBER_OR_NAME')}"
        yield f"    or  {command('names', 'set', 'BOOKLET_OR_ID', '--nobody')}"
    if any(each.decisions for each in headed):
        yield f"  undo  {command('names', 'undo', 'BOOKLET_OR_ID')}"


def _entries(listed: ClassList) -> dict[str, RosterEntry]:
    return {entry.version: entry for entry in listed.roster or ()}


def _folders(listed: ClassList) -> dict[str, str]:
    return {each.student_id: each.folder for each in listed.students.students}
