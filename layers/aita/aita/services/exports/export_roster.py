"""Students of a gradebook, and students whom it leaves out, with the reasons."""

import shlex
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from decimal import Decimal

from aita.models.exam import ExamSpec
from aita.models.export import ExcludedStudent
from aita.models.grade import Cell, StudentGrades
from aita.models.points import exact
from aita.models.shown import ShownAnswer
from aita.models.student import Match, RosterEntry, Student, Students
from aita.services.assignments.class_list import ClassList
from aita.services.assignments.person_names import split_name
from aita.services.grading.gradebook import Gradebook
from aita.services.grading.student_view import shown_answers

_CLOSE = "close to {name} on the roster: confirm with aita students match {student_id} --to {to}{option}, or --nobody"
_WHOSE = ": say whose folder it is with aita students match {student_id} --to NAME_OR_NUMBER{option}, or --nobody"
_CHANGED = (
    "the roster has changed since a person decided whose folder it is: decide again with "
    "aita students match {student_id} --to NAME_OR_NUMBER{option}, or --nobody"
)


@dataclass(frozen=True, slots=True)
class GradedStudent:
    """A student with grades, and their entry on the roster; ``None`` without a certain match.

    ``shown`` has each answer as the student sees it, in the order of the exam's questions. ``closest`` is the entry
    that may be the student's, and ``option`` names the assignment in commands.
    """

    student: Student
    entry: RosterEntry | None
    match: Match
    grades: StudentGrades
    shown: tuple[ShownAnswer, ...]
    closest: RosterEntry | None
    option: str

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
    """Students of an exam, in the order of their folders."""

    exam: ExamSpec
    students: tuple[GradedStudent, ...]
    left_out: tuple[ExcludedStudent, ...]
    notes: tuple[str, ...]

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
        left_out: list[ExcludedStudent] = []
        for student in self.students:
            reason = "; ".join(filter(None, (problem(student) for problem in problems)))
            if reason:
                name = student.name if times[student.name] == 1 else f"{student.name} (scans/{student.student.folder})"
                left_out.append(ExcludedStudent(name=name, reason=reason, open_questions=student.grades.open_questions))
            else:
                kept.append(student)
        return replace(self, students=tuple(kept), left_out=(*left_out, *self.left_out))

    def with_notes(self, *notes: str) -> "ExportRoster":
        """Return the roll with more notes for a person to check."""
        return replace(self, notes=(*self.notes, *notes))

    def export(self, data: bytes) -> Export:
        """Return the export of the roll with this file."""
        return Export(data, self.written, self.left_out, self.notes)


def call_roll(gradebook: Gradebook, listed: ClassList) -> ExportRoster:
    """Return the students of a gradebook with their entries on the roster, as the class list has them."""
    students = listed.students
    graded = tuple(
        _graded(student, listed, gradebook) for student in students.students if student.student_id in gradebook.students
    )
    missing = students.missing if listed.roster is not None else ()
    left_out = (*_without_grades(gradebook, students), *_untranscribed(listed), *_without_scans(missing))
    return ExportRoster(gradebook.exam, graded, left_out, tuple(_decided_and_gone(gradebook, students)))


def _decided_and_gone(gradebook: Gradebook, students: Students) -> Iterator[str]:
    gone = sorted(gradebook.decided_students - {student.student_id for student in students.students})
    if gone:
        yield f"people decided on answers of students whose folders of scans are gone: {', '.join(gone)}"


def _graded(student: Student, listed: ClassList, gradebook: Gradebook) -> GradedStudent:
    entry = listed.entry(student)
    return GradedStudent(
        student=student,
        entry=entry,
        match=student.match if listed.roster is not None else "no_roster",
        grades=gradebook.students[student.student_id],
        shown=shown_answers(gradebook, student.student_id),
        closest=None if entry else listed.entries.get(student.student_id),
        option=gradebook.option,
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


def _without_grades(gradebook: Gradebook, students: Students) -> Iterator[ExcludedStudent]:
    for student in students.students:
        if student.student_id not in gradebook.students:
            yield ExcludedStudent(name=student.folder, reason="ungraded: grade again")
    known = {student.student_id for student in students.students}
    for student_id in gradebook.students:
        if student_id not in known:
            yield ExcludedStudent(name=student_id, reason="graded, and the folder of scans is gone")


def _untranscribed(listed: ClassList) -> Iterator[ExcludedStudent]:
    for folder in listed.untranscribed:
        yield ExcludedStudent(name=folder, reason="uploaded after the last transcription: transcribe, then grade")


def _without_scans(missing: tuple[str, ...]) -> Iterator[ExcludedStudent]:
    for name in missing:
        yield ExcludedStudent(name=name, reason="on the roster, and no scans are surely theirs")
