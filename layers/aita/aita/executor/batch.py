"""Tasks of one execution in process: their identities, results, and records in the checkpoint."""

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
    """Identity of a task in its checkpoint: id, digest of its request, and the data recorded beside its reply."""

    task_id: str
    digest: str
    data: dict[str, Any]


@dataclass
class Batch:
    """Tasks of one execution, their results so far, and the checkpoint that records them.

    ``cost`` is the cost of this execution in USD; ``None`` once a call's price is unknown.
    """

    tasks: tuple[LLMTask[Any], ...]
    llm: LLM
    checkpoint: Checkpoint | None
    ended: int = 0
    failed: int = 0
    cost: Decimal | None = Decimal(0)
    _results: dict[int, TaskResult] = field(default_factory=dict)
    _not_run: dict[int, TaskUsage] = field(default_factory=dict)
    _identities: list[TaskIdentity] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def restore(self, *, retry_failed: bool) -> None:
        """Identify every task, restore the results in the checkpoint, and fail the tasks that make no valid request."""
        used_ids: set[str] = set()
        for place, task in enumerate(self.tasks):
            identified, error = self._identify(task, place)
            self._identities.append(identified)
            if error is None and identified.task_id in used_ids:
                error = RequestError("its id is that of an earlier task of this batch: give each its own task_id")
            used_ids.add(identified.task_id)
            if error is not None:
                self._put(place, TaskResult(identified.task_id, success=False, error=_error_text(error)))
            elif (
                self.checkpoint is not None and (record := self.checkpoint.records.get(identified.task_id)) is not None
            ):
                result = _restore_result(task, record) if record.digest == identified.digest else None
                if result is not None and (result.success or not retry_failed):
                    self._put(place, result)

    def unfinished(self) -> list[tuple[int, LLMTask[Any]]]:
        """Return the unfinished tasks with their places."""
        return [(place, task) for place, task in enumerate(self.tasks) if place not in self._results]

    def spent_before(self) -> Decimal:
        """Return the known cost of the resumed checkpoint's tasks, in USD."""
        records = self.checkpoint.records.values() if self.checkpoint is not None else ()
        return sum((record.usage.cost_usd for record in records), Decimal(0))

    def end(self, place: int, ended: TaskEnd) -> None:
        """Record a finished task, then count it. A task with NotRun is not finished; only its usage is kept."""
        identified, spent = self._identities[place], ended.spent
        if isinstance(ended.error, NotRun):
            self._not_run[place] = spent
            return
        error = None if ended.error is None else _error_text(ended.error)
        if self.checkpoint is not None and (spent.reply is not None or error is not None):
            record = Record(
                task_id=identified.task_id,
                digest=identified.digest,
                reply=spent.reply,
                error=error,
                usage=spent.usage,
                calls=spent.calls,
                seconds=spent.seconds,
                data=identified.data,
                salvaged=error is None and _is_salvaged(self.tasks[place], spent.reply),
            )
            self.checkpoint.add(record)
        self._put(place, _result(identified, spent, result=ended.result, error=error))

    def results(self, stopped: str | None) -> tuple[TaskResult, ...]:
        """Return the result of every task; ``stopped`` is the reason in the results of unfinished tasks."""
        not_run = _error_text(NotRun(f"{stopped or 'the batch stopped'}: a resume runs this task"))
        return tuple(
            self._results.get(place) or _result(identified, self._not_run.get(place, TaskUsage()), error=not_run)
            for place, identified in enumerate(self._identities)
        )

    def close(self) -> None:
        """Close the checkpoint."""
        if self.checkpoint is not None:
            self.checkpoint.close()

    def _identify(self, task: LLMTask[Any], place: int) -> tuple[TaskIdentity, AitaError | None]:
        """Return a task's identity, and the error of a task that makes no valid request."""
        fallback = TaskIdentity(getattr(task, "task_id", "") or f"task-{place}", "", {})
        if not isinstance(task, LLMTask):
            return fallback, RequestError(f"it is a {type(task).__name__}, and tasks are objects of LLMTask's classes")
        try:
            digest = task.digest(*identity(self.llm)) if self.checkpoint is not None else ""
            data = task.checkpoint_data()
            json.dumps(data)
            identified = TaskIdentity(task.id, digest, data)
        except AitaError as error:
            return fallback, error
        except Exception as error:  # noqa: BLE001 - an error in the task's own code fails only this task
            raised = f"the task's own code raised {type(error).__name__}"
            return fallback, TaskError(f"{raised}: see its messages(), given() and checkpoint_data()")
        return identified, None

    def _put(self, place: int, result: TaskResult) -> None:
        with self._lock:
            self._results[place] = result
            self.ended += 1
            self.failed += not result.success
            if not result.resumed and self.cost is not None:
                self.cost = None if result.cost is None else self.cost + result.cost


def _result(identified: TaskIdentity, spent: TaskUsage, *, result: Any = None, error: str | None = None) -> TaskResult:
    return TaskResult(
        task_id=identified.task_id,
        success=error is None,
        result=result,
        raw_response=spent.reply,
        error=error,
        retry_count=max(0, spent.calls - 1),
        execution_time=spent.seconds,
        usage=spent.usage,
        metadata=identified.data,
    )


def _restore_result(task: LLMTask[Any], record: Record) -> TaskResult | None:
    """Return the result in a task's record; ``None`` if the task no longer accepts the reply and so must run again."""
    result: Any = None
    if record.error is None:
        try:
            result = _parse_again(task, record.reply or "", salvaged=record.salvaged)
        except Exception:  # noqa: BLE001 - also of the task's own code, reported when the task runs
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
    """Return the result of a recorded reply.

    A task whose code was corrected may now parse a reply that was salvaged, but a parsed reply is not salvaged. A task
    without a ``salvage`` of its own accepts doubtful backslashes, which are no reason to pay for another reply.
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
    """Return whether a task's result was salvaged, by parsing the reply again if the task can salvage."""
    if reply is None or type(task).salvage is LLMTask.salvage:
        return False
    try:
        task.parse(reply)
    except Exception:  # noqa: BLE001 - any error of the task's own code
        return True
    return False


def _error_text(error: AitaError) -> str:
    return f"{type(error).__name__}: {error}"
