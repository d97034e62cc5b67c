"""The tasks of one execution in process: what each is known by, what came of it, and what is kept of that."""

import json
import threading
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from aita.errors import AitaError, InvalidReplyError, NotRun, RequestError, TaskError
from aita.executor.checkpoint import Checkpoint
from aita.executor.checkpoint_lines import Record
from aita.executor.engine import TaskEnd, TaskUsage
from aita.models.result import TaskResult
from aita.ports import LLM
from aita.services.calls.model_identity import identity
from aita.tasks.llm_task import LLMTask


@dataclass(frozen=True, slots=True)
class TaskIdentity:
    """What a task is known by: its id, the digest of what it asks, and what is kept beside its reply."""

    task_id: str
    digest: str
    data: dict[str, Any]


@dataclass
class Batch:
    """The tasks of one execution, what came of each so far, and the checkpoint that keeps it.

    ``cost`` is in USD, of what this execution paid; ``None`` once the price of a call is not known.
    """

    tasks: tuple[LLMTask[Any], ...]
    llm: LLM
    checkpoint: Checkpoint | None
    ended: int = 0
    failed: int = 0
    cost: Decimal | None = Decimal(0)
    _results: dict[int, TaskResult] = field(default_factory=dict)
    _not_run: dict[int, TaskUsage] = field(default_factory=dict)
    _works: list[TaskIdentity] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def take_over(self, *, retry_failed: bool) -> None:
        """Name every task, and end those that the checkpoint has, or that can't be asked at all."""
        taken: set[str] = set()
        for place, task in enumerate(self.tasks):
            work, error = self._name(task, place)
            self._works.append(work)
            if error is None and work.task_id in taken:
                error = RequestError("its id is that of an earlier task of this batch: give each its own task_id")
            taken.add(work.task_id)
            if error is not None:
                self._put(place, TaskResult(work.task_id, success=False, error=_error_text(error)))
            elif self.checkpoint is not None and (record := self.checkpoint.records.get(work.task_id)) is not None:
                result = _restored(task, record) if record.digest == work.digest else None
                if result is not None and (result.success or not retry_failed):
                    self._put(place, result)

    def left(self) -> list[tuple[int, LLMTask[Any]]]:
        """Return the places and tasks that have no end."""
        return [(place, task) for place, task in enumerate(self.tasks) if place not in self._results]

    def spent_before(self) -> Decimal:
        """Return what the tasks of the checkpoint that is resumed cost in USD, as far as that is known."""
        records = self.checkpoint.records.values() if self.checkpoint is not None else ()
        return sum((record.usage.cost_usd for record in records), Decimal(0))

    def end(self, place: int, ended: TaskEnd) -> None:
        """Keep what came of a task, then count it; one that was not run has no end, and only what it spent counts."""
        work, spent = self._works[place], ended.spent
        if isinstance(ended.error, NotRun):
            self._not_run[place] = spent
            return
        error = None if ended.error is None else _error_text(ended.error)
        if self.checkpoint is not None and (spent.reply is not None or error is not None):
            record = Record(
                task_id=work.task_id,
                digest=work.digest,
                reply=spent.reply,
                error=error,
                usage=spent.usage,
                calls=spent.calls,
                seconds=spent.seconds,
                data=work.data,
                salvaged=error is None and _is_salvaged(self.tasks[place], spent.reply),
            )
            self.checkpoint.add(record)
        self._put(place, _result(work, spent, result=ended.result, error=error))

    def results(self, stopped: str | None) -> tuple[TaskResult, ...]:
        """Return what came of every task; those that were not run say why."""
        not_run = _error_text(NotRun(f"{stopped or 'the batch stopped'}: a resume runs this task"))
        return tuple(
            self._results.get(place) or _result(work, self._not_run.get(place, TaskUsage()), error=not_run)
            for place, work in enumerate(self._works)
        )

    def close(self) -> None:
        """Let go of the checkpoint."""
        if self.checkpoint is not None:
            self.checkpoint.close()

    def _name(self, task: LLMTask[Any], place: int) -> tuple[TaskIdentity, AitaError | None]:
        """Return what a task is known by, or why it can't be asked."""
        unnamed = TaskIdentity(getattr(task, "task_id", "") or f"task-{place}", "", {})
        if not isinstance(task, LLMTask):
            return unnamed, RequestError(f"it is a {type(task).__name__}, and tasks are objects of LLMTask's classes")
        try:
            digest = task.digest(*identity(self.llm)) if self.checkpoint is not None else ""
            data = task.checkpoint_data()
            json.dumps(data)
            work = TaskIdentity(task.id, digest, data)
        except AitaError as error:
            return unnamed, error
        except Exception as error:  # noqa: BLE001 - the code of whoever wrote the task: only this task fails by it
            raised = f"the task's own code raised {type(error).__name__}"
            return unnamed, TaskError(f"{raised}: see its messages(), given() and checkpoint_data()")
        return work, None

    def _put(self, place: int, result: TaskResult) -> None:
        with self._lock:
            self._results[place] = result
            self.ended += 1
            self.failed += not result.success
            if not result.resumed and self.cost is not None:
                self.cost = None if result.cost is None else self.cost + result.cost


def _result(work: TaskIdentity, spent: TaskUsage, *, result: Any = None, error: str | None = None) -> TaskResult:
    return TaskResult(
        task_id=work.task_id,
        success=error is None,
        result=result,
        raw_response=spent.reply,
        error=error,
        retry_count=max(0, spent.calls - 1),
        execution_time=spent.seconds,
        usage=spent.usage,
        metadata=work.data,
    )


def _restored(task: LLMTask[Any], record: Record) -> TaskResult | None:
    """Return what a record says of its task; ``None`` if its reply no longer makes a result: that is new work."""
    result: Any = None
    if record.error is None:
        try:
            result = _parse_again(task, record.reply or "", salvaged=record.salvaged)
        except Exception:  # noqa: BLE001 - also of the task's own code, which is told of when the task is run
            return None
    return TaskResult(
        task_id=record.task_id,
        success=record.error is None,
        result=result,
        raw_response=record.reply,
        error=record.error,
        retry_count=max(0, record.calls - 1),
        execution_time=record.seconds,
        usage=record.usage,
        metadata=record.data,
        resumed=True,
    )


def _parse_again(task: LLMTask[Any], reply: str, *, salvaged: bool) -> Any:
    """Make a result of a kept reply: a corrected task may parse what was only salvaged before, not the reverse.

    Where a task has no salvage of its own, backslashes that are in doubt are no reason to ask and pay again.
    """
    try:
        return task.parse(reply)
    except InvalidReplyError:
        may_salvage = salvaged or type(task).salvage is LLMTask.salvage
        result = task.salvage(reply) if may_salvage else None
        if result is None:
            raise
        return result


def _is_salvaged(task: LLMTask[Any], reply: str | None) -> bool:
    """Tell whether a task's result was salvaged: only kinds that do that are asked to parse once more."""
    if reply is None or type(task).salvage is LLMTask.salvage:
        return False
    try:
        task.parse(reply)
    except Exception:  # noqa: BLE001 - the code of whoever wrote the task
        return True
    return False


def _error_text(error: AitaError) -> str:
    return f"{type(error).__name__}: {error}"
