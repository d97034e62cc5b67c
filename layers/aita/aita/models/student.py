"""Students: the only models that connect a name with a random id."""

import hashlib
from collections import Counter
from typing import Literal

from aita.models.base import LenientModel, StrictModel


class RosterEntry(LenientModel):
    """One line of ``roster.csv``; a field without a column is empty.

    ``number`` is the institution's number, which Canvas calls SIS User ID; ``login`` the student's login name;
    ``canvas_id`` Canvas's own number.
    """

    name: str
    first_name: str = ""
    last_name: str = ""
    number: str = ""
    email: str = ""
    login: str = ""
    section: str = ""
    canvas_id: str = ""

    @property
    def version(self) -> str:
        """Version of the line: a digest of all its fields, which people's decisions hold in place of the name."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()[:32]


Match = Literal["exact", "decided", "read", "close", "changed", "nobody", "ambiguous", "none", "no_roster"]

CERTAIN: frozenset[Match] = frozenset({"exact", "decided", "read"})
"""Matches by which a line of the roster is a student's."""


class Student(StrictModel):
    """A student with scans. ``folder`` is the name of their folder under ``scans/``.

    Parameters
    ----------
    roster_name
        Name on the roster. If ``match`` is ``close``, it is only the name that is most like the folder's, and nobody's
        until a person decides.
    match
        How the folder was matched with the roster: ``exact`` by the student's number, or by the name after Unicode and
        case folding; ``decided`` by a person; ``read`` by the name and number that a model read on the pages' heads;
        ``close`` by likeness; ``changed`` by a person, to a line that has
        changed since; ``nobody`` if a person said that no line is theirs; ``ambiguous`` if several lines fit, or
        several folders fit one line; ``none`` if no line fits. ``students.json`` does not hold people's decisions
        (``services.assignments.class_list``).
    files, etags
        Name and ETag of each scanned file by its id; the ETags are missing in files before version 0.3.
    """

    student_id: str
    folder: str
    roster_name: str | None = None
    match: Match = "no_roster"
    files: dict[str, str] = {}
    etags: dict[str, str] = {}

    @property
    def is_matched(self) -> bool:
        """Whether a line of the roster is surely the student's."""
        return self.match in CERTAIN

    @property
    def is_decided(self) -> bool:
        """Whether a person decided on the match, and the decision holds."""
        return self.match in ("decided", "nobody")

    @property
    def name(self) -> str:
        """Name on the roster if it is surely the student's, else the folder's name."""
        return self.roster_name if self.roster_name and self.is_matched else self.folder


class Students(StrictModel):
    """``students.json``: the students with scans, and the names on the roster without scans."""

    students: tuple[Student, ...] = ()
    missing: tuple[str, ...] = ()

    def names(self) -> dict[str, str]:
        """Return each student's name by id. The folder is appended to a name that several students have."""
        times = Counter(student.name for student in self.students)
        return {
            student.student_id: f"{student.name} ({student.folder})" if times[student.name] > 1 else student.name
            for student in self.students
        }
