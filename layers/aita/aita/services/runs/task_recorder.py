"""Recording how a task ended: its result, its row, the counters."""

from dataclasses import dataclass
from typing import Any, Self

from pydantic_core import PydanticSerializationError, to_jsonable_python

from aita.errors import CallError, TaskError
from aita.models.base import StrictModel
from aita.models.run import Ended, ItemEvent, ItemResponse, Outcome, Ref, TaskRow, TaskStatus, Usage
from aita.ports import Clock, ObjectStore, RunStore, TaskStore
from aita.services.assignments import object_keys
from aita.services.runs.run_cache import RunCache


class TaskFile(StrictModel):
    """A task's result in S3. ``last_reply`` is kept of a task that failed after the model answered.

    ``replies`` are the digests of the cached replies that it used, and ``lacks`` is what its calls were made without.
    """

    task_id: str
    status: Ended
    refs: dict[str, Ref]
    result: Any = None
    error_type: str = ""
    error_message: str = ""
    last_reply: str | None = None
    replies: tuple[str, ...] = ()
    lacks: tuple[str, ...] = ()


class CallUsage(StrictModel):
    """What a task took: how often the model was asked, what that used, the time in its calls, and which replies.

    ``lacks`` is what its calls were made without, as the endpoint had refused it.
    """

    requests: int = 0
    usage: Usage = Usage()
    latency_ms: int = 0
    replies: tuple[str, ...] = ()
    lacks: tuple[str, ...] = ()

    def __add__(self, other: "CallUsage") -> "CallUsage":
        return CallUsage(
            requests=self.requests + other.requests,
            usage=self.usage + other.usage,
            latency_ms=self.latency_ms + other.latency_ms,
            replies=(*self.replies, *other.replies),
            lacks=tuple(dict.fromkeys((*self.lacks, *other.lacks))),
        )


class Executed(StrictModel):
    """What became of an item in one invocation: the answer to the state machine, and what it took.

    ``ends`` counts how its tasks ended, where several share the item.
    """

    answer: ItemResponse
    spent: CallUsage = CallUsage()
    ends: dict[Outcome, int] = {}

    @classmethod
    def skipped(cls) -> Self:
        """Return what an item of a stopped run or an earlier attempt comes to."""
        return cls(answer=ItemResponse(outcome=Outcome.SKIPPED))


@dataclass(frozen=True, slots=True)
class Recorder:
    """Records ends of tasks. A task that is recorded twice changes nothing.

    ``lists`` tells whether it keeps the run's line in the list of runs fresh: who parses what strangers made may not
    write beside people's decisions, and leaves the line to Collect.
    """

    runs: RunStore
    tasks: TaskStore
    objects: ObjectStore
    watch: RunCache
    clock: Clock
    lists: bool = True

    def succeeded(self, event: ItemEvent, result: Any, spent: CallUsage) -> Executed:
        """Keep the result, then the row, then count; a result that is no JSON fails its task."""
        try:
            plain = to_jsonable_python(result)
        except PydanticSerializationError:
            error = TaskError("the task's result can't be written as JSON: let its validate_reply return a model")
            return self.failed(event, error, spent)
        file = TaskFile(
            task_id=event.item.task_id,
            status=TaskStatus.SUCCEEDED,
            refs=event.item.refs,
            result=plain,
            replies=spent.replies,
            lacks=spent.lacks,
        )
        row = self._row(event, file, spent)
        self._keep(row, file)
        if self.tasks.record(event.run_id, row):
            self._count(event, row)
        return Executed(answer=ItemResponse(outcome=Outcome.SUCCEEDED), spent=spent)

    def failed(self, event: ItemEvent, error: CallError, spent: CallUsage, last_reply: str | None = None) -> Executed:
        """Keep the row, then the reason and the last reply, then count; never over a success."""
        file = TaskFile(
            task_id=event.item.task_id,
            status=TaskStatus.FAILED,
            refs=event.item.refs,
            error_type=type(error).__name__,
            error_message=str(error),
            last_reply=last_reply,
            replies=spent.replies,
        )
        row = self._row(event, file, spent)
        if self.tasks.record(event.run_id, row):
            self._keep(row, file)
            self._count(event, row)
        return Executed(answer=ItemResponse(outcome=Outcome.FAILED), spent=spent)

    def _keep(self, row: TaskRow, file: TaskFile) -> None:
        self.objects.put(row.result_key, file.model_dump_json().encode())

    def _count(self, event: ItemEvent, row: TaskRow) -> None:
        run = self.runs.count(event.run_id, event.stage, row)
        self.watch.refresh(run)
        counts = run.stages.get(event.stage)  # none in a later attempt that has not come to this stage
        if self.lists and counts is not None and counts.ended % run.settings.checkpoint_interval == 0:
            self.runs.summarise(run)

    def _row(self, event: ItemEvent, file: TaskFile, spent: CallUsage) -> TaskRow:
        return TaskRow(
            task_id=file.task_id,
            stage=event.stage,
            status=file.status,
            attempt=event.attempt,
            asks=spent.requests,
            result_key=object_keys.result(event.run_id, event.stage, file.task_id),
            error_type=file.error_type,
            error_message=file.error_message,
            usage=spent.usage,
            latency_ms=spent.latency_ms,
            refs=file.refs,
            ended_at=self.clock(),
        )
