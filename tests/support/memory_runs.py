"""Runs and tasks in memory."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal

from aita.errors import ConflictError, NotFoundError
from aita.models.provider_batch import BatchProgress
from aita.models.run import Run, RunStatus, RunSummary, StageCounts, TaskRow, TaskStatus, Usage
from aita.ports import Clock


@dataclass
class MemoryRuns:
    """META rows, summaries and active runs."""

    clock: Clock
    rows: dict[str, Run] = field(default_factory=dict)
    summaries: dict[str, RunSummary] = field(default_factory=dict)
    holders: dict[tuple[str, str], str] = field(default_factory=dict)
    _lock: threading.RLock = field(default_factory=threading.RLock)

    def create(self, run: Run, replaces: str | None) -> None:
        """Write a new run and make it the active one; ConflictError if the active one is no longer ``replaces``."""
        with self._lock:
            self._hold(run, replaces)
            self.rows[run.run_id] = run
            self.summaries[run.run_id] = RunSummary.of(run)

    def get(self, run_id: str) -> Run:
        """Return the run; NotFoundError if there is none."""
        try:
            return self.rows[run_id]
        except KeyError:
            raise NotFoundError(f"there is no run {run_id[:40]!r}") from None

    def active(self, assignment: str, pipeline: str) -> str | None:
        """Return the id of the run that was last made active."""
        return self.holders.get((assignment, pipeline))

    def restart(self, run: Run, replaces: str | None) -> None:
        """Begin a run's next attempt; ConflictError if another was quicker."""
        with self._lock:
            present = self.get(run.run_id)
            if present.active or present.attempt != run.attempt - 1:
                raise ConflictError(f"run {run.run_id} was resumed by another")
            self._hold(run, replaces)
            self.rows[run.run_id] = run

    def set_execution(self, run_id: str, attempt: int, execution_arn: str) -> None:
        """Record which execution runs an attempt, unless the run is in another one."""
        with self._lock:
            if self.get(run_id).attempt == attempt:
                self._update(run_id, execution_arn=execution_arn)

    def end(self, run_id: str, attempt: int, status: RunStatus, reason: str) -> Run:
        """End the run if it is RUNNING in this attempt; return it as it is then."""
        with self._lock:
            run = self.get(run_id)
            if not run.active or run.attempt != attempt:
                return run
            return self._update(run_id, status=status, reason=reason, ended_at=self.clock())

    def cancel_ended(self, run_id: str, attempt: int, reason: str) -> Run:
        """Make a run CANCELLED that has ended otherwise in this attempt; return it as it is then."""
        with self._lock:
            run = self.get(run_id)
            if run.active or run.attempt != attempt:
                return run
            return self._update(run_id, status=RunStatus.CANCELLED, reason=reason)

    def begin_stage(self, run_id: str, stage: str, counts: StageCounts, removed_usage: Usage) -> None:
        """Set the current stage, its counters, and what the rows that were removed had used."""
        with self._lock:
            stages = self.get(run_id).stages | {stage: counts}
            self._update(run_id, stage=stage, stages=stages, removed_usage=removed_usage)

    def count(self, run_id: str, stage: str, row: TaskRow) -> Run:
        """Add a task that has ended to its attempt's counters and return the run as it is then."""
        with self._lock:
            run = self.get(run_id)
            if run.attempt != row.attempt or stage not in run.stages:
                return run
            name = "succeeded" if row.status is TaskStatus.SUCCEEDED else "failed"
            counts = run.stages[stage]
            counts = counts.model_copy(update={name: getattr(counts, name) + 1})
            return self._update(run_id, stages=run.stages | {stage: counts}, usage=run.usage + row.usage)

    def count_wait(self, run_id: str, reason: str) -> Run:
        """Count one wait for the provider, and keep why."""
        with self._lock:
            return self._update(run_id, waits=self.get(run_id).waits + 1, wait_reason=reason)

    def show_batches(self, run_id: str, attempt: int, progress: BatchProgress | None) -> None:
        """Record how far the provider's batches are."""
        with self._lock:
            if self.get(run_id).attempt == attempt:
                self._update(run_id, batch_progress=progress)

    def reserve_cost(self, run_id: str, attempt: int, amount: Decimal, cap: Decimal) -> bool:
        """Commit this many USD if what is committed stays within the cap and the attempt goes on; tell whether."""
        with self._lock:
            run = self.get(run_id)
            if not run.active or run.attempt != attempt or run.committed_usd + amount > cap:
                return False
            self._update(run_id, committed_usd=run.committed_usd + amount)
            return True

    def release_cost(self, run_id: str, attempt: int, amount: Decimal) -> bool:
        """Take back from what the attempt has committed what a call did not cost; tell whether it is the run's."""
        with self._lock:
            run = self.get(run_id)
            if run.attempt != attempt:
                return False
            self._update(run_id, committed_usd=run.committed_usd - amount)
            return True

    def finish_stage(self, run_id: str, stage: str, counts: StageCounts, usage: Usage) -> Run:
        """Set a stage's counts and the run's usage to the exact numbers."""
        with self._lock:
            return self._update(run_id, stages=self.get(run_id).stages | {stage: counts}, usage=usage)

    def summarise(self, run: Run) -> None:
        """Refresh the run's line in its assignment's list."""
        self.summaries[run.run_id] = RunSummary.of(run)

    def list(self, assignment: str, limit: int, token: str | None) -> tuple[list[RunSummary], str | None]:
        """Return up to ``limit`` summaries, newest first, and the token of the next page."""
        ids = sorted((s.run_id for s in self.summaries.values() if s.assignment == assignment), reverse=True)
        ids = [run_id for run_id in ids if token is None or run_id < token]
        page = [self.summaries[run_id] for run_id in ids[:limit]]
        return page, page[-1].run_id if len(ids) > limit else None

    def _hold(self, run: Run, replaces: str | None) -> None:
        place = (run.assignment, run.pipeline)
        if self.holders.get(place) != replaces:
            raise ConflictError(f"another run of {run.assignment} / {run.pipeline} was started at the same time")
        self.holders[place] = run.run_id

    def _update(self, run_id: str, **changes: object) -> Run:
        with self._lock:
            run = self.get(run_id).model_copy(update=changes | {"updated_at": self.clock()})
            self.rows[run_id] = run
            return run


@dataclass
class MemoryTasks:
    """The rows of the tasks that have ended, by run and task."""

    data: dict[str, dict[str, TaskRow]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def record(self, run_id: str, row: TaskRow) -> bool:
        """Write a task's end and tell whether it was written: SUCCEEDED is final, FAILED yields to a later attempt."""
        with self._lock:
            rows = self.data.setdefault(run_id, {})
            present = rows.get(row.task_id)
            if present is not None:
                if present.status is TaskStatus.SUCCEEDED or present.attempt >= row.attempt:
                    return False
                row = row.model_copy(update={"usage": present.usage + row.usage})
            rows[row.task_id] = row
            return True

    def rows(self, run_id: str, stage: str | None = None) -> Iterator[TaskRow]:
        """Yield the rows of a run, or of one of its stages, in the order of their ids."""
        rows = self.data.get(run_id, {})
        yield from (rows[task_id] for task_id in sorted(rows) if stage in (None, rows[task_id].stage))

    def page(self, run_id: str, status: str | None, limit: int, token: str | None) -> tuple[list[TaskRow], str | None]:
        """Return up to ``limit`` rows and the token of the next page."""
        fits = [row for row in self.rows(run_id) if status in (None, row.status) and row.task_id > (token or "")]
        return fits[:limit], fits[limit - 1].task_id if len(fits) > limit else None

    def remove(self, run_id: str, task_ids: list[str]) -> None:
        """Delete rows of work that is no longer asked for."""
        for task_id in task_ids:
            self.data.get(run_id, {}).pop(task_id, None)
