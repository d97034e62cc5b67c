"""Students of a gradebook, and students whom it leaves out, with the reasons."""

import re
import shlex
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from decimal import Decimal

from aita.errors import RequestError
from aita.models.exam import ExamSpec
from aita.models.export import ExcludedStudent
from aita.models.grade import Cell, StudentGrades
from aita.models.points import exact
from aita.models.shown import ShownAnswer
from aita.models.student import Match, RosterEntry, Student, Students
from aita.services.assignments.class_list import ClassList
from aita.services.assignments.person_names import first_name_first, split_name
from aita.services.grading.gradebook import Gradebook
from aita.services.grading.student_view import shown_answers

_CLOSE = "close to {name} on the roster: confirm with aita students match {student_id} --to {to}{option}, or --nobody"
_WHOSE = ": say whose folder it is with aita students match {student_id} --to NAME_OR_NUMBER{option}, or --nobody"
_CHANGED = (
    "the roster has changed since a person decided whose folder it is: decide again with "
    "aita students match {student_id} --to NAME_OR_NUMBER{option}, or --nobody"
)
_NO_SECTION = "in no section, as no line of the roster is surely theirs"
_SECTIONS = re.compile(r"\s*(?:[,;]| and )\s*")  # Canvas joins those of a student by "and"


@dataclass(frozen=True, slots=True)
class GradedStudent:
    """A student with grades, and their entry on the roster; ``None`` without a certain match.

    ``shown`` has each answer as the student sees it, in the order of the exam's questions. ``closest`` is the entry
    that may be the student's, ``option`` names the assignment in commands, and ``has_namesake`` tells whether another
    line of the roster, of any section, has the entry's name.
    """

    student: Student
    entry: RosterEntry | None
    match: Match
    grades: StudentGrades
    shown: tuple[ShownAnswer, ...]
    closest: RosterEntry | None
    option: str
    has_namesake: bool

    @property
    def name(self) -> str:
        """Name on the roster, else the folder's name."""
        return self.entry.name if self.entry else self.student.folder

    @property
    def names(self) -> tuple[str, str]:
        """First and last name."""
        if self.entry and (self.entry.first_name or self.entry.last_name):
            return self.entry.first_name, self.entry.last_name
        return split_name(self.name if self.entry else self.name.replace("_", " "))


@dataclass(frozen=True, slots=True)
class UngradedStudent:
    """A student without grades, the folder of scans, empty without one, and the reason for having none.

    ``entry`` is the line on the roster; ``None`` if none is surely theirs.
    """

    name: str
    folder: str
    entry: RosterEntry | None
    reason: str


Problem = Callable[[GradedStudent], str]
"""Returns the reason for leaving a student out of a gradebook; empty without one."""


@dataclass(frozen=True, slots=True)
class Export:
    """A gradebook's file, the number of students in it, the students left out, and notes for a person to check."""

    data: bytes
    written: int
    left_out: tuple[ExcludedStudent, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ExportRoster:
    """Students of an exam, in the order of their folders.

    ``excluded`` are the graded ones who were left out, ``ungraded`` those whom only a matrix can have.
    """

    exam: ExamSpec
    students: tuple[GradedStudent, ...]
    ungraded: tuple[UngradedStudent, ...]
    excluded: tuple[ExcludedStudent, ...]
    notes: tuple[str, ...]

    @property
    def left_out(self) -> tuple[ExcludedStudent, ...]:
        """Students whom an export of graded students leaves out."""
        return (*self.excluded, *(ExcludedStudent(name=each.name, reason=each.reason) for each in self.ungraded))

    @property
    def written(self) -> int:
        """Number of students that an export of the roll has."""
        return len(self.students)

    def without(self, *problems: Problem) -> "ExportRoster":
        """Return the roll without the students who have one of these problems; they are listed with all their problems.

        Students with equal names are distinguished by their folders.
        """
        times = Counter(student.name for student in self.students)
        kept: list[GradedStudent] = []
        excluded: list[ExcludedStudent] = []
        for student in self.students:
            reason = "; ".join(filter(None, (problem(student) for problem in problems)))
            if reason:
                name = student.name if times[student.name] == 1 else f"{student.name} (scans/{student.student.folder})"
                excluded.append(ExcludedStudent(name=name, reason=reason, open_questions=student.grades.open_questions))
            else:
                kept.append(student)
        return replace(self, students=tuple(kept), excluded=(*excluded, *self.excluded))

    def with_notes(self, *notes: str) -> "ExportRoster":
        """Return the roll with more notes for a person to check."""
        return replace(self, notes=(*self.notes, *notes))

    def export(self, data: bytes) -> Export:
        """Return the export of the roll with this file."""
        return Export(data, self.written, self.left_out, self.notes)


def call_roll(gradebook: Gradebook, listed: ClassList, section: str | None = None) -> ExportRoster:
    """Return the students of a gradebook with their entries on the roster, as the class list has them.

    Parameters
    ----------
    section
        Section of the roster whose students are wanted; ``None`` for all students.

    Raises
    ------
    RequestError
        If no line of the roster has this section.
    """
    students = listed.students
    wanted = _all if section is None else _in_section(section, listed.roster or ())
    lines = Counter(_spoken_name(entry) for entry in listed.roster or ())
    graded = tuple(
        _graded(student, listed, gradebook, lines)
        for student in students.students
        if student.student_id in gradebook.students and wanted(listed.entry(student))
    )
    ungraded = tuple(each for each in _ungraded(gradebook, listed) if wanted(each.entry))
    roll = ExportRoster(gradebook.exam, graded, ungraded, (), tuple(_decided_and_gone(gradebook, students)))
    return roll if section is None else _of_section(roll)


def _all(_: RosterEntry | None) -> bool:
    return True


def _in_section(section: str, roster: Iterable[RosterEntry]) -> Callable[[RosterEntry | None], bool]:
    """Return whether an entry is in a section; nobody knows it of a student without one, who counts as in it."""
    there = {name.casefold(): name for entry in roster for name in _sections(entry)}
    if section.strip().casefold() not in there:
        named = f"it has {', '.join(sorted(there.values()))}" if there else "it has no column with sections"
        raise RequestError(f"no line of the roster has the section {section!r}: {named}")
    return lambda entry: entry is None or section.strip().casefold() in map(str.casefold, _sections(entry))


def _sections(entry: RosterEntry) -> list[str]:
    """Return the sections of an entry: its cell as it is, and what is joined in it."""
    cell = entry.section.strip()
    return list(dict.fromkeys(filter(None, [cell, *_SECTIONS.split(cell)])))


def _of_section(roll: ExportRoster) -> ExportRoster:
    """Return the roll of a section without those of whom nobody knows it: its file may go to the section's staff."""
    known = tuple(each for each in roll.ungraded if each.entry)
    others = tuple(
        ExcludedStudent(name=each.name, reason=f"{each.reason}; {_NO_SECTION}")
        for each in roll.ungraded
        if not each.entry
    )
    return replace(roll, ungraded=known, excluded=others).without(_no_section)


def _no_section(student: GradedStudent) -> str:
    return "" if student.entry else _NO_SECTION


def _decided_and_gone(gradebook: Gradebook, students: Students) -> Iterator[str]:
    gone = sorted(gradebook.decided_students - {student.student_id for student in students.students})
    if gone:
        yield f"people decided on answers of students whose folders of scans are gone: {', '.join(gone)}"


def _spoken_name(entry: RosterEntry) -> str:
    """Return a name in one form: ``Lee, Ann`` is ``Ann Lee``, too."""
    return first_name_first(entry.name).casefold()


def _graded(student: Student, listed: ClassList, gradebook: Gradebook, lines: Counter[str]) -> GradedStudent:
    entry = listed.entry(student)
    return GradedStudent(
        student=student,
        entry=entry,
        match=student.match if listed.roster is not None else "no_roster",
        grades=gradebook.students[student.student_id],
        shown=shown_answers(gradebook, student.student_id),
        closest=None if entry else listed.entries.get(student.student_id),
        option=gradebook.option,
        has_namesake=entry is not None and lines[_spoken_name(entry)] > 1,
    )


def not_final(student: GradedStudent) -> str:
    """Return the problem of a student with open cells; empty without any."""
    return "" if student.grades.final else "not final"


def not_found(student: GradedStudent) -> str:
    """Return the problem of a student without a certain match on the roster; empty with one."""
    match student.match:
        case "nobody":
            return "not on the roster, as a person decided"
        case "none":
            return "not on the roster" + _whose(student)
        case "ambiguous":
            return "matches several names on the roster, or several folders are one student's" + _whose(student)
        case "no_roster":
            return "there is no roster"
    return unconfirmed(student)


def unconfirmed(student: GradedStudent) -> str:
    """Return the problem of a student whose match awaits a person; empty if it awaits none."""
    student_id, closest, option = student.student.student_id, student.closest, student.option
    if student.match == "close" and closest is not None:
        to = shlex.quote(closest.number or closest.name)
        return _CLOSE.format(name=closest.name, student_id=student_id, to=to, option=option)
    return _CHANGED.format(student_id=student_id, option=option) if student.match == "changed" else ""


def _whose(student: GradedStudent) -> str:
    return _WHOSE.format(student_id=student.student.student_id, option=student.option)


def closed_points(cell: Cell | ShownAnswer) -> Decimal:
    """Return the points of a closed cell.

    Raises
    ------
    ValueError
        If the cell is open: it has no points, which is not the same as 0.
    """
    if cell.state.is_open or cell.points is None:
        raise ValueError("an open cell has no points: leave its student out")
    return exact(cell.points)


def _ungraded(gradebook: Gradebook, listed: ClassList) -> Iterator[UngradedStudent]:
    students = listed.students.students
    for student in students:
        if student.student_id not in gradebook.students:
            yield UngradedStudent(student.folder, student.folder, listed.entry(student), "ungraded: grade again")
    for student_id in sorted(gradebook.students.keys() - {student.student_id for student in students}):
        yield UngradedStudent(student_id, "", None, "graded, and the folder of scans is gone")
    for folder in listed.untranscribed:
        yield UngradedStudent(folder, folder, None, "uploaded after the last transcription: transcribe, then grade")
    for name, entry in zip(listed.students.missing, listed.missing, strict=True) if listed.roster is not None else ():
        yield UngradedStudent(name, "", entry, "on the roster, and no scans are surely theirs")
