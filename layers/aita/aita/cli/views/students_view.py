"""Students of an assignment and their lines on the roster, for people."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text

from aita.cli.pasteable import Command
from aita.cli.views import formatting
from aita.cli.views.decision_words import decided_at, outdated_reports
from aita.cli.views.fitting_table import FittingTable
from aita.cli.views.terminal_escape import printable
from aita.models.match import MatchAction, MatchDecision
from aita.models.student import Match, RosterEntry, Student
from aita.services.assignments.class_list import ClassList
from aita.services.assignments.pile_files import is_booklet_folder

_DID = {
    MatchAction.MATCH: "matched by ",
    MatchAction.NOBODY: "nobody's, by ",
    MatchAction.UNDO: "taken back by ",
}
"""Words for decisions that don't hold."""

FOUND: dict[Match, str] = {
    "exact": "found by name or number",
    "decided": "a person decided",
    "read": "by the name that a model read on the pages",
    "close": "close to the name: nobody's until a person decides",
    "changed": "a person decided, and the roster has changed since",
    "nobody": "not on the roster, as a person decided",
    "ambiguous": "fits several lines, or several folders fit one",
    "none": "not on the roster",
    "no_roster": "there is no roster",
}
"""How a folder was found on the roster, in words."""

_UNNAMED = "nobody's yet"
"""Words for a pile's booklet that fits no line, as its folder bears no student's name."""

OPEN: tuple[Match, ...] = ("close", "changed", "ambiguous", "none")
"""Matches that wait for a person, in the order of the list."""


def students_document(listed: ClassList, decisions: Sequence[MatchDecision]) -> dict[str, Any]:
    """Return the list as a JSON document."""
    return {
        "students": [
            {
                "student_id": student.student_id,
                "folder": student.folder,
                "match": student.match,
                "roster": line(listed.entry(student)),
                "closest": None if student.is_matched else line(listed.entries.get(student.student_id)),
                "decisions": [each.model_dump(mode="json") for each in _about(student, decisions)],
            }
            for student in _in_order(listed.students.students)
        ],
        "untranscribed": list(listed.untranscribed),
        "missing": list(listed.students.missing),
    }


def students_view(listed: ClassList, decisions: Sequence[MatchDecision], command: Command) -> RenderableType:
    """Return the list as a table, with the commands for students who wait for a person's decision."""
    students = _in_order(listed.students.students)
    waiting = sum(student.match in OPEN for student in students)
    table = FittingTable(("folder", "id", "on the roster", "how it was found"))
    for student in students:
        table.add_row(*_row(student, listed, decisions), style="yellow" if student.match in OPEN else "")
    title = f"{formatting.count(len(students), 'student')} with scans, {waiting:,} to decide"
    return Group(Text(title, "bold"), table, *map(Text, _notes(listed, waiting, command)))


def matched_view(
    decision: MatchDecision, student: Student, entry: RosterEntry | None, command: Command
) -> RenderableType:
    """Return the lines about a decision that was recorded."""
    whose = "nobody's on the roster" if entry is None else f"{named(entry)}'s"
    did = "the last decision is taken back" if decision.action is MatchAction.UNDO else f"is {printable(whose)}"
    return Group(
        Text(f"Folder {printable(student.folder)} ({student.student_id}) {did}", "bold"),
        Text(f"Decided by {printable(decision.by)}, {decided_at(decision)}", "dim"),
        outdated_reports(command),
    )


def _in_order(students: Iterable[Student]) -> list[Student]:
    places = {match: place for place, match in enumerate(OPEN)}
    return sorted(students, key=lambda student: (places.get(student.match, len(places)), student.folder.casefold()))


def _about(student: Student, decisions: Iterable[MatchDecision]) -> list[MatchDecision]:
    return [each for each in decisions if each.student_id == student.student_id]


def _row(student: Student, listed: ClassList, decisions: Iterable[MatchDecision]) -> Iterator[str]:
    entry = listed.entries.get(student.student_id)
    likely = "" if student.is_matched or entry is None else "perhaps "
    yield printable(student.folder)
    yield student.student_id
    yield f"{likely}{printable(named(entry))}" if entry else ""
    found = found_by(student.match, student.folder)
    about = _about(student, decisions)
    yield f"{found}: {printable(_decided(about[-1], student))}" if about else found


def _decided(decision: MatchDecision, student: Student) -> str:
    did = _DID[decision.action]
    why = f", {decision.why}" if decision.why else ""
    return f"{'' if student.is_decided else did}{decision.by} {decided_at(decision)}{why}"


def found_by(match: Match, folder: str) -> str:
    """Return how a folder was found on the roster, in words."""
    return _UNNAMED if match == "none" and is_booklet_folder(folder) else FOUND[match]


def named(entry: RosterEntry) -> str:
    """Return the name of a line of the roster, with its number."""
    return f"{entry.name} ({entry.number})" if entry.number else entry.name


def line(entry: RosterEntry | None) -> dict[str, str] | None:
    """Return what a document has of a line of the roster."""
    return None if entry is None else {"name": entry.name, "number": entry.number, "email": entry.email}


def _notes(listed: ClassList, waiting: int, command: Command) -> Iterator[str]:
    if listed.untranscribed:
        yield f"uploaded after the last transcription: {printable('; '.join(listed.untranscribed))}"
    if listed.students.missing:
        yield f"on the roster, and no scans are surely theirs: {printable('; '.join(listed.students.missing))}"
    if waiting:
        yield f"decide  {command('students', 'match', 'FOLDER_OR_ID', '--to', 'NAME_OR_NUMBER')}"
        yield f"    or  {command('students', 'match', 'FOLDER_OR_ID', '--nobody')}"
