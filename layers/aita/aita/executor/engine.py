"""Engine in process: threads that make the calls of a batch's tasks, at the rate of the limiter."""

import hashlib
import logging
import random
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aita.errors import (
    AitaError,
    BudgetReached,
    CallError,
    MissingInputError,
    NotRun,
    ProviderBusy,
    RunStopped,
    TaskError,
)
from aita.executor.cap import Cap
from aita.models.rate_limits import Rates
from aita.models.run import Usage
from aita.ports import LLM, RateLimiter, Reply
from aita.services.calls import retry_backoff
from aita.services.calls.conversation import converse, require_complete
from aita.services.calls.forbidden_calls import Refusals
from aita.services.calls.model_identity import effort_of
from aita.services.calls.prompt_cache_gate import PromptCacheGate
from aita.tasks.batchable import BatchableLLMTask
from aita.tasks.llm_task import LLMTask
from aita.tasks.request import LLMRequest
from aita.tasks.tokens import expected_tokens

logger = logging.getLogger(__name__)

_REFRESH = 0.2
"""Interval at which the progress is refreshed, in seconds."""


@dataclass(slots=True)
class TaskUsage:
    """Usage of a task's calls so far: their number, tokens and cost, duration in seconds, and the last reply."""

    calls: int = 0
    usage: Usage = field(default_factory=Usage)
    seconds: float = 0.0
    reply: str | None = None


@dataclass(frozen=True, slots=True)
class TaskEnd:
    """End of a task: its result or error; NotRun if the batch stopped before the task was finished."""

    spent: TaskUsage
    result: Any = None
    error: AitaError | None = None


OnTaskEnd = Callable[[int, TaskEnd], None]
"""Called with a task's place in its batch, and its end."""


@dataclass
class Engine:
    """Runs groups of tasks, each of which shares a call. One engine runs one batch.

    Parameters
    ----------
    llm, limiter
        Model and its rate limiter.
    gate
        Gate that delays calls until their prefix is cached; ``None`` without prefix scheduling.
    configured
        Configured rate limits.
    on_task_end
        Called in the worker's thread for each started task.
    cap
        Cost cap of the batch, if it has one.
    refusals
        Classifier of refusals.
    """

    llm: LLM
    limiter: RateLimiter
    gate: PromptCacheGate | None
    configured: Rates
    on_task_end: OnTaskEnd
    cap: Cap | None = None
    refusals: Refusals = field(default_factory=Refusals)
    stopping: threading.Event = field(default_factory=threading.Event)
    reason: str | None = None
    _crash: BaseException | None = None
    _working: int = 0
    _idle: threading.Event = field(default_factory=threading.Event)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def run(self, groups: Iterable[list[tuple[int, LLMTask[Any]]]], workers: int, refresh: Callable[[], None]) -> None:
        """Run every group, and return when all calls have ended.

        Parameters
        ----------
        workers
            Number of threads.
        refresh
            Called a few times a second.

        Raises
        ------
        KeyboardInterrupt
            When interrupted, after the calls in flight have ended; immediately at a second interrupt.
        """
        waiting = iter(groups)
        threads = [threading.Thread(target=self._work, args=(waiting,), daemon=True) for _ in range(workers)]
        self._working = workers
        try:
            _start(threads)
            self._wait(threads, refresh)
        except BaseException as error:
            self.stop("it was interrupted" if isinstance(error, KeyboardInterrupt) else "it failed")
            self._wait(threads, lambda: None)
            raise
        if self._crash is not None:
            raise self._crash

    def stop(self, reason: str) -> None:
        """Start no more calls; the first reason is kept."""
        with self._lock:
            first, self.reason = self.reason is None, self.reason or reason
        self.stopping.set()
        if first:
            logger.warning("the batch stops: %s", reason)

    def _wait(self, threads: list[threading.Thread], refresh: Callable[[], None]) -> None:
        """Wait until all threads have ended; safe to repeat after an interrupt at any point."""
        while any(thread.is_alive() for thread in threads):
            refresh()
            self._idle.wait(_REFRESH)
        refresh()

    def _work(self, waiting: Iterator[list[tuple[int, LLMTask[Any]]]]) -> None:
        try:
            while not self.stopping.is_set():
                with self._lock:
                    members = next(waiting, None)
                if members is None:
                    break
                self._run(members)
        except BaseException as error:  # noqa: BLE001 - raised again in the caller's thread
            self._crash = self._crash or error
            self.stop("it failed")
        finally:
            with self._lock:
                self._working -= 1
                if self._working == 0:
                    self._idle.set()

    def _run(self, members: list[tuple[int, LLMTask[Any]]]) -> None:
        spent = TaskUsage()
        parts: list[str | None] = [None] * len(members)
        if len(members) > 1:
            parts = self._ask_together([task for _, task in members], spent)
            spent.reply = None  # a shared reply belongs to no single task
        # The task with the first part carries the usage of all, so that the sum over tasks is the amount paid.
        order = sorted(range(len(members)), key=lambda number: parts[number] is None)
        for number in order:
            place, task = members[number]
            self.on_task_end(place, self._finish_task(task, parts[number], spent))
            spent = TaskUsage()

    def _ask_together(self, tasks: list[LLMTask[Any]], spent: TaskUsage) -> list[str | None]:
        """Return each task's part of a shared reply; ``None`` for tasks that must be asked alone."""
        batchable = [task for task in tasks if isinstance(task, BatchableLLMTask)]
        no_parts: list[str | None] = [None] * len(tasks)
        try:
            combined = batchable[0].combine_with(batchable[1:])
            reply = self._reply(combined.request(), spent)
            result = combined.parse(require_complete(reply.text, reply.finish_reason, refusal=reply.refusal))
            parts = list(batchable[0].split_batch_result(result, batchable))
        except (TaskError, NotRun, RunStopped):
            return no_parts
        except Exception:  # noqa: BLE001 - after an error in a task's own code, each task is asked alone
            return no_parts
        return parts if len(parts) == len(tasks) else no_parts

    def _finish_task(self, task: LLMTask[Any], part: str | None, spent: TaskUsage) -> TaskEnd:
        """Return the end of a task, by its part of a shared reply or, if that is missing or invalid, by own calls."""
        if part is not None:
            try:
                result = task.parse(part)
            except Exception:  # noqa: BLE001 - also of the task's own code, which is reported when asked alone
                return self._ask_alone(task, spent)
            spent.reply = part
            return TaskEnd(spent, result)
        return self._ask_alone(task, spent)

    def _ask_alone(self, task: LLMTask[Any], spent: TaskUsage) -> TaskEnd:
        """Return the end of a task after calls of its own; its usage counts even if the batch stops before its end."""
        try:
            provided = task.given()
            if provided is not None:
                return TaskEnd(spent, provided)
            return TaskEnd(spent, self._converse(task, spent))
        except RunStopped as stopped:
            return TaskEnd(spent, error=NotRun(str(stopped)))
        except AitaError as error:
            return TaskEnd(spent, error=error)
        except Exception as error:  # noqa: BLE001 - an error in the task's own code fails only this task
            raised = f"the task's own code raised {type(error).__name__}"
            return TaskEnd(spent, error=TaskError(f"{raised}: see its messages(), given(), parse() and salvage()"))

    def _converse(self, task: LLMTask[Any], spent: TaskUsage) -> Any:
        conversation = converse(task)
        request = next(conversation)
        while True:
            reply = self._reply(request, spent)
            text = require_complete(reply.text, reply.finish_reason, refusal=reply.refusal)
            try:
                request = conversation.send(text)
            except StopIteration as done:
                return done.value

    def _reply(self, request: LLMRequest, spent: TaskUsage) -> Reply:
        """Return the reply to a request; repeat the call while the provider is busy."""
        prefix = None if self.gate is None else self.gate.wait(request, f"{self.llm.provider} {self.llm.model}")
        failures, failing_since = 0, 0.0
        while True:
            with self._within_cap(request, spent):
                self._admit(request)
                started = time.monotonic()
                answer = self._call(request, spent)
            if not isinstance(answer, ProviderBusy):
                break
            failures, failing_since = failures + 1, failing_since or started
            self._wait_for_provider(answer, failures, time.monotonic() - failing_since)
        spent.reply = answer.text
        self.refusals.record_answer()
        if answer.limits:
            self.limiter.learn(answer.limits)
        if prefix is not None and self.gate is not None:
            self.gate.mark_filled(prefix)
        return answer

    @contextmanager
    def _within_cap(self, request: LLMRequest, spent: TaskUsage) -> Iterator[None]:
        """Commit the call's highest cost on entry, waiting for room in the batch's cap, and settle it on exit.

        Raises
        ------
        NotRun
            If the cap has no room. The batch stops.
        """
        if self.cap is None:
            yield
            return
        try:
            committed = self.cap.commit(request)
        except BudgetReached as reached:
            self.stop(str(reached))
            raise NotRun(str(reached)) from None
        before = spent.usage
        try:
            yield
        finally:
            self.cap.settle(committed, None if spent.usage is before else spent.usage - before)

    def _call(self, request: LLMRequest, spent: TaskUsage) -> Reply | ProviderBusy:
        """Make one call, with its images in memory only during the call."""
        images = _load(request)
        started = time.monotonic()
        spent.calls += 1
        try:
            reply = self.llm.complete(request, images)
            spent.usage += self.llm.price(reply)
        except CallError as error:
            if error.may_be_paid:
                spent.usage += Usage(calls=1, unpriced_calls=1)
            if isinstance(error, ProviderBusy):
                # The traceback's frames would keep the images and the request's body in memory while the task waits.
                error.__traceback__ = error.__context__ = None
                return error
            failure = self.refusals.classify(error)
            if isinstance(failure, RunStopped):
                self.stop(str(failure))
            raise failure from None
        except AitaError:
            raise
        except Exception as error:
            raise TaskError(f"the llm_client raised {type(error).__name__}, which is no error of aita's") from error
        finally:
            spent.seconds += time.monotonic() - started
        return reply

    def _admit(self, request: LLMRequest) -> None:
        """Wait until the limiter lets the call through.

        Raises
        ------
        NotRun
            If the batch stops.
        """
        tokens = expected_tokens(request, effort_of(self.llm))
        slot = self.limiter.reserve(self.configured, tokens)
        while slot.wait > 0 and not self.stopping.wait(slot.wait):
            slot = self.limiter.reserve(self.configured, tokens, reservation=slot.available_at)
        if self.stopping.is_set():
            raise NotRun(self.reason or "the batch stopped")

    def _wait_for_provider(self, busy: ProviderBusy, failures: int, waited: float) -> None:
        """Close the limiter for all calls if the provider named a time to wait, else back off.

        Parameters
        ----------
        failures
            Number of failures in a row.
        waited
            Seconds since the first of them.
        """
        logger.info("waiting for the provider: %s", busy)
        if reason := retry_backoff.reason_to_give_up(waited):
            self.stop(reason)
        elif busy.retry_after:
            self.limiter.close(
                self.configured, busy.retry_after, Rates(busy.requests_per_second, busy.tokens_per_minute)
            )
        else:
            self.stopping.wait(retry_backoff.backoff(failures, random.uniform))


def _start(threads: list[threading.Thread]) -> None:
    """Start as many of the threads as the system allows."""
    for number, thread in enumerate(threads):
        try:
            thread.start()
        except RuntimeError:
            if number == 0:
                raise
            logger.warning("the system lets %d of %d threads start: the batch goes on with those", number, len(threads))
            return


def _load(request: LLMRequest) -> Mapping[str, bytes]:
    """Return the bytes of a request's images, by SHA-256.

    Raises
    ------
    MissingInputError
        If a file can't be read, or has changed since the task was made.
    """
    images = {}
    for message in request.messages:
        for image in message.images:
            try:
                data = Path(image.key).read_bytes()
            except OSError as error:
                raise MissingInputError(f"an image of this task can't be read: {error.strerror or error}") from None
            if hashlib.sha256(data).hexdigest() != image.sha256:
                raise MissingInputError("an image of this task was changed while its batch ran: run it again")
            images[image.sha256] = data
    return images
