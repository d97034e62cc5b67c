"""Finding the scanned students on the roster. Two students never become one: each folder keeps its own id."""

import secrets
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence

from rapidfuzz import fuzz, process

from aita.models.student import Match, RosterEntry, Student, Students
from aita.services.assignments.person_names import first_name_first

CLOSE = 88.0
"""The likeness, of 100, from which a name is taken for a slip of another (rapidfuzz's token_sort_ratio)."""

MARGIN = 5.0
"""How much better the best must be than the second best to be taken."""

Found = dict[str, tuple[RosterEntry | None, Match]]
"""Each folder's line of the roster, and how it was found."""

_ACCENTS = 200
"""From this combining class on marks are accents; those below, such as vowel signs and dakuten, make another name."""


def fold(name: str) -> str:
    """Return a name without case, accents, punctuation and repeated spaces, for comparing."""
    decomposed = unicodedata.normalize("NFKD", name).casefold()
    kept = (c if _writes(c) else " " for c in decomposed if unicodedata.combining(c) < _ACCENTS)
    return " ".join("".join(kept).split())


def _writes(character: str) -> bool:
    return character.isalnum() or unicodedata.category(character).startswith("M")


def identify(folders: Iterable[str], roster: tuple[RosterEntry, ...] | None, known: Students) -> Students:
    """Give each folder under ``scans/`` a student: the id it had, or a new random one, and its place on the roster.

    Parameters
    ----------
    folders
        The folders' names, each once.
    roster
        Who is expected; ``None`` if no roster was given.
    known
        The map as it was: ids are kept.
    """
    ids = {student.folder: student.student_id for student in known.students}
    found = find_on_roster(folders, roster)
    students = tuple(
        Student(
            student_id=ids.get(folder) or f"s-{secrets.token_hex(8)}",
            folder=folder,
            roster_name=entry and entry.name,
            match=match,
        )
        for folder, (entry, match) in found.items()
    )
    return Students(students=students, missing=who_is_missing(roster or (), found))


def find_on_roster(folders: Iterable[str], roster: Sequence[RosterEntry] | None) -> Found:
    """Find each folder's student on the roster. A line is found for one folder at most; what is doubtful for none.

    A folder is its student's if it holds the student's number and nothing that is not of the name. Else it is by its
    name: the same first, then the closest of those who are left.
    """
    if roster is None:
        return dict.fromkeys(folders, (None, "no_roster"))
    people = [_Person(entry) for entry in roster]
    sure = {folder: _by_number(folder, people) or _by_name(folder, people) for folder in folders}
    taken = {id(person) for fits in sure.values() for person in fits}
    rest = [person for person in people if id(person) not in taken]
    found = {folder: _only(fits) if fits else _closest(folder, rest) for folder, fits in sure.items()}
    claims = Counter(id(person) for person, _ in found.values() if person is not None)
    return {
        folder: (person.entry, match) if person is not None and claims[id(person)] == 1 else (None, _doubted(match))
        for folder, (person, match) in found.items()
    }


def who_is_missing(roster: Sequence[RosterEntry], found: Found) -> tuple[str, ...]:
    """Return who on the roster has no folder; the number stands behind a name that is there twice."""
    present = {id(entry) for entry, _ in found.values()}
    names = Counter(entry.name for entry in roster)
    return tuple(
        f"{entry.name} ({entry.number})" if names[entry.name] > 1 and entry.number else entry.name
        for entry in roster
        if id(entry) not in present
    )


class _Person:
    """A line of the roster with what folders are compared with."""

    def __init__(self, entry: RosterEntry) -> None:
        self.entry = entry
        self.forms = _forms(entry.name)
        self.name = fold(entry.name).split()
        self.number = fold(entry.number).split()


_Decided = tuple[_Person | None, Match]


def _forms(name: str) -> set[str]:
    return {fold(name), fold(first_name_first(name))} - {""}


def _by_number(folder: str, people: list[_Person]) -> list[_Person]:
    words = fold(folder).split()
    return [
        person
        for person in people
        if (rest := _without(words, person.number)) is not None and _agrees(rest, person.name)
    ]


def _without(words: list[str], number: list[str]) -> list[str] | None:
    """Return the words before and after the number; ``None`` if it is not among them."""
    for start in range(len(words) - len(number) + 1):
        if number and words[start : start + len(number)] == number:
            return words[:start] + words[start + len(number) :]
    return None


def _agrees(words: list[str], name: list[str]) -> bool:
    """Tell whether words leave a name undisputed: there are none, or they are of it, hold all of it, or are like it."""
    if not words or not name:
        return not words
    return (
        set(words) <= set(name)
        or set(name) <= set(words)
        or fuzz.token_sort_ratio(" ".join(words), " ".join(name)) >= CLOSE
    )


def _by_name(folder: str, people: list[_Person]) -> list[_Person]:
    forms = _forms(folder)
    return [person for person in people if person.forms & forms]


def _doubted(match: Match) -> Match:
    return "none" if match == "none" else "ambiguous"


def _only(fits: list[_Person]) -> _Decided:
    return (fits[0], "exact") if len(fits) == 1 else (None, "ambiguous")


def _closest(folder: str, people: list[_Person]) -> _Decided:
    names = {index: person.entry.name for index, person in enumerate(people) if person.name}
    best = process.extract(folder, names, scorer=fuzz.token_sort_ratio, processor=fold, limit=2, score_cutoff=CLOSE)
    match best:
        case []:
            return None, "none"
        case [(_, _, only)]:
            return people[only], "close"
        case [(_, first, likest), (_, second, _), *_] if first - second >= MARGIN:
            return people[likest], "close"
    return None, "ambiguous"
