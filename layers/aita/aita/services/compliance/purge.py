"""Purge: search for all stored data of an assignment or of one student, and deletion of this data."""

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
from aita.services.assignments.class_list import ClassList
from aita.services.compliance.run_files import RunFiles, cached_by, versions_of_replies
from aita.services.compliance.student_traces import StudentTraces

LONGEST_INVOCATION = timedelta(minutes=15)
"""Longest time for which a function may still write after its run was stopped: Lambda's limit."""

_CLASS_FILES = (
    object_keys.BOOKLETS,
    object_keys.PAGES,
    object_keys.SCANS,
    object_keys.HEADS,
    object_keys.READ_NAMES,
    object_keys.TRANSCRIPTIONS,
    object_keys.ANSWERS,
    object_keys.LEDGER,
    object_keys.STRIPS,
    object_keys.READINGS,
    object_keys.GRADES,
    object_keys.REPORTS,
    object_keys.ROSTER,
)

_STOPPED = frozenset({RunStatus.CANCELLED, RunStatus.HALTED, RunStatus.BUDGET_REACHED, RunStatus.FAILED})
"""Statuses of runs whose functions may still write. They include FAILED, as a run with a lost execution has it."""


@dataclass(frozen=True, slots=True)
class Step:
    """Objects and rows that are deleted together; ``rewritten`` has files of the class without a student, by key."""

    versions: tuple[StoredVersion, ...] = ()
    rows: tuple[StoredRow, ...] = ()
    rewritten: dict[str, bytes] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Traces:
    """Data to delete, in the order of deletion.

    Data that locates other data comes after it, so that a purge that was interrupted can be repeated, and finds the
    rest.
    """

    steps: tuple[Step, ...] = ()

    @property
    def versions(self) -> int:
        """Number of versions of objects."""
        return sum(len(step.versions) for step in self.steps)

    @property
    def rows(self) -> int:
        """Number of rows."""
        return sum(len(step.rows) for step in self.steps)

    @property
    def rewritten(self) -> int:
        """Number of files of the class that are rewritten."""
        return sum(len(step.rewritten) for step in self.steps)

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to delete."""
        return not (self.versions or self.rows or self.rewritten)


@dataclass(frozen=True, slots=True)
class Purger:
    """Finds and deletes stored data, with the caller's own rights."""

    objects: ObjectStore
    versions: VersionStore
    rows: RowStore
    runs: RunStore
    decisions: DecisionStore
    clock: Clock

    def check_idle(self, assignment: str) -> None:
        """Check that no run of the assignment may still write.

        Raises
        ------
        ConflictError
            If a run is running, or was stopped or failed less than ``LONGEST_INVOCATION`` ago, so that its functions
            may still write.
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

    def student(self, assignment: str, name: str) -> Student:
        """Return the student with this id, folder or roster name, in the map of students or its earlier versions.

        A student's purge changes the map last. If it was interrupted there, only an earlier version has the student.

        Raises
        ------
        NotFoundError
            If no student matches.
        RequestError
            If several students match.
        """
        listed = ClassList.of(AssignmentFiles(self.objects, assignment), self.decisions.matches(assignment))
        found = _matching(name, listed.students.students) or self._earlier_students(assignment, name)
        if not found:
            raise NotFoundError(f"assignment {assignment} has no student of that id, folder or roster name")
        if len(found) > 1:
            ids = ", ".join(each.student_id for each in found)
            raise RequestError(f"several students of assignment {assignment} are called that: name one by id ({ids})")
        return found[0]

    def of_assignment(self, assignment: str) -> Traces:
        """Return all stored data of an assignment."""
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
        """Return all stored data of a student."""
        rows = list(self.rows.of_assignment(assignment))
        run_ids = [row.name for row in rows if row.kind == "RUN"]
        found = StudentTraces(self.objects, self.versions, assignment, student)
        replies, files, tasks = found.of_runs(run_ids)
        of_tasks = [row for run_id in run_ids for row in self.rows.of_run(run_id) if row.name in tasks[run_id]]
        decided = {*self._decisions(assignment, student.student_id)}
        of_answers = [row for row in rows if (row.kind, row.name) in decided]
        of_match = [row for row in rows if row.kind == "MATCH" and row.name.startswith(f"{student.student_id}#")]
        rewritten, outdated = found.shared_files(_CLASS_FILES)
        names, outdated_names = found.shared_files((object_keys.STUDENTS,))
        return Traces(
            (
                Step(versions=tuple(replies)),
                Step(rows=(*of_tasks, *of_answers)),
                Step(versions=tuple(files)),
                Step(versions=tuple(found.made_files())),
                Step(versions=tuple(found.scans())),
                Step(rewritten=rewritten),
                Step(versions=tuple(outdated)),
                Step(rewritten=names),
                Step(rows=tuple(of_match)),  # they tell which line of the roster is the student's
                Step(versions=tuple(outdated_names)),
            )
        )

    def erase(self, traces: Traces) -> None:
        """Delete data, step by step."""
        for step in traces.steps:
            self.versions.erase(step.versions)
            self.rows.delete(step.rows)
            for key, data in step.rewritten.items():
                self.objects.put(key, data, "text/csv" if key.endswith(".csv") else "application/json")

    def _decisions(self, assignment: str, student_id: str) -> Iterator[tuple[str, str]]:
        """Yield kind and name of each row with a decision about a student's cells and parts of pages."""
        for decision in self.decisions.all(assignment):
            if decision.student_id == student_id:
                yield "DECISION", f"{decision.cell_id}#{decision.decision_id}"
        for on_part in self.decisions.on_parts(assignment):
            if on_part.student_id == student_id:
                yield "PART", f"{on_part.part_id}#{on_part.decision_id}"

    def _earlier_students(self, assignment: str, name: str) -> list[Student]:
        key = object_keys.material(assignment, object_keys.STUDENTS)
        earlier = [each for each in self.versions.versions(key) if each.key == key and not each.is_latest]
        found: dict[str, Student] = {}
        for version in earlier:
            if data := self.versions.read(version):
                known = parse_students(data).students
                found |= {each.student_id: each for each in _matching(name, known)}
        return list(found.values())

    def _runs(self, assignment: str) -> Iterator[Run]:
        for row in self.rows.of_assignment(assignment):
            if row.kind == "RUN":
                try:
                    yield self.runs.get(row.name)
                except NotFoundError:  # the row expired before its summary
                    continue


def _matching(name: str, students: Iterable[Student]) -> list[Student]:
    return [each for each in students if name in (each.student_id, each.folder, each.name)]
