"""Purge: all that is kept of an assignment, or of one of its students, found, deleted, and looked for again."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta

from aita.errors import Conflict, NotFound, RequestError
from aita.models.run import Run, RunStatus
from aita.models.student import Student
from aita.services import keys
from aita.services.material import Material
from aita.services.protocols import (
    Clock,
    DecisionStore,
    ObjectStore,
    RowStore,
    RunStore,
    StoredRow,
    StoredVersion,
    VersionStore,
)
from aita.services.purge_student import StudentTraces
from aita.services.traces import RunFiles, cached_by, versions_of_replies

LONGEST_INVOCATION = timedelta(minutes=15)
"""How long a function may still write for a run that was stopped: Lambda's limit."""

_STOPPED = frozenset({RunStatus.CANCELLED, RunStatus.HALTED, RunStatus.BUDGET_REACHED, RunStatus.FAILED})
"""A run whose execution was lost is FAILED, too."""


@dataclass(frozen=True, slots=True)
class Traces:
    """What is to be deleted: versions of objects, and rows.

    ``rewritten`` are files of the whole class as they are without a student, and ``outdated`` what they replace.
    """

    versions: tuple[StoredVersion, ...] = ()
    rows: tuple[StoredRow, ...] = ()
    rewritten: dict[str, bytes] = field(default_factory=dict)
    outdated: tuple[StoredVersion, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether nothing is kept."""
        return not (self.versions or self.rows or self.rewritten or self.outdated)


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
        Conflict
            If one of the assignment's runs is running, or ended so lately and early that its functions may go on.
        """
        for run in self._runs(assignment):
            if run.active:
                raise Conflict(
                    f"run {run.run_id} of assignment {assignment} is running: cancel it (aita cancel {run.run_id}), "
                    "or wait until it has ended"
                )
            quiet_from = (run.ended_at or run.updated_at) + LONGEST_INVOCATION
            if run.status in _STOPPED and self.clock() < quiet_from:
                raise Conflict(
                    f"run {run.run_id} was stopped or failed, and functions that had begun may write until "
                    f"{quiet_from:%H:%M} UTC: purge then"
                )

    def student(self, assignment: str, named: str) -> Student:
        """Return the student of this id, folder or roster name.

        Raises
        ------
        NotFound
            If there is none.
        RequestError
            If there are several.
        """
        students, _ = Material(self.objects, assignment).students()
        known = students.students
        found = [each for each in known if named in (each.student_id, each.folder, each.roster_name)]
        if not found:
            raise NotFound(f"assignment {assignment} has no student of that id, folder or roster name")
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
        versions = [
            *versions_of_replies(self.versions, replies),
            *self.versions.versions(keys.material(assignment, "")),
            *(version for run_id in run_ids for version in self.versions.versions(keys.run_files(run_id))),
        ]
        # The runs' names come last: whoever is interrupted finds by them what is left.
        rows = [*(row for run_id in run_ids for row in self.rows.of_run(run_id)), *rows]
        return Traces(tuple(versions), tuple(rows))

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
        versions, tasks = found.of_runs(run_ids)
        rows = [
            *(row for run_id in run_ids for row in self.rows.of_run(run_id) if row.name in tasks[run_id]),
            *(row for row in rows if row.kind == "DECISION" and row.name in decided),
        ]
        rewritten, outdated = found.shared_files()
        return Traces((*versions, *found.own_files()), tuple(rows), rewritten, tuple(outdated))

    def erase(self, traces: Traces) -> None:
        """Delete what was found. What tells where the rest is goes last, so that it can be asked for again."""
        self.versions.erase(traces.versions)
        self.rows.delete(traces.rows)
        for key, data in traces.rewritten.items():
            self.objects.put(key, data, "text/csv" if key.endswith(".csv") else "application/json")
        self.versions.erase(traces.outdated)

    def _runs(self, assignment: str) -> Iterator[Run]:
        for row in self.rows.of_assignment(assignment):
            if row.kind == "RUN":
                try:
                    yield self.runs.get(row.name)
                except NotFound:  # expired before its line in the list
                    continue
