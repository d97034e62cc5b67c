"""Decisions about whose folder one is, as commands take them."""

from collections.abc import Sequence
from dataclasses import dataclass

from aita.cli.deciding import current_user, decision_options
from aita.cli.files.assignment_download import fetch_uploaded
from aita.cli.session import Session
from aita.cli.views.students_view import matched_view
from aita.errors import NotFoundError, RequestError
from aita.models.match import MatchAction, MatchDecision, MatchRequest
from aita.models.names import check_assignment
from aita.models.student import RosterEntry, Student
from aita.services.assignments.class_list import ClassList
from aita.services.assignments.roster_matching import roster_line


@dataclass(frozen=True, slots=True)
class Matching:
    """An assignment's students as they are matched now, and the decisions about them."""

    session: Session
    assignment: str
    listed: ClassList
    decisions: Sequence[MatchDecision]

    @classmethod
    def of(cls, session: Session, assignment: str) -> "Matching":
        """Fetch the students of an assignment.

        Raises
        ------
        NotFoundError
            If nothing was uploaded to the assignment.
        """
        material = fetch_uploaded(session.api, session.transfer, check_assignment(assignment), *ClassList.FILES)
        decisions = session.api.match_decisions(assignment)
        return cls(session, assignment, ClassList.of(material, decisions), decisions)

    def decide(
        self, student: str, action: MatchAction, to: str | None, *, why: str, by: str | None, again: bool
    ) -> None:
        """Record a decision about the student of a folder or id, and tell what it was.

        Parameters
        ----------
        to
            Name or number on the roster, of the action ``MATCH``.
        again
            Whether the person knows of the decision before.

        Raises
        ------
        NotFoundError
            If there is no such student.
        RequestError
            If no line of the roster has the name or number, or several have.
        """
        found = self._find(student)
        roster = self.listed.require_roster(self.assignment)
        entry = None if to is None else roster_line(roster, to)
        with decision_options():
            request = MatchRequest(
                action=action,
                line="" if entry is None else entry.version,
                why=why,
                by=by or current_user(),
                replaces=self._replaced(found, again=again),
            )
        if entry is not None:
            self._tell_of_other(found, entry)
        decision = self.session.api.match(self.assignment, found.student_id, request)
        document = decision.model_dump(mode="json") | {"folder": found.folder, "roster_name": entry and entry.name}
        view = matched_view(decision, found, entry, self.session.command_on(self.assignment))
        self.session.output.result(document, view)

    def _tell_of_other(self, found: Student, entry: RosterEntry) -> None:
        for other in self.listed.students.students:
            if self.listed.entry(other) == entry and other.student_id != found.student_id:
                self.session.output.note(
                    f"This line of the roster is that of folder {other.folder} ({other.student_id})"
                )

    def _find(self, wanted: str) -> Student:
        found = [each for each in self.listed.students.students if wanted in (each.student_id, each.folder)]
        if wanted in self.listed.untranscribed:
            raise NotFoundError(
                f"this folder was uploaded after the last transcription: transcribe first "
                f"(aita transcribe --assignment {self.assignment})"
            )
        if not found:
            raise NotFoundError(
                f"assignment {self.assignment} has no student of that folder or id: "
                f"'aita students list --assignment {self.assignment}' lists both"
            )
        return found[0]

    def _replaced(self, student: Student, *, again: bool) -> str:
        """Return the id of the decision that the new one may replace: the last one, if that does not hold any more."""
        last = next((each for each in reversed(self.decisions) if each.student_id == student.student_id), None)
        return last.decision_id if last and (again or not student.is_decided) else ""


def check_who(to: str | None, *, nobody: bool, option: str) -> MatchAction:
    """Return the action that says who a student is.

    Raises
    ------
    RequestError
        If neither or both are given.
    """
    if (to is None) != nobody:
        raise RequestError(f"say who the student is, with either {option} or --nobody")
    return MatchAction.NOBODY if nobody else MatchAction.MATCH
