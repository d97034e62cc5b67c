"""People's decisions about whose folders the scans lie in."""

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from aita.errors import ConflictError, NotFoundError, RequestError
from aita.models.match import (
    HeadedStudent,
    HeadedStudentPage,
    LikelyLine,
    MatchAction,
    MatchDecision,
    MatchRequest,
    PageHead,
    StudentMatch,
    StudentMatchPage,
)
from aita.models.names import check_assignment
from aita.models.read_name import ReadName
from aita.models.student import RosterEntry, Student
from aita.ports import Clock, DecisionStore, ObjectStore
from aita.services.assignments.assignment_files import AssignmentFiles
from aita.services.assignments.class_assignment import Candidate, assign_class
from aita.services.assignments.class_list import ClassList, standing
from aita.services.assignments.deciding_person import name_of
from aita.services.assignments.roster_matching import person_of
from aita.version import VERSION

NAMES_PAGE = 200
"""Most students in one response: each has up to seven presigned URLs of up to 2 KB, and a response at most 6 MB."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class RosterMatches:
    """Operations on the matches of an assignment's students with its roster. Each one reads the present files."""

    objects: ObjectStore
    decisions: DecisionStore
    clock: Clock

    def page(self, assignment: str, limit: int, token: str | None) -> StudentMatchPage:
        """Return up to ``limit`` students' matches, and the token of the next page.

        Raises
        ------
        RequestError
            If the token is not one of this list.
        """
        decisions = list(self.decisions.matches(assignment))
        listed = ClassList.of(self._material(assignment), decisions)
        shown, following = _page(listed.students.students, limit, token)
        return StudentMatchPage(
            students=tuple(_view(student, listed.entries.get(student.student_id), decisions) for student in shown),
            next_token=following,
        )

    def names(self, assignment: str, limit: int, token: str | None) -> HeadedStudentPage:
        """Return up to ``limit`` of the students whom their folders' names don't tell, with what does.

        Raises
        ------
        RequestError
            If the token is not one of this list.
        """
        decisions = list(self.decisions.matches(assignment))
        material = self._material(assignment)
        listed = ClassList.of(material, decisions)
        heads, read = material.heads(), material.read_names()
        told = [each for each in listed.students.students if each.match not in ("exact", "no_roster")]
        likely = likely_lines(listed, told, read)
        shown, following = _page(told, limit, token)
        return HeadedStudentPage(
            students=tuple(
                HeadedStudent(
                    **_view(student, listed.entry(student), decisions).model_dump(exclude={"closest"}),
                    heads=tuple(
                        PageHead(page=head.page, url=self.objects.presign_get(head.key, f"head-{head.page}.jpg"))
                        for head in heads.get(student.student_id, ())
                    ),
                    was_read=student.student_id in read,
                    likely=tuple(
                        LikelyLine(line=each.entry.version, cost=each.cost) for each in likely[student.student_id]
                    ),
                )
                for student in shown
            ),
            next_token=following,
        )

    def decide(self, assignment: str, student_id: str, asked: MatchRequest, caller: str = "") -> MatchDecision:
        """Record a person's decision; if the last one says the same and holds, return that instead.

        Parameters
        ----------
        caller
            ARN that signed the request; empty if it is unknown.

        Raises
        ------
        NotFoundError
            If there is no such student.
        MissingMaterialError
            If there is no roster.
        ConflictError
            If another decision was made since, or the roster has no such line, or the line is another student's.
        """
        before = list(self.decisions.matches(assignment))
        listed = ClassList.of(self._material(assignment), before)
        roster = listed.require_roster(assignment)
        student = _require(listed, student_id, assignment)
        line = asked.line or ("" if asked.action is MatchAction.UNDO else _likely_line(listed, student))
        last = _last(before, student_id)
        is_same = last is not None and (last.action, last.line) == (asked.action, line)
        if last is not None and is_same and student.is_decided and asked.action is not MatchAction.UNDO:
            return last
        if asked.action is MatchAction.UNDO and student_id not in standing(before):
            raise ConflictError(f"nobody has decided on student {student_id}, so there is nothing to take back")
        if last is not None and asked.replaces != last.decision_id:
            raise ConflictError(
                f"{last.by} decided on student {student_id} on {last.at:%Y-%m-%d} at {last.at:%H:%M} UTC: look again "
                f"(aita students list --assignment {assignment}), and add --again to decide otherwise"
            )
        if asked.action is MatchAction.MATCH:
            _check_line(listed, roster, student_id, line, assignment)
        decision = MatchDecision(
            decision_id=f"{int(last.decision_id) + 1 if last else 1:06}",
            student_id=student_id,
            action=asked.action,
            line=line,
            why=asked.why,
            by=asked.by or name_of(caller),
            caller=caller,
            at=self.clock(),
            aita=VERSION,
        )
        self.decisions.add_match(assignment, decision)
        logger.info("decided on student %s: %s", student_id, asked.action)
        return decision

    def _material(self, assignment: str) -> AssignmentFiles:
        return AssignmentFiles(self.objects, check_assignment(assignment))


def likely_lines(
    listed: ClassList, students: Sequence[Student], read: Mapping[str, ReadName]
) -> dict[str, tuple[Candidate, ...]]:
    """Return the lines that may be these students', by student id, of those that are surely nobody else's.

    What was read on the pages tells them or, where nothing was, the folder's name.
    """
    told = {each.student_id: read.get(each.student_id) or ReadName(name=person_of(each.folder)) for each in students}
    asked = {each.student_id for each in students}
    others = (each for each in listed.students.students if each.student_id not in asked)
    claimed = {id(listed.entry(each)) for each in others}
    free = [entry for entry in listed.roster or () if id(entry) not in claimed]
    return {student_id: each.candidates for student_id, each in assign_class(told, free).items()}


def _page(students: Sequence[Student], limit: int, token: str | None) -> tuple[Sequence[Student], str | None]:
    ids = [student.student_id for student in students]
    if token is not None and token not in ids:
        raise RequestError("next_token is not one that this list gave")
    start = 0 if token is None else ids.index(token) + 1
    shown = students[start : start + limit]
    return shown, shown[-1].student_id if start + limit < len(students) else None


def _view(student: Student, entry: RosterEntry | None, decisions: Iterable[MatchDecision]) -> StudentMatch:
    version = entry.version if entry else ""
    return StudentMatch(
        student_id=student.student_id,
        match=student.match,
        line=version if student.is_matched else "",
        closest="" if student.is_matched else version,
        decisions=tuple(each for each in decisions if each.student_id == student.student_id),
    )


def _require(listed: ClassList, student_id: str, assignment: str) -> Student:
    for student in listed.students.students:
        if student.student_id == student_id:
            return student
    raise NotFoundError(
        f"assignment {assignment} has no student {student_id[:40]!r} with scans: "
        f"'aita students list --assignment {assignment}' lists the ids"
    )


def _last(decisions: Sequence[MatchDecision], student_id: str) -> MatchDecision | None:
    return next((each for each in reversed(decisions) if each.student_id == student_id), None)


def _likely_line(listed: ClassList, student: Student) -> str:
    """Return the version of the line that a folder's name fits; empty if it fits none."""
    entry = listed.likely_entry(student)
    return entry.version if entry else ""


def _check_line(listed: ClassList, roster: Iterable[RosterEntry], student_id: str, line: str, assignment: str) -> None:
    """Check that a line can be the student's: it is on the roster once, and surely no other student's."""
    if (times := [entry.version for entry in roster].count(line)) != 1:
        problem = "has no such line any more" if not times else "has this line twice: give each student one number"
        raise ConflictError(f"roster.csv of {assignment} {problem}, then match again")
    for other in listed.students.students:
        entry = listed.entry(other)
        if entry is not None and entry.version == line and other.student_id != student_id:
            raise ConflictError(
                f"this line of the roster is student {other.student_id}'s: if that is wrong, say so first "
                f"(aita students match {other.student_id} --nobody --assignment {assignment})"
            )
