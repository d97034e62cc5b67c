"""Ports of the table: runs, tasks, decisions, and its rows as such."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Protocol

from aita.models.claim import Claim
from aita.models.decision import Decision
from aita.models.match import MatchDecision
from aita.models.part_decision import PartDecision
from aita.models.provider_batch import BatchProgress
from aita.models.run import Run, RunStatus, RunSummary, StageCounts, TaskRow, Usage


@dataclass(frozen=True, slots=True)
class StoredRow:
    """Keys of a table row. ``kind`` and ``name`` are the parts of its sort key, such as TASK and the task's id."""

    partition: str
    kind: str
    name: str = ""


class RowStore(Protocol):
    """Table rows by their keys, whatever their attributes are."""

    def of_assignment(self, assignment: str) -> Iterator[StoredRow]:
        """Yield the rows of an assignment: run summaries, active-run markers and decisions."""
        ...

    def of_run(self, run_id: str) -> Iterator[StoredRow]:
        """Yield the rows of a run: its META row and its tasks' rows."""
        ...

    def delete(self, rows: Sequence[StoredRow]) -> None:
        """Delete rows.

        Raises
        ------
        StorageError
            If the store is too busy for it.
        """
        ...


class RunStore(Protocol):
    """META rows of runs, their summaries, and the active run of each assignment and pipeline."""

    def create(self, run: Run, replaces: str | None) -> None:
        """Write a new run and make it active for its assignment and pipeline, in one transaction.

        Raises
        ------
        ConflictError
            If ``replaces`` is no longer the active run.
        """
        ...

    def get(self, run_id: str) -> Run:
        """Return the run, by a strongly consistent read.

        Raises
        ------
        NotFoundError
            If there is no such run.
        """
        ...

    def active(self, assignment: str, pipeline: str) -> str | None:
        """Return the id of the run that was last made active, even if it has ended."""
        ...

    def restart(self, run: Run, replaces: str | None) -> None:
        """Begin the next attempt of a run and make it active. ``run`` already has the new attempt's values.

        Raises
        ------
        ConflictError
            If the stored run is running or of another attempt, or ``replaces`` is no longer the active run.
        """
        ...

    def set_execution(self, run_id: str, attempt: int, execution_arn: str) -> None:
        """Record the execution of an attempt, unless the run is in another one."""
        ...

    def end(self, run_id: str, attempt: int, status: RunStatus, reason: str) -> Run:
        """End the run if it is RUNNING in this attempt; return the run after the update."""
        ...

    def cancel_ended(self, run_id: str, attempt: int, reason: str) -> Run:
        """Make a run CANCELLED that has ended otherwise in this attempt; return the run after the update."""
        ...

    def begin_stage(self, run_id: str, stage: str, counts: StageCounts, removed_usage: Usage) -> None:
        """Set the current stage, its counters, and the usage of task rows that were removed."""
        ...

    def count(self, run_id: str, stage: str, row: TaskRow) -> Run:
        """Add a finished task to the counters of its attempt; return the run after the update."""
        ...

    def count_wait(self, run_id: str, reason: str) -> Run:
        """Count one wait for the provider and record its reason; return the run after the update."""
        ...

    def show_batches(self, run_id: str, attempt: int, progress: BatchProgress | None) -> None:
        """Record how far the provider's batches are that the run waits for in this attempt; ``None`` for none."""
        ...

    def reserve_cost(self, run_id: str, attempt: int, amount: Decimal, cap: Decimal) -> bool:
        """Add ``amount`` to the committed cost (both in USD) if the sum stays within ``cap``.

        Returns
        -------
        bool
            Whether it was added; ``False`` also if the run is not RUNNING in this attempt.
        """
        ...

    def release_cost(self, run_id: str, attempt: int, amount: Decimal) -> bool:
        """Subtract ``amount`` (USD) from the committed cost: the part of a commitment that a call did not use.

        Returns
        -------
        bool
            Whether it was subtracted; ``False`` if the run is in another attempt.
        """
        ...

    def finish_stage(self, run_id: str, stage: str, counts: StageCounts, usage: Usage) -> Run:
        """Set a stage's counts and the run's usage to exact values; return the run after the update."""
        ...

    def summarise(self, run: Run) -> None:
        """Update the run's entry in the list of its assignment's runs."""
        ...

    def list(self, assignment: str, limit: int, token: str | None) -> tuple[list[RunSummary], str | None]:
        """Return up to ``limit`` summaries, newest first, and the next page's token.

        Raises
        ------
        RequestError
            If the token did not come from this list.
        """
        ...


class TaskStore(Protocol):
    """Rows of finished tasks."""

    def record(self, run_id: str, row: TaskRow) -> bool:
        """Record a finished task; idempotent. SUCCEEDED is final, FAILED is replaced by a later attempt's row.

        A replaced row's usage is added to the new one's, so that a run's rows sum to its total usage.

        Returns
        -------
        bool
            Whether the row was written.
        """
        ...

    def rows(self, run_id: str, stage: str | None = None) -> Iterator[TaskRow]:
        """Yield the rows of a run, or of one of its stages."""
        ...

    def page(self, run_id: str, status: str | None, limit: int, token: str | None) -> tuple[list[TaskRow], str | None]:
        """Return up to ``limit`` rows and the next page's token.

        Raises
        ------
        RequestError
            If the token did not come from this list.
        """
        ...

    def remove(self, run_id: str, task_ids: list[str]) -> None:
        """Delete the rows of tasks that are no longer part of the run.

        Raises
        ------
        StorageError
            If the store is too busy for it.
        """
        ...


class ClaimStore(Protocol):
    """Claims of people on answers."""

    def claim(self, assignment: str, claim: Claim, now: datetime) -> bool:
        """Write a claim unless another person or window holds one; return whether it was written.

        Parameters
        ----------
        now
            Present time: a claim until then or earlier holds no more.
        """
        ...

    def release(self, assignment: str, cell_id: str, caller: str, window: str, now: datetime) -> None:
        """End a claim of this person and window; without one, nothing happens."""
        ...

    def of(self, assignment: str) -> Iterator[Claim]:
        """Yield an assignment's claims, also those that ended and were not deleted yet."""
        ...


class DecisionStore(Protocol):
    """Decisions of people about cells, parts of pages and students' matches with the roster.

    A decision is never changed and never expires.
    """

    def add(self, assignment: str, decision: Decision) -> None:
        """Write a decision.

        Raises
        ------
        ConflictError
            If another decision of this id exists; it is not changed.
        """
        ...

    def all(self, assignment: str) -> Iterator[Decision]:
        """Yield an assignment's decisions about cells, ordered by cell, then oldest first."""
        ...

    def page(self, assignment: str, limit: int, token: str | None) -> tuple[list[Decision], str | None]:
        """Return up to ``limit`` decisions in the order of ``all``, and the next page's token.

        Raises
        ------
        RequestError
            If the token did not come from this list.
        """
        ...

    def add_on_part(self, assignment: str, decision: PartDecision) -> None:
        """Write a decision about a part of a page.

        Raises
        ------
        ConflictError
            If another decision of this id exists about the part; it is not changed.
        """
        ...

    def on_parts(self, assignment: str) -> Iterator[PartDecision]:
        """Yield an assignment's decisions about parts of pages, ordered by part, then oldest first."""
        ...

    def page_on_parts(self, assignment: str, limit: int, token: str | None) -> tuple[list[PartDecision], str | None]:
        """Return up to ``limit`` decisions in the order of ``on_parts``, and the next page's token.

        Raises
        ------
        RequestError
            If the token did not come from this list.
        """
        ...

    def add_match(self, assignment: str, decision: MatchDecision) -> None:
        """Write a decision about a student's match.

        Raises
        ------
        ConflictError
            If the student has another decision of this id; it is not changed.
        """
        ...

    def matches(self, assignment: str) -> Iterator[MatchDecision]:
        """Yield an assignment's decisions about matches, ordered by student, then oldest first."""
        ...
