"""Finding the scanned students on the roster. Two students never become one: each folder keeps its own id."""

import secrets
import unicodedata
from collections import Counter
from collections.abc import Iterable

from rapidfuzz import fuzz, process

from aita.models.student import Match, RosterEntry, Student, Students

CLOSE = 88.0
"""The likeness, of 100, from which a name is taken for a slip of another (rapidfuzz's token_sort_ratio)."""

MARGIN = 5.0
"""How much better the best must be than the second best to be taken."""

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
    found = _match(list(folders), roster)
    students = tuple(
        Student(
            student_id=ids.get(folder) or f"s-{secrets.token_hex(8)}",
            folder=folder,
            roster_name=name,
            match=match,
        )
        for folder, (name, match) in found.items()
    )
    present = {student.roster_name for student in students}
    missing = tuple(entry.name for entry in roster or () if entry.name not in present)
    return Students(students=students, missing=missing)


def _match(folders: list[str], roster: tuple[RosterEntry, ...] | None) -> dict[str, tuple[str | None, Match]]:
    if roster is None:
        return dict.fromkeys(folders, (None, "no_roster"))
    names = Counter(entry.name for entry in roster)
    folded: dict[str, list[str]] = {}
    for name in names.elements():
        folded.setdefault(fold(name), []).append(name)
    exact = {folder: folded.get(fold(folder), []) for folder in folders}
    taken = {name for fits in exact.values() for name in fits}
    rest = [name for name in names if name not in taken]
    found = {folder: _decide(fits) if fits else _closest(folder, rest) for folder, fits in exact.items()}
    claims = Counter(name for name, _ in found.values() if name is not None)
    return {
        folder: (None, "ambiguous") if name is not None and claims[name] > 1 else (name, match)
        for folder, (name, match) in found.items()
    }


def _decide(fits: list[str]) -> tuple[str | None, Match]:
    return (fits[0], "exact") if len(fits) == 1 else (None, "ambiguous")


def _closest(folder: str, names: list[str]) -> tuple[str | None, Match]:
    best = process.extract(folder, names, scorer=fuzz.token_sort_ratio, processor=fold, limit=2, score_cutoff=CLOSE)
    match best:
        case []:
            return None, "none"
        case [(name, _, _)]:
            return name, "close"
        case [(name, first, _), (_, second, _), *_] if first - second >= MARGIN:
            return name, "close"
    return None, "ambiguous"
