"""Notes on the students of an exam, for people: missing scans, missing roster lines, and doubtful matches."""

from collections.abc import Collection, Iterator, Sequence

from aita.models.student import Students
from aita.services.assignments.pile_files import is_booklet_folder

_NAMES_SHOWN = 30


def student_lines(students: Students, failed_files: Collection[str] = ()) -> Iterator[str]:
    """Yield a line for each kind of problem, with the students' names.

    Parameters
    ----------
    students
        The map of students.
    failed_files
        Ids of the files of which no page could be read.
    """
    folders = {
        match: [student.folder for student in students.students if student.match == match]
        for match in ("none", "ambiguous", "no_roster", "changed", "nobody")
    }
    if folders["no_roster"]:
        yield "no roster.csv: missing students can't be named"
    if students.missing:
        yield f"on the roster, and no scans are surely theirs: {_names(students.missing)}"
    if unnamed := [folder for folder in folders["none"] if is_booklet_folder(folder)]:
        yield f"of nobody yet: {_names(unnamed)}"
    if others := [folder for folder in folders["none"] if not is_booklet_folder(folder)]:
        yield f"not on the roster: {_names(others)}"
    if folders["ambiguous"]:
        yield f"matches several names on the roster: {_names(folders['ambiguous'])}"
    if close := [student for student in students.students if student.match == "close"]:
        alike = [f"{student.folder} to {student.roster_name}" for student in close]
        yield f"close to a name on the roster, and nobody's until a person decides: {_names(alike)}"
    if folders["changed"]:
        yield f"decided by a person, and the roster has changed since: {_names(folders['changed'])}"
    if folders["nobody"]:
        yield f"not on the roster, as a person decided: {_names(folders['nobody'])}"
    unread = [
        student.name for student in students.students if student.files and set(student.files) <= set(failed_files)
    ]
    if unread:
        yield f"no page could be read of: {_names(unread)}"


def _names(names: Sequence[str]) -> str:
    more = len(names) - _NAMES_SHOWN
    return "; ".join(names[:_NAMES_SHOWN]) + (f"; and {more:,} more, see students.json" if more > 0 else "")
