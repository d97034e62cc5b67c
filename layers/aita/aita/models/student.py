"""Students: the only models that connect a name with a random id."""

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


Match = Literal["exact", "close", "ambiguous", "none", "no_roster"]


class Student(StrictModel):
    """A student with scans. ``folder`` is the name of their folder under ``scans/``.

    ``match`` is the way in which the folder was found on the roster: ``exact`` by the student's number, or by the name
    after Unicode and case folding; ``close`` by likeness (a person should check it); ``ambiguous`` if several lines
    fit; ``none`` if no line fits. ``files`` maps the id of each scanned file to its name.
    """

    student_id: str
    folder: str
    roster_name: str | None = None
    match: Match = "no_roster"
    files: dict[str, str] = {}


class Students(StrictModel):
    """``students.json``: the students with scans, and the names on the roster without scans."""

    students: tuple[Student, ...] = ()
    missing: tuple[str, ...] = ()

    def names(self) -> dict[str, str]:
        """Return each student's name by id: the name on the roster, else the folder's.

        The folder is appended to a name that several students have.
        """
        names = {student.student_id: student.roster_name or student.folder for student in self.students}
        times = Counter(names.values())
        return {
            student.student_id: f"{name} ({student.folder})" if times[name] > 1 else name
            for student, name in zip(self.students, names.values(), strict=True)
        }
