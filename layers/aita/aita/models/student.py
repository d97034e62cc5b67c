"""Who the students are: the one place where a name meets a random id."""

from collections import Counter
from typing import Literal

from aita.models.base import LenientModel, StrictModel


class RosterEntry(LenientModel):
    """One line of ``roster.csv``, as far as its columns tell.

    ``number`` is the institution's, which Canvas calls SIS User ID; ``login`` what the student signs in with;
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
    """A student whose scans were found. ``folder`` is the name under ``scans/``.

    ``match`` tells how the folder was found on the roster: ``exact`` by the student's number, or by the
    name after Unicode and case folding, ``close`` by likeness (a person should look), ``ambiguous``
    when several fit, ``none`` when nobody does. ``files`` maps the id of each scanned file to its name.
    """

    student_id: str
    folder: str
    roster_name: str | None = None
    match: Match = "no_roster"
    files: dict[str, str] = {}


class Students(StrictModel):
    """``students.json``: random id to name, and who on the roster has no scans."""

    students: tuple[Student, ...] = ()
    missing: tuple[str, ...] = ()

    def names(self) -> dict[str, str]:
        """Return each student's name by id: the roster's or the folder's, with the folder where two have one name."""
        called = {student.student_id: student.roster_name or student.folder for student in self.students}
        times = Counter(called.values())
        return {
            student.student_id: f"{name} ({student.folder})" if times[name] > 1 else name
            for student, name in zip(self.students, called.values(), strict=True)
        }
