"""Matching of students' folders with the roster. Two students are never merged: each folder has its own id."""

import secrets
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

from aita.errors import RequestError
from aita.models.student import CERTAIN, Match, RosterEntry, Student, Students
from aita.services.assignments import cover_codes
from aita.services.assignments.lms_names import LmsName, parse
from aita.services.assignments.name_forms import (
    fold,
    has_other_accents,
    joined_forms,
    name_forms,
    of_person,
    plain_form,
    written_forms,
)
from aita.services.assignments.roster_people import (
    CLOSE,
    Person,
    by_bare_number,
    by_joined_name,
    by_name,
    by_number,
    logins_of,
)

MARGIN = 5.0
"""Least difference in likeness between the best and the second-best name for a match."""

Found = dict[str, tuple[RosterEntry | None, Match]]
"""Roster entry of each folder, and the kind of the match. A close one is nobody's until a person decides."""


def identify(
    folders: Iterable[str],
    roster: tuple[RosterEntry, ...] | None,
    known: Students,
    renamed: Mapping[str, Student] | None = None,
) -> Students:
    """Return a student for each folder under ``scans/``, with its known id or a new random one, and its roster match.

    Parameters
    ----------
    folders
        Unique names of the folders.
    roster
        Entries of the roster; ``None`` without a roster.
    known
        Present map of students, whose ids are kept.
    renamed
        Known students of new folders.
    """
    ids = {student.folder: student.student_id for student in known.students}
    ids |= {folder: student.student_id for folder, student in (renamed or {}).items()}
    found = find_on_roster(folders, roster)
    students = tuple(
        Student(
            student_id=ids.get(folder) or f"s-{secrets.token_hex(8)}",
            folder=folder,
            roster_name=None if entry is None else entry.name,
            match=match,
        )
        for folder, (entry, match) in found.items()
    )
    return Students(students=students, missing=names_without_folder(roster or (), found))


def find_on_roster(
    folders: Iterable[str],
    roster: Sequence[RosterEntry] | None,
    decided: Mapping[str, RosterEntry | None] | None = None,
) -> Found:
    """Return each folder's entry on the roster, and the kind of the match.

    The folder of a printed cover's student is matched by the cover's code. Another is matched by the student's number,
    if nothing else in its name contradicts the student's name, and by a long number also without its leading zeros.
    Folders without such a number are matched by equal names, also without spaces and without words of the paper, such
    as a date or ``late``, and then by the most similar one of the remaining entries or the only one whose whole name is
    in the folder's, or has all of its words. An entry that several folders match, or a doubtful match, is given to none
    of them.

    Parameters
    ----------
    decided
        Entries of this roster that people gave to folders, and ``None`` for the folders of nobody on it. An entry that
        was given to one folder is no other folder's.
    """
    folders = list(folders)
    if roster is None:
        return dict.fromkeys(folders, (None, "no_roster"))
    people = [Person(entry) for entry in roster]
    by_people = _decided(decided or {}, people)
    exact = _told_apart({folder: _candidates(folder, people) for folder in folders if folder not in by_people})
    taken = {id(person) for candidates in exact.values() for person in candidates}
    taken |= {id(person) for person, _ in by_people.values()}
    left = [person for person in people if id(person) not in taken]
    found = by_people | {
        folder: _only(folder, candidates) if candidates else _closest(person_of(folder), left)
        for folder, candidates in exact.items()
    }
    found |= {folder: (person, "close") for folder, person in _of_longer_titles(found)}
    given = Counter(id(person) for person, _ in by_people.values())
    claims = Counter(id(person) for person, _ in found.values())
    return {folder: _single(*found[folder], given if folder in by_people else claims) for folder in folders}


def entries_without_folder(roster: Sequence[RosterEntry], found: Found) -> tuple[RosterEntry, ...]:
    """Return the entries of the roster of which no folder surely is."""
    present = {id(entry) for entry, match in found.values() if match in CERTAIN}
    return tuple(entry for entry in roster if id(entry) not in present)


def names_without_folder(roster: Sequence[RosterEntry], found: Found) -> tuple[str, ...]:
    """Return the names of the entries of which no folder surely is.

    The number is appended to a name that several entries have.
    """
    names = Counter(entry.name for entry in roster)
    return tuple(
        f"{entry.name} ({entry.number})" if names[entry.name] > 1 and entry.number else entry.name
        for entry in entries_without_folder(roster, found)
    )


def roster_line(roster: Sequence[RosterEntry], wanted: str) -> RosterEntry:
    """Return the entry of the roster with this number or name, compared as folders are.

    Raises
    ------
    RequestError
        If no entry has it, or several have.
    """
    forms, number = name_forms(wanted), fold(wanted)
    found = [entry for entry in roster if number and fold(entry.number) == number]
    found = found or [entry for entry in roster if name_forms(entry.name) & forms]
    if not found:
        raise RequestError("no line of the roster has this name or number: give either as it stands in roster.csv")
    if len(found) > 1:
        raise RequestError(f"{len(found)} lines of the roster have this name: give the student's number")
    return found[0]


_PersonMatch = tuple[Person | None, Match]


def _decided(decided: Mapping[str, RosterEntry | None], people: list["Person"]) -> dict[str, "_PersonMatch"]:
    of_entry = {id(person.entry): person for person in people}
    return {
        folder: (None, "nobody") if entry is None else (of_entry[id(entry)], "decided")
        for folder, entry in decided.items()
    }


def person_of(folder: str) -> str:
    """Return the part of a folder's name that names a person, as far as it is one."""
    submission = parse(folder)
    return of_person(folder) if submission is None else submission.person


def _candidates(folder: str, people: list[Person]) -> list[Person]:
    """Return the people whose folder it is by its name: by an id, else by the name, and also by a login name."""
    if cover_codes.is_cover(folder):
        return [person for person in people if cover_codes.is_of(folder, person.entry)]
    submission = parse(folder)
    name = person_of(folder)
    told = folder if submission is None else name  # the LMS's own ids may be other people's numbers
    found = (
        by_number(told, people)
        or by_bare_number(told, people)
        or by_name(told, people)
        or by_joined_name(told, people)
        or by_name(name, people)
        or by_joined_name(name, people)
    )
    if submission is not None and submission.system == "Canvas":
        by_id = [person for person in people if person.entry.canvas_id == submission.user_id]
        known = [person for person in by_id if person.joined & joined_forms(submission.person)]
        others = [person for person in found if person.entry.canvas_id in ("", submission.user_id)]
        # An id of one person and the name of another are both, so that a person decides.
        found = known or ([*others, *(each for each in by_id if each not in others)] if others else [])
    # A login name may be another one's name.
    return found + [person for person in _by_login(folder, submission, people) if person not in found]


def _told_apart(candidates: Mapping[str, list[Person]]) -> dict[str, list[Person]]:
    """Return the candidates of each folder, of several the one whose name it is as written: Müller, and not Mueller.

    That is so only if each of the others is in the same way one other folder's.
    """
    written = {
        folder: [person for person in people if person.written & written_forms(person_of(folder))]
        for folder, people in candidates.items()
    }
    own = Counter(id(found[0]) for found in written.values() if len(found) == 1)
    return {
        folder: written[folder]
        if len(written[folder]) == 1
        and all(own[id(person)] == 1 and person.forms & name_forms(person_of(folder)) for person in people)
        else people
        for folder, people in candidates.items()
    }


def _by_login(folder: str, submission: LmsName | None, people: list[Person]) -> list[Person]:
    """Return the people whose login name, number or address it is.

    Of those that Blackboard's title and login name end in, it is the longest.
    """
    told = folder.casefold() if submission is None else submission.login.casefold()
    logins = [(login, person) for person in people for login in logins_of(person)]
    behind_title = submission is not None
    found = [
        (len(login), person)
        for login, person in logins
        if told == login or (behind_title and told.endswith(f"_{login}"))
    ]
    longest = max((length for length, _ in found), default=0)
    return [person for length, person in found if length == longest]


def _of_longer_titles(found: Mapping[str, _PersonMatch]) -> Iterator[tuple[str, Person]]:
    """Yield Blackboard's folders whose title goes on where another one's ends, with the person they were found for.

    In ``Exam_ann_lee_attempt`` beside ``Exam_bo_attempt``, ``lee`` is the end of a login name that is not on the
    roster.
    """
    titles = dict[str, str]()
    for folder, (person, match) in found.items():
        submission = parse(folder)
        if person is not None and match == "exact" and submission is not None and submission.login:
            told = f"_{submission.login.casefold()}"
            if logins := [login for login in logins_of(person) if told.endswith(f"_{login}")]:
                titles[folder] = told[: -max(map(len, logins))]
    for folder, title in titles.items():
        person = found[folder][0]
        if person is not None and any(
            other != title and title.startswith(other) for other in titles.values() if other != "_"
        ):
            yield folder, person


def _single(person: Person | None, match: Match, claims: Mapping[int, int]) -> tuple[RosterEntry | None, Match]:
    if person is None:
        return None, match
    return (person.entry, match) if claims[id(person)] == 1 else (None, "ambiguous")


def _only(folder: str, candidates: list[Person]) -> _PersonMatch:
    alike = [person for person in candidates if not has_other_accents(folder, person.entry.name)]
    if len(alike) == 1:
        return alike[0], "exact"
    return (candidates[0], "close") if len(candidates) == 1 else (None, "ambiguous")


def _closest(folder: str, people: list[Person]) -> _PersonMatch:
    from rapidfuzz import fuzz, process  # noqa: PLC0415 - functions that compare no names start without

    words, joined = set(fold(folder).split()), joined_forms(folder)
    within = [
        person
        for person in people
        if (len(person.name) > 1 and set(person.name) < words)
        or (len(words) > 1 and words < set(person.name))
        or joined & person.joined
    ]
    within = [] if any(map(str.isdigit, words)) else within  # a number may be another's
    if within:
        return (within[0], "close") if len(within) == 1 else (None, "ambiguous")
    names = {index: person.entry.name for index, person in enumerate(people) if person.name}
    best = process.extract(
        folder, names, scorer=fuzz.token_sort_ratio, processor=plain_form, limit=2, score_cutoff=CLOSE
    )
    match best:
        case []:
            return None, "none"
        case [(_, _, only)]:
            return people[only], "close"
        case [(_, first, likest), (_, second, _), *_] if first - second >= MARGIN:
            return people[likest], "close"
    return None, "ambiguous"
