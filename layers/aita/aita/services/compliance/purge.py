"""Purge: all that is kept of an assignment, or of one of its students, found, deleted, and looked for again."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta

from aita.errors import ConflictError, NotFoundError, RequestError
from aita.models.run import Run, RunStatus
from aita.models.student import Student
from aita.ports import (
    Clock,
    DecisionStore,
    ObjectStore,
    RowStore,
    RunStore,
    StoredRow,
    StoredVersion,
    VersionStore,
)
from aita.services.assignments import object_keys
from aita.services.assignments.assignment_files import AssignmentFiles, parse_students
from aita.services.compliance.run_files import RunFiles, cached_by, versions_of_replies
from aita.services.compliance.student_traces import StudentTraces

LONGEST_INVOCATION = timedelta(minutes=15)
"""How long a function may still write for a run that was stopped: Lambda's limit."""

_OF_THE_CLASS = (
    object_keys.PAGES,
    object_keys.SCANS,
    object_keys.TRANSCRIPTIONS,
    object_keys.ANSWERS,
    object_keys.GRADES,
    object_keys.REPORTS,
    object_keys.ROSTER,
)

_STOPPED = frozenset({RunStatus.CANCELLED, RunStatus.HALTED, RunStatus.BUDGET_REACHED, RunStatus.FAILED})
"""A run whose execution was lost is FAILED, too."""


@dataclass(frozen=True, slots=True)
class Step:
    """What is deleted together; ``rewritten`` are files of the whole class as they are without a student."""

    versions: tuple[StoredVersion, ...] = ()
    rows: tuple[StoredRow, ...] = ()
    rewritten: dict[str, bytes] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Traces:
    """What is to be deleted, in the order in which it can be: what tells where other things are goes after them.

    So whoever was interrupted, wherever it was, asks again and finds what is left.
    """

    steps: tuple[Step, ...] = ()

    @property
    def versions(self) -> int:
        """The number of objects' versions."""
        return sum(len(step.versions) for step in self.steps)

    @property
    def rows(self) -> int:
        """The number of rows."""
        return sum(len(step.rows) for step in self.steps)

    @property
    def rewritten(self) -> int:
        """The number of files of the whole class that are written anew."""
        return sum(len(step.rewritten) for step in self.steps)

    @property
    def is_empty(self) -> bool:
        """Whether nothing is kept."""
        return not (self.versions or self.rows or self.rewritten)


@dataclass(frozen=True, slots=True)
class Purger:
    """Finds what is kept and deletes it, with the rights of who asks for it."""

    objects: ObjectStore
    versions: VersionStore
    rows: RowStore
    runs: RunStore
    decisions: DecisionStore
    clock: Clock

    def check_idle(self, assignment: str) -> None:
        """Refuse while something may still be written.

        Raises
        ------
        ConflictError
            If one of the assignment's runs is running, or ended so lately and early that its functions may go on.
        """
        for run in self._runs(assignment):
            if run.active:
                raise ConflictError(
                    f"run {run.run_id} of assignment {assignment} is running: cancel it (aita cancel {run.run_id}), "
                    "or wait until it has ended"
                )
            quiet_from = (run.ended_at or run.updated_at) + LONGEST_INVOCATION
            if run.status in _STOPPED and self.clock() < quiet_from:
                raise ConflictError(
                    f"run {run.run_id} was stopped or failed, and functions that had begun may write until "
                    f"{quiet_from:%H:%M} UTC: purge then"
                )

    def student(self, assignment: str, named: str) -> Student:
        """Return the student of this id, folder or roster name, now or in what is kept of the map's earlier versions.

        The map is what a student's purge changes last; if it stopped there, an earlier version alone has the name.

        Raises
        ------
        NotFoundError
            If there is none.
        RequestError
            If there are several.
        """
        students, _ = AssignmentFiles(self.objects, assignment).students()
        found = _called(named, students.students) or self._once_called(assignment, named)
        if not found:
            raise NotFoundError(f"assignment {assignment} has no student of that id, folder or roster name")
        if len(found) > 1:
            ids = ", ".join(each.student_id for each in found)
            raise RequestError(f"several students of assignment {assignment} are called that: name one by id ({ids})")
        return found[0]

    def of_assignment(self, assignment: str) -> Traces:
        """Return all that is kept of an assignment."""
        rows = list(self.rows.of_assignment(assignment))
        run_ids = [row.name for row in rows if row.kind == "RUN"]
        replies: set[str] = set()
        untraced: set[str] = set()
        for run_id in run_ids:
            named, missing = RunFiles.read(self.objects, run_id).replies()
            replies |= named
            untraced |= {f"{run_id}/{task_id}" for task_id in missing}
        if untraced:
            replies |= cached_by(self.objects, untraced)
        files = [
            *self.versions.versions(object_keys.material(assignment, "")),
            *(version for run_id in run_ids for version in self.versions.versions(object_keys.run_files(run_id))),
        ]
        return Traces(
            (
                Step(versions=tuple(versions_of_replies(self.versions, replies))),
                Step(versions=tuple(files)),
                Step(rows=tuple(row for run_id in run_ids for row in self.rows.of_run(run_id))),
                Step(rows=tuple(rows)),
            )
        )

    def of_student(self, assignment: str, student: Student) -> Traces:
        """Return all that is kept of a student."""
        rows = list(self.rows.of_assignment(assignment))
        run_ids = [row.name for row in rows if row.kind == "RUN"]
        found = StudentTraces(self.objects, self.versions, assignment, student)
        decided = {
            f"{decision.cell_id}#{decision.decision_id}"
            for decision in self.decisions.all(assignment)
            if decision.student_id == student.student_id
        }
        replies, files, tasks = found.of_runs(run_ids)
        rows = [
            *(row for run_id in run_ids for row in self.rows.of_run(run_id) if row.name in tasks[run_id]),
            *(row for row in rows if row.kind == "DECISION" and row.name in decided),
        ]
        rewritten, outdated = found.shared_files(_OF_THE_CLASS)
        names, outdated_names = found.shared_files((object_keys.STUDENTS,))
        return Traces(
            (
                Step(versions=tuple(replies)),
                Step(rows=tuple(rows)),
                Step(versions=tuple(files)),
                Step(versions=tuple(found.made_files())),
                Step(versions=tuple(found.scans())),
                Step(rewritten=rewritten),
                Step(versions=tuple(outdated)),
                Step(rewritten=names),
                Step(versions=tuple(outdated_names)),
            )
        )

    def erase(self, traces: Traces) -> None:
        """Delete what was found, step by step."""
        for step in traces.steps:
            self.versions.erase(step.versions)
            self.rows.delete(step.rows)
            for key, data in step.rewritten.items():
                self.objects.put(key, data, "text/csv" if key.endswith(".csv") else "application/json")

    def _once_called(self, assignment: str, named: str) -> list[Student]:
        key = object_keys.material(assignment, object_keys.STUDENTS)
        earlier = [each for each in self.versions.versions(key) if each.key == key and not each.is_latest]
        found: dict[str, Student] = {}
        for version in earlier:
            if data := self.versions.read(version):
                known = parse_students(data).students
                found |= {each.student_id: each for each in _called(named, known)}
        return list(found.values())

    def _runs(self, assignment: str) -> Iterator[Run]:
        for row in self.rows.of_assignment(assignment):
            if row.kind == "RUN":
                try:
                    yield self.runs.get(row.name)
                except NotFoundError:  # expired before its line in the list
                    continue


def _called(named: str, students: Iterable[Student]) -> list[Student]:
    return [each for each in students if named in (each.student_id, each.folder, each.roster_name)]
