"""People's decisions about whose folders the scans lie in."""

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from aita.errors import ConflictError, NotFoundError, RequestError
from aita.models.match import MatchAction, MatchDecision, MatchRequest, StudentMatch, StudentMatchPage
from aita.models.names import check_assignment
from aita.models.student import RosterEntry, Student
from aita.ports import Clock, DecisionStore, ObjectStore
from aita.services.assignments.assignment_files import AssignmentFiles
from aita.services.assignments.class_list import ClassList
from aita.services.assignments.deciding_person import name_of
from aita.version import VERSION

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
        material = self._material(assignment)
        decisions = list(self.decisions.matches(assignment))
        listed = ClassList.of(material, decisions)
        students = listed.students.students
        ids = [student.student_id for student in students]
        if token is not None and token not in ids:
            raise RequestError("next_token is not one that this list gave")
        start = 0 if token is None else ids.index(token) + 1
        shown = students[start : start + limit]
        return StudentMatchPage(
            students=tuple(_view(student, listed.entries.get(student.student_id), decisions) for student in shown),
            next_token=shown[-1].student_id if start + limit < len(students) else None,
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
        line = asked.line or _likely_line(listed, student)
        last = _last(before, student_id)
        if last is not None and student.is_decided and (last.action, last.line) == (asked.action, line):
            return last
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
