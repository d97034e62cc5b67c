"""Recording of finished tasks: result file, row and counters."""

from dataclasses import dataclass
from typing import Any, Self

from pydantic_core import PydanticSerializationError, to_jsonable_python

from aita.errors import CallError, TaskError
from aita.models.base import StrictModel
from aita.models.call_usage import CallUsage
from aita.models.run import Ended, ItemEvent, ItemResponse, Outcome, Ref, TaskRow, TaskStatus
from aita.ports import Clock, ObjectStore, RunStore, TaskStore
from aita.services.assignments import object_keys
from aita.services.runs.run_cache import RunCache


class TaskFile(StrictModel):
    """Result file of a task. ``last_reply`` is the last reply to a task that failed.

    ``replies`` are the digests of the cached replies that the task used, and ``lacks`` the request parameters that the
    endpoint had refused and its calls left out.
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


class Executed(StrictModel):
    """Outcome of an item in one invocation: the response to the state machine, and the usage.

    ``ends`` counts the outcomes of the item's tasks, if it has several.
    """

    answer: ItemResponse
    spent: CallUsage = CallUsage()
    ends: dict[Outcome, int] = {}

    @classmethod
    def skipped(cls) -> Self:
        """Return the outcome of an item whose run has stopped or begun another attempt."""
        return cls(answer=ItemResponse(outcome=Outcome.SKIPPED))


@dataclass(frozen=True, slots=True)
class Recorder:
    """Records finished tasks; idempotent.

    Parameters
    ----------
    updates_summary
        Whether the recorder also updates the run's summary. A function that parses uploaded files may not write to the
        partition of summaries, and leaves them to Collect.
    """

    runs: RunStore
    tasks: TaskStore
    objects: ObjectStore
    watch: RunCache
    clock: Clock
    updates_summary: bool = True

    def succeeded(self, event: ItemEvent, result: Any, spent: CallUsage) -> Executed:
        """Write the result file, then the row, then the counters. A result that is not JSON fails its task."""
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
        self._write_file(row, file)
        if self.tasks.record(event.run_id, row):
            self._count(event, row)
        return Executed(answer=ItemResponse(outcome=Outcome.SUCCEEDED), spent=spent)

    def failed(self, event: ItemEvent, error: CallError, spent: CallUsage, last_reply: str | None = None) -> Executed:
        """Write the row, then the result file with reason and last reply, then the counters; not over a success."""
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
            self._write_file(row, file)
            self._count(event, row)
        return Executed(answer=ItemResponse(outcome=Outcome.FAILED), spent=spent)

    def _write_file(self, row: TaskRow, file: TaskFile) -> None:
        self.objects.put(row.result_key, file.model_dump_json().encode())

    def _count(self, event: ItemEvent, row: TaskRow) -> None:
        run = self.runs.count(event.run_id, event.stage, row)
        self.watch.refresh(run)
        counts = run.stages.get(event.stage)  # none in a later attempt that has not reached this stage
        if self.updates_summary and counts is not None and counts.ended % run.settings.checkpoint_interval == 0:
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
