"""Conversations of a batch whose calls are made by the stack: each task's next request and result."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from aita.errors import AitaError, InvalidReplyError, NotRun, RequestError, TaskError
from aita.executor.chat_runs import LineReply
from aita.models.result import TaskResult
from aita.models.run import Usage
from aita.services.calls.conversation import Conversation, converse
from aita.tasks.llm_task import LLMTask
from aita.tasks.request import LLMRequest


@dataclass(slots=True)
class PendingTask:
    """Unfinished task: its conversation, its present request, and its usage so far.

    ``fresh`` is true if its requests bypass the stack's cache; ``seconds`` is the duration of its calls.
    """

    conversation: Conversation
    request: LLMRequest
    data: dict[str, Any]
    fresh: bool = False
    reply: str | None = None
    requests: int = 0
    seconds: float = 0.0
    usage: Usage = field(default_factory=Usage)

    @property
    def from_cache(self) -> bool:
        """Whether all of its replies came from the cache."""
        return self.requests > 0 and self.usage.calls == 0


class Conversations:
    """Tasks of one execution.

    Parameters
    ----------
    retry_failed
        Whether a task that failed with cached replies only is asked again without the cache.
    """

    def __init__(self, tasks: Sequence[LLMTask[Any]], *, retry_failed: bool) -> None:
        self._tasks = tasks
        self._retry_failed = retry_failed
        self._ids: list[str] = []
        self._results: dict[int, TaskResult] = {}
        self.open: dict[int, PendingTask] = {}
        used_ids: set[str] = set()
        for place, task in enumerate(tasks):
            self._begin(place, task, used_ids)

    @property
    def total(self) -> int:
        """Number of tasks."""
        return len(self._tasks)

    @property
    def ended(self) -> int:
        """Number of finished tasks."""
        return len(self._results)

    @property
    def failed(self) -> int:
        """Number of failed tasks."""
        return sum(not result.success for result in self._results.values())

    def accept_reply(self, place: int, answered: LineReply) -> None:
        """Pass the result of a call to its task, which ends or makes its next request."""
        each = self.open[place]
        each.requests += answered.asks
        each.seconds += answered.latency_ms / 1000
        each.usage += answered.usage
        if answered.result is None:
            self._end(place, error=answered.error or "TaskError: the stack gave no reason")
            return
        text = each.reply = answered.result.text
        self._advance(place, lambda: each.conversation.send(text))

    def fail(self, place: int, error: AitaError) -> None:
        """End a task with an error."""
        self._end(place, error=_error_text(error))

    def results(self, stopped: str | None) -> tuple[TaskResult, ...]:
        """Return the result of every task; ``stopped`` is the reason in the results of unfinished tasks."""
        not_run = NotRun(f"{stopped or 'the batch stopped'}: execute the batch again to run this task")
        for place in list(self.open):
            self.fail(place, not_run)
        return tuple(self._results[place] for place in range(len(self._tasks)))

    def _begin(self, place: int, task: LLMTask[Any], used_ids: set[str]) -> None:
        self._ids.append(task.task_id or f"task-{place}")
        try:
            self._ids[place] = _new_id(task, used_ids)
            data = task.checkpoint_data()
            json.dumps(data)
            provided = task.given()
            if provided is None:
                conversation = converse(task)
                self.open[place] = PendingTask(conversation, next(conversation), data)
            else:
                self._results[place] = TaskResult(self._ids[place], success=True, result=provided, metadata=data)
        except AitaError as error:
            self._results[place] = TaskResult(self._ids[place], success=False, error=_error_text(error))
        except Exception as error:  # noqa: BLE001 - as in _advance()
            raised = f"the task's own code raised {type(error).__name__}"
            failure = TaskError(f"{raised}: see its messages(), given() and checkpoint_data()")
            self._results[place] = TaskResult(self._ids[place], success=False, error=_error_text(failure))

    def _advance(self, place: int, step: Callable[[], LLMRequest]) -> None:
        """Take a step of a task's conversation, which returns its next request or ends the task."""
        each = self.open[place]
        try:
            each.request = step()
        except StopIteration as done:
            self._end(place, result=done.value)
        except InvalidReplyError as error:
            if each.fresh or not each.from_cache or not self._retry_failed:
                self.fail(place, error)
            else:  # all replies came from the cache: a new reply may be valid
                each.fresh, each.conversation = True, converse(self._tasks[place])
                self._advance(place, lambda: next(each.conversation))
        except AitaError as error:
            self.fail(place, error)
        except Exception as error:  # noqa: BLE001 - an error in the task's own code fails only this task
            raised = f"the task's own code raised {type(error).__name__}"
            self.fail(place, TaskError(f"{raised}: see its messages(), parse() and salvage()"))

    def _end(self, place: int, result: Any = None, error: str | None = None) -> None:
        each = self.open.pop(place)
        self._results[place] = TaskResult(
            task_id=self._ids[place],
            success=error is None,
            result=result,
            raw_response=each.reply,
            error=error,
            retry_count=max(0, each.requests - 1),
            execution_time=each.seconds,
            usage=each.usage,
            metadata=each.data,
            resumed=each.from_cache,
        )


def _new_id(task: LLMTask[Any], used_ids: set[str]) -> str:
    task_id = task.id
    if task_id in used_ids:
        raise RequestError("its id is that of an earlier task of this batch: give each its own task_id")
    used_ids.add(task_id)
    return task_id


def _error_text(error: AitaError) -> str:
    return f"{type(error).__name__}: {error}"
