"""Class list: an assignment's students as the roster and people's decisions have them now.

``students.json`` holds the folders as they were matched when the scans were split. All that shows a student's name, or
finds a student on the roster, takes them from here.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Self

from aita.errors import MissingMaterialError
from aita.models.match import MatchAction, MatchDecision
from aita.models.read_name import ReadName
from aita.models.student import CERTAIN, Match, RosterEntry, Student, Students
from aita.services.assignments import object_keys
from aita.services.assignments.assignment_files import AssignmentFiles
from aita.services.assignments.class_assignment import assign_class
from aita.services.assignments.roster_matching import (
    Found,
    entries_without_folder,
    find_on_roster,
    names_without_folder,
    person_of,
)
from aita.services.assignments.uploaded_files import uploaded_scans

Roster = Sequence[RosterEntry]

_UNTOLD: tuple[Match, ...] = ("close", "ambiguous", "none")
"""Matches of folders whose names don't tell a line, and about which no person decided."""


@dataclass(frozen=True, slots=True)
class ClassList:
    """Students of an assignment, each with the match that holds now.

    Parameters
    ----------
    students
        The map of students, with their names on the roster, and the names of those who are missing.
    roster
        Entries of the roster; ``None`` without one.
    entries
        Line of the roster by student id: the student's or, of a close match, the one that may be.
    untranscribed
        Folders that were uploaded after the scans were split.
    missing
        Entries of the roster without scans, in the order of their names in ``students``.
    """

    students: Students
    roster: Roster | None
    entries: Mapping[str, RosterEntry]
    untranscribed: tuple[str, ...]
    missing: tuple[RosterEntry, ...] = ()

    FILES = (
        object_keys.STUDENTS,
        object_keys.ROSTER,
        object_keys.BOOKLETS,
        object_keys.HEADS,
        object_keys.READ_NAMES,
    )
    """Names of the assignment's files that ``of`` reads, beside the list of uploads."""

    @classmethod
    def of(cls, material: AssignmentFiles, decisions: Iterable[MatchDecision]) -> Self:
        """Return the class list of an assignment.

        Raises
        ------
        InvalidMaterialError
            If the roster or the map of students is invalid.
        """
        uploaded = dict.fromkeys(folder for folder, name, _ in uploaded_scans(material) if name)
        roster = material.roster()
        read = {} if roster is None else material.read_names()
        return cls.match(material.student_map(), roster, decisions, uploaded, read)

    @classmethod
    def match(
        cls,
        students: Students,
        roster: Roster | None,
        decisions: Iterable[MatchDecision],
        uploaded: Collection[str],
        read: Mapping[str, ReadName] | None = None,
    ) -> Self:
        """Return the class list of these students.

        Parameters
        ----------
        roster
            Entries of the roster; ``None`` without one, so that students keep the names that they had.
        decisions
            People's decisions, of each student from the oldest to the newest.
        uploaded
            Folders with scans, whether or not they were split.
        read
            What a model read on the heads of students' pages, by student id. It counts for students whom neither their
            folders' names nor people tell.
        """
        known = {student.folder for student in students.students}
        untranscribed = tuple(folder for folder in uploaded if folder not in known)
        if roster is None:
            return cls(students, roster, {}, untranscribed)
        latest = standing(decisions)
        folders = [*(student.folder for student in students.students), *untranscribed]
        found = find_on_roster(folders, roster)
        if decided := dict(_decided(students.students, roster, latest, found)):
            found = find_on_roster(folders, roster, {folder: entry for folder, (entry, _) in decided.items()})
            found |= {folder: (None, "changed") for folder, (_, holds) in decided.items() if not holds}
        found |= _by_heads(students.students, roster, found, read or {})
        matched = tuple(_matched(student, found) for student in students.students)
        return cls(
            students=Students(students=matched, missing=names_without_folder(roster, found)),
            roster=roster,
            entries={
                student.student_id: entry for student in matched if (entry := found[student.folder][0]) is not None
            },
            untranscribed=untranscribed,
            missing=entries_without_folder(roster, found),
        )

    def entry(self, student: Student) -> RosterEntry | None:
        """Return the line of the roster that surely is a student's; ``None`` without one."""
        return self.entries.get(student.student_id) if student.is_matched else None

    def require_roster(self, assignment: str) -> Roster:
        """Return the entries of the roster.

        Raises
        ------
        MissingMaterialError
            If there is no roster.
        """
        if self.roster is None:
            raise MissingMaterialError(
                f"assignment {assignment} has no roster.csv to match students with: upload one "
                f"(aita upload roster.csv --assignment {assignment})"
            )
        return self.roster

    def likely_entry(self, student: Student) -> RosterEntry | None:
        """Return the line of the roster that a folder's name fits, whatever people decided; ``None`` without one."""
        folders = (*(each.folder for each in self.students.students), *self.untranscribed)
        return find_on_roster(folders, self.roster)[student.folder][0]


def standing(decisions: Iterable[MatchDecision]) -> dict[str, MatchDecision]:
    """Return the decision that holds about each student, by student id: the last one that was not taken back."""
    made: dict[str, list[MatchDecision]] = {}
    for decision in decisions:
        of_student = made.setdefault(decision.student_id, [])
        if decision.action is not MatchAction.UNDO:
            of_student.append(decision)
        elif of_student:
            of_student.pop()
    return {student_id: each[-1] for student_id, each in made.items() if each}


def _by_heads(students: Iterable[Student], roster: Roster, found: Found, read: Mapping[str, ReadName]) -> Found:
    """Return the folders that are surely somebody's by what was read on their pages' heads.

    Folders of which nothing was read claim the lines that their names are like: then a person decides.
    """
    folders = {each.student_id: each.folder for each in students if found[each.folder][1] in _UNTOLD}
    if not any(each in read for each in folders):
        return {}
    told = {each: read.get(each) or ReadName(name=person_of(folder)) for each, folder in folders.items()}
    claimed = {id(entry) for entry, match in found.values() if match in CERTAIN}
    free, taken = ([entry for entry in roster if (id(entry) in claimed) is one] for one in (False, True))
    proposals = assign_class(told, free, taken)
    sure = {each: proposals[each].sure for each in folders if each in read}
    return {folders[each]: (entry, "read") for each, entry in sure.items() if entry is not None}


def _decided(
    students: Iterable[Student], roster: Roster, latest: Mapping[str, MatchDecision], found: Found
) -> Iterator[tuple[str, tuple[RosterEntry | None, bool]]]:
    """Yield the entry that people decided on for each folder, and whether the decision holds.

    A decision holds while the roster has its line unchanged; that a folder is nobody's, while the folder's name fits no
    other line than then.

    Parameters
    ----------
    found
        Entries that the folders' names fit, without decisions.
    """
    versions = Counter(entry.version for entry in roster)
    entries = {entry.version: entry for entry in roster if versions[entry.version] == 1}
    for student in students:
        decision = latest.get(student.student_id)
        if decision is None:
            continue
        if decision.action is MatchAction.MATCH:
            entry = entries.get(decision.line)
            yield student.folder, (entry, entry is not None)
        else:
            likely = found[student.folder][0]
            yield student.folder, (None, likely is None or likely.version == decision.line)


def _matched(student: Student, found: Found) -> Student:
    entry, match = found[student.folder]
    return student.model_copy(update={"roster_name": entry and entry.name, "match": match})
