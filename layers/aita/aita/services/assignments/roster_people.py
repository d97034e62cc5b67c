"""People on a roster with the forms of their names and numbers, and those whose name or number a folder has."""

from aita.models.student import RosterEntry
from aita.services.assignments.name_forms import fold, is_joined, joined_forms, name_forms, written_forms

CLOSE = 88.0
"""Likeness, of 100, from which on a name counts as a misspelling of another (rapidfuzz's token_sort_ratio)."""

_LEAST_DIGITS = 5
"""Least number of digits with which a number is compared without its leading zeros."""


class Person:
    """An entry of the roster, with the folded forms that folders are compared with."""

    def __init__(self, entry: RosterEntry) -> None:
        self.entry = entry
        self.forms = name_forms(entry.name)
        self.joined = joined_forms(entry.name)
        self.written = written_forms(entry.name)
        self.name = fold(entry.name).split()
        self.number = fold(entry.number).split()
        self.bare_number = _bare("".join(self.number))


def by_number(folder: str, people: list[Person]) -> list[Person]:
    """Return the people whose number is in a folder's name, if nothing else in that contradicts theirs."""
    words = fold(folder).split()
    return [
        person
        for person in people
        if (rest := _without(words, person.number)) is not None and _agrees(rest, person.name)
    ]


def by_bare_number(folder: str, people: list[Person]) -> list[Person]:
    """Return the people whose number is in a folder's name but for leading zeros, which spreadsheets drop.

    So is a number that the roster has in groups, as in ``20-123-456``.
    """
    words = fold(folder).split()
    return [
        person
        for person in people
        for place, word in enumerate(words)
        if person.bare_number and _bare(word) == person.bare_number
        if _agrees(words[:place] + words[place + 1 :], person.name)
    ]


def _bare(number: str) -> str:
    """Return a number without leading zeros; empty if too few digits are left, as in the numbers of scans."""
    bare = number.lstrip("0")
    return bare if sum(map(str.isdecimal, bare)) >= _LEAST_DIGITS else ""


def _without(words: list[str], number: list[str]) -> list[str] | None:
    """Return the words without the number's; ``None`` if the number is not among them."""
    for start in range(len(words) - len(number) + 1):
        if number and words[start : start + len(number)] == number:
            return words[:start] + words[start + len(number) :]
    return None


def _agrees(words: list[str], name: list[str]) -> bool:
    """Return whether words do not contradict a name: they are absent, part of it, a superset of it, or similar."""
    if not words or not name:
        return not words
    from rapidfuzz import fuzz  # noqa: PLC0415 - functions that compare no names start without

    return (
        set(words) <= set(name)
        or set(name) <= set(words)
        or fuzz.token_sort_ratio(" ".join(words), " ".join(name)) >= CLOSE
    )


def by_name(folder: str, people: list[Person]) -> list[Person]:
    """Return the people whose name a folder has."""
    forms = name_forms(folder)
    return [person for person in people if person.forms & forms]


def logins_of(person: Person) -> set[str]:
    """Return the names with which a person may log in, casefolded: the login name, the number and the address."""
    entry = person.entry
    return {login.casefold() for login in (entry.login, entry.number, entry.email)} - {""}


def by_joined_name(folder: str, people: list[Person]) -> list[Person]:
    """Return the people whose name it is but for spaces, if the folder's is written as one word."""
    if not is_joined(folder):
        return []
    forms = joined_forms(folder)
    return [person for person in people if person.joined & forms]
