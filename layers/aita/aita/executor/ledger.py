"""Ledger of a batch: the identity, the end and the result of each task, and their records in a checkpoint."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

from aita.errors import (
    AitaError,
    NotRun,
    RequestError,
    TaskCodeError,
    UnansweredError,
)
from aita.executor.checkpoint import Checkpoint
from aita.executor.checkpoint_lines import ASKED_AGAIN, Record
from aita.executor.restored_results import is_salvaged, restore_result
from aita.models.call_usage import CallUsage
from aita.models.result import OnResult, TaskResult
from aita.models.run import NO_USAGE, Usage
from aita.ports import LLM
from aita.services.calls.call_loop import TaskCalls
from aita.services.calls.model_identity import identity
from aita.services.calls.reply_cache import CachedReply
from aita.tasks.llm_task import LLMTask, check_recordable, raised

PAYER = "batch"
"""Payer of the replies of a batch."""

_EARLIER = "earlier execution"
"""Attempt in which the replies in the checkpoint to a task that failed were rejected."""


@dataclass(frozen=True, slots=True)
class TaskIdentity:
    """Identity of a task in its batch: id, digest of its request, and the data recorded beside its reply."""

    task_id: str
    digest: str
    data: dict[str, Any]


@dataclass(frozen=True, slots=True)
class TaskEnd:
    """End of a task: its result or error, and its calls.

    An error of the stack is text already. ``resumed`` is true if no call of this batch was needed.
    """

    calls: TaskCalls
    result: Any = None
    error: AitaError | str | None = None
    resumed: bool = False


@dataclass
class Ledger:
    """Tasks of one execution, and how each has ended so far.

    Parameters
    ----------
    llm
        Model, whose identity is part of each task's digest in the checkpoint.
    checkpoint
        Checkpoint that records the ends; ``None`` without one.
    on_result
        Called with each result, also with those of the checkpoint.

    ``cost`` is the cost of this execution in USD; ``None`` once a call's price is unknown.
    """

    tasks: tuple[LLMTask[Any], ...]
    llm: LLM | None = None
    checkpoint: Checkpoint | None = None
    on_result: OnResult | None = None
    ended: int = 0
    failed: int = 0
    cost: Decimal | None = Decimal(0)
    _results: dict[int, TaskResult] = field(default_factory=dict)
    _not_run: dict[int, TaskCalls] = field(default_factory=dict)
    _identities: list[TaskIdentity] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def open(self, *, retry_failed: bool) -> None:
        """Identify every task, restore the results in the checkpoint, and fail the tasks that make no valid request.

        Parameters
        ----------
        retry_failed
            Whether a task whose recorded reply still fails is run again.
        """
        used: dict[str, int] = {}
        for place, task in enumerate(self.tasks):
            identified, error = self._identify(task, place, used)
            self._identities.append(identified)
            if error is not None:
                self._put(place, _result(identified, TaskCalls(), error=error_text(error)))
            elif (record := self._record(identified)) is not None:
                result = restore_result(task, record, identified.data, retry_failed=retry_failed)
                if result is not None:
                    self._put(place, result)

    @property
    def is_answered(self) -> bool:
        """Whether a call for any of its tasks has succeeded."""
        return self.ended > self.failed

    def unfinished(self) -> list[tuple[int, LLMTask[Any]]]:
        """Return the unfinished tasks with their places."""
        return [(place, task) for place, task in enumerate(self.tasks) if place not in self._results]

    def recorded(self) -> set[str]:
        """Return the digests of the first requests of the tasks that have ended."""
        return {self._identities[place].digest for place in self._results}

    def unanswered(self) -> set[int]:
        """Return the places of the tasks that failed as no reply came, for which no reply of theirs is to blame."""
        return {
            place
            for place, result in self._results.items()
            if result.error is not None and result.error.startswith(f"{UnansweredError.__name__}:")
        }

    def usage_before(self) -> Iterator[tuple[LLMTask[Any], Usage]]:
        """Yield the batch's tasks that ran before, each with the usage of all times that it did."""
        if self.checkpoint is None or self.checkpoint.is_new:
            return
        for task, identified in zip(self.tasks, self._identities, strict=True):
            usage = self.checkpoint.usage_before(identified.task_id, identified.digest)
            if usage.calls:
                yield task, usage

    def end(self, place: int, ended: TaskEnd) -> None:
        """Record a finished task, then count it. A task with NotRun is not finished; only its usage is kept.

        Its usage includes that of replies from earlier executions, in which it asked again and did not end.
        """
        identified, calls = self._identities[place], ended.calls
        if isinstance(ended.error, NotRun):
            self.keep_calls(place, calls)
            return
        error = error_text(ended.error) if isinstance(ended.error, AitaError) else ended.error
        earlier = self._rounds(identified)
        before, whole = NO_USAGE, calls
        if earlier:
            before = sum((each.usage for each in earlier), NO_USAGE)
            whole = replace(calls, spent=calls.spent + CallUsage(usage=before), made=calls.made + len(earlier))
        if self.checkpoint is not None and (calls.last_reply is not None or error is not None):
            record = Record(
                task_id=identified.task_id,
                digest=identified.digest,
                reply=calls.last_reply,
                error=error,
                usage=whole.spent.usage,
                calls=whole.made,
                seconds=calls.seconds + sum(each.seconds for each in earlier),
                data=identified.data,
                salvaged=error is None and is_salvaged(self.tasks[place], calls.last_reply),
            )
            self.checkpoint.add(record)
        result = _result(identified, whole, result=ended.result, error=error, resumed=ended.resumed, before=before)
        self._put(place, result)

    def keep_calls(self, place: int, calls: TaskCalls) -> None:
        """Keep the calls of an unfinished task, whose usage counts."""
        self._not_run[place] = calls

    def keep_reply(self, place: int, digest: str, reply: CachedReply) -> None:
        """Record an invalid reply before its task asks again, so that a killed process pays for none of them twice."""
        if self.checkpoint is None:
            return
        record = Record(
            task_id=self._identities[place].task_id,
            digest=f"{self._identities[place].digest}{ASKED_AGAIN}",
            reply=reply.text,
            error=None,
            usage=reply.usage,
            calls=1,
            seconds=reply.latency_ms / 1000,
            data={},
            request=digest,
        )
        self.checkpoint.add(record)

    def kept_reply(self, place: int, digest: str) -> CachedReply | None:
        """Return an invalid reply to a task's request from an earlier execution, after which the task asked again.

        That of a conversation in which the task failed in the end is rejected: read once more, it may be valid now.
        """
        identified = self._identities[place]
        for ended in (False, True):
            for record in self._rounds(identified, ended=ended):
                if record.request == digest and record.reply is not None:
                    return CachedReply(
                        text=record.reply,
                        finish_reason="stop",
                        refusal=False,
                        model="",
                        usage=NO_USAGE,  # it counts once, with the records
                        latency_ms=round(record.seconds * 1000),
                        paid_by=PAYER,
                        rejected_by=_EARLIER if ended else None,
                    )
        return None

    def results(self, stopped: str | None, remedy: str) -> tuple[TaskResult, ...]:
        """Return the result of every task.

        Parameters
        ----------
        stopped
            Reason in the results of unfinished tasks.
        remedy
            What to do about them.
        """
        not_run = error_text(NotRun(f"{stopped or 'the batch stopped'}: {remedy}"))
        return tuple(
            self._results.get(place) or _result(identified, self._not_run.get(place, TaskCalls()), error=not_run)
            for place, identified in enumerate(self._identities)
        )

    def close(self) -> None:
        """Close the checkpoint."""
        if self.checkpoint is not None:
            self.checkpoint.close()

    def _rounds(self, identified: TaskIdentity, *, ended: bool = False) -> list[Record]:
        if self.checkpoint is None or self.checkpoint.is_new:
            return []
        with self._lock:  # threads read one file
            return self.checkpoint.rounds(identified.task_id, identified.digest, ended=ended)

    def _record(self, identified: TaskIdentity) -> Record | None:
        if self.checkpoint is None or self.checkpoint.is_new:
            return None
        return self.checkpoint.record(identified.task_id, identified.digest)

    def _identify(self, task: LLMTask[Any], place: int, used: dict[str, int]) -> tuple[TaskIdentity, AitaError | None]:
        """Return a task's identity, and the error of a task that makes no valid request.

        Parameters
        ----------
        used
            Number of tasks with each id so far. Equal tasks without a ``task_id`` are numbered; ids that the caller
            chose must differ.
        """
        fallback = TaskIdentity(getattr(task, "task_id", "") or f"task-{place}", "", {})
        if not isinstance(task, LLMTask):
            return fallback, RequestError(f"it is a {type(task).__name__}, and tasks are objects of LLMTask's classes")
        try:
            task_id = task.id
            data = task.checkpoint_data()
            digest = ""
            if self.checkpoint is not None and self.llm is not None:
                digest = task.digest(*identity(self.llm, task.call_parameters()))
                if data:
                    check_recordable(data)
        except AitaError as error:
            return fallback, error
        except Exception as error:  # noqa: BLE001 - an error in the task's own code fails only this task
            return fallback, own_code_error(error, "messages(), given() and checkpoint_data()")
        used[task_id] = used.get(task_id, 0) + 1
        if used[task_id] > 1 and task.task_id:
            repeated = RequestError("its id is that of an earlier task of this batch: give each its own task_id")
            return TaskIdentity(task_id, digest, data), repeated
        if used[task_id] > 1:
            task_id = f"{task_id}-{used[task_id]}"
        return TaskIdentity(task_id, digest, data), None

    def _put(self, place: int, result: TaskResult) -> None:
        with self._lock:
            self._results[place] = result
            self.ended += 1
            self.failed += not result.success
            if not result.resumed and self.cost is not None:
                self.cost = None if result.paid.unpriced_calls else self.cost + result.paid.cost_usd
        if self.on_result is not None:
            self.on_result(result)


def own_code_error(error: BaseException, where: str) -> TaskCodeError:
    """Return the error of a task whose own code raised an exception in one of the methods ``where``."""
    return TaskCodeError(f"the task's own code raised {raised(error)}: see its {where}")


def error_text(error: AitaError) -> str:
    """Return an error as a result has it: the class and the message."""
    return f"{type(error).__name__}: {error}"


def _result(
    identified: TaskIdentity,
    calls: TaskCalls,
    *,
    result: Any = None,
    error: str | None = None,
    resumed: bool = False,
    before: Usage = NO_USAGE,
) -> TaskResult:
    return TaskResult(
        task_id=identified.task_id,
        success=error is None,
        result=result,
        raw_response=calls.last_reply,
        error=error,
        retry_count=max(0, calls.made - 1),
        execution_time=calls.seconds,
        usage=calls.spent.usage,
        metadata=identified.data,
        resumed=resumed,
        usage_before=before,
    )
