"""Conversations of a batch whose calls are made by the stack: each task's next request and result."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from aita.errors import AitaError, InvalidReplyError
from aita.executor.chat_runs import LineReply
from aita.executor.ledger import Ledger, TaskEnd, own_code_error
from aita.models.call_usage import CallUsage
from aita.models.result import OnResult, TaskResult
from aita.services.calls.call_loop import TaskCalls
from aita.services.calls.conversation import Conversation, converse
from aita.tasks.llm_task import LLMTask
from aita.tasks.request import LLMRequest


@dataclass(slots=True)
class PendingTask:
    """Unfinished task: its conversation, its present request, and its calls so far.

    ``fresh`` is true if its requests bypass the stack's cache.
    """

    conversation: Conversation
    request: LLMRequest
    fresh: bool = False
    calls: TaskCalls = field(default_factory=TaskCalls)

    @property
    def from_cache(self) -> bool:
        """Whether all of its replies came from the cache."""
        return self.calls.made > 0 and self.calls.spent.usage.calls == 0


class Conversations:
    """Tasks of one execution.

    Parameters
    ----------
    on_result
        Called with the result of each task as it ends.
    retry_failed
        Whether a task that failed with cached replies only is asked again without the cache.
    """

    def __init__(self, tasks: Sequence[LLMTask[Any]], on_result: OnResult | None = None, *, retry_failed: bool) -> None:
        self._ledger = Ledger(tuple(tasks), on_result=on_result)
        self._retry_failed = retry_failed
        self._ledger.open(retry_failed=retry_failed)
        self.open: dict[int, PendingTask] = {}
        for place, task in self._ledger.unfinished():
            self._begin(place, task)

    @property
    def total(self) -> int:
        """Number of tasks."""
        return len(self._ledger.tasks)

    @property
    def ended(self) -> int:
        """Number of finished tasks."""
        return self._ledger.ended

    @property
    def failed(self) -> int:
        """Number of failed tasks."""
        return self._ledger.failed

    def accept_reply(self, place: int, answered: LineReply) -> None:
        """Pass the result of a call to its task, which ends or makes its next request."""
        each = self.open[place]
        each.calls.made += answered.asks
        each.calls.seconds += answered.latency_ms / 1000
        each.calls.spent += CallUsage(usage=answered.usage)
        if answered.result is None:
            self._end(place, error=answered.error or "TaskError: the stack gave no reason")
            return
        text = each.calls.last_reply = answered.result.text
        self._advance(place, lambda: each.conversation.send(text))

    def fail(self, place: int, error: AitaError) -> None:
        """End a task with an error."""
        self._end(place, error=error)

    def results(self, stopped: str | None) -> tuple[TaskResult, ...]:
        """Return the result of every task; ``stopped`` is the reason in the results of unfinished tasks."""
        for place in self.open:
            self._ledger.keep_calls(place, self.open[place].calls)
        return self._ledger.results(stopped, "execute the batch again to run this task")

    def _begin(self, place: int, task: LLMTask[Any]) -> None:
        try:
            provided = task.given()
            if provided is None:
                conversation = converse(task)
                self.open[place] = PendingTask(conversation, next(conversation))
                return
        except AitaError as error:
            self._ledger.end(place, TaskEnd(TaskCalls(), error=error))
        except Exception as error:  # noqa: BLE001 - as in _advance()
            self._ledger.end(place, TaskEnd(TaskCalls(), error=own_code_error(error, "messages() and given()")))
        else:
            self._ledger.end(place, TaskEnd(TaskCalls(), provided))

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
                each.fresh, each.conversation = True, converse(self._ledger.tasks[place])
                self._advance(place, lambda: next(each.conversation))
        except AitaError as error:
            self.fail(place, error)
        except Exception as error:  # noqa: BLE001 - an error in the task's own code fails only this task
            self.fail(place, own_code_error(error, "messages(), parse() and salvage()"))

    def _end(self, place: int, *, result: Any = None, error: AitaError | str | None = None) -> None:
        each = self.open.pop(place)
        self._ledger.end(place, TaskEnd(each.calls, result, error, resumed=each.from_cache))
