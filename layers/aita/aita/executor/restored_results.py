"""Results restored from the records of a checkpoint: each reply is read by its task as it is now."""

from typing import Any

from aita.errors import BrokenRuleError, DoubtfulReplyError, InvalidReplyError, TaskCodeError, UnparsableReplyError
from aita.executor.checkpoint_lines import Record
from aita.models.result import TaskResult
from aita.tasks.llm_task import LLMTask

_READING_ERRORS = {
    error.__name__ for error in (UnparsableReplyError, BrokenRuleError, DoubtfulReplyError, TaskCodeError)
}
"""Errors of tasks that could not use a whole reply. A refused or truncated one has another."""


def restore_result(
    task: LLMTask[Any], record: Record, metadata: dict[str, Any], *, retry_failed: bool
) -> TaskResult | None:
    """Return the result in a task's record, its reply read by the task as it is now; ``None`` if it must run again.

    A reply because of which the task failed is read once more, too, as it is paid for and the task may have been
    corrected.
    """
    result, error = None, record.error
    if record.reply is not None and _was_read(record):
        try:
            result, error = _parse_again(task, record.reply, salvaged=record.salvaged), None
        except Exception:  # noqa: BLE001 - also of the task's own code, reported when the task runs
            if record.error is None:
                return None
    if error is not None and retry_failed:
        return None
    return TaskResult(
        task_id=record.task_id,
        success=error is None,
        result=result,
        raw_response=record.reply,
        error=error,
        retry_count=max(0, record.calls - 1),
        execution_time=record.seconds,
        usage=record.usage,
        metadata=metadata,
        resumed=True,
    )


def _was_read(record: Record) -> bool:
    """Return whether a recorded reply came whole, so that only the reading of it can have failed."""
    return record.error is None or record.error.partition(":")[0] in _READING_ERRORS


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


def is_salvaged(task: LLMTask[Any], reply: str | None) -> bool:
    """Return whether a task's result was salvaged, by parsing the reply again if the task can salvage."""
    if reply is None or type(task).salvage is LLMTask.salvage:
        return False
    try:
        task.parse(reply)
    except Exception:  # noqa: BLE001 - any error of the task's own code
        return True
    return False
