"""The engine in process: threads that make the calls of tasks, each just when the limiter says."""

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
"""Seconds between two looks at how far the batch is."""


@dataclass(slots=True)
class TaskUsage:
    """What a task's calls took so far: how many there were, what they used, seconds, and the last reply."""

    calls: int = 0
    usage: Usage = field(default_factory=Usage)
    seconds: float = 0.0
    reply: str | None = None


@dataclass(frozen=True, slots=True)
class TaskEnd:
    """What came of a task: its result, or why there is none; NotRun if the batch stopped before it had an end."""

    spent: TaskUsage
    result: Any = None
    error: AitaError | None = None


OnTaskEnd = Callable[[int, TaskEnd], None]
"""Takes the place of a task in its batch, and what came of it."""


@dataclass
class Engine:
    """Runs groups of tasks; those of a group share a call. One is made for each batch.

    Parameters
    ----------
    llm, limiter, gate
        The model, its limits, and what holds calls back until their prefix is cached, if anything.
    configured
        The limits to keep.
    done
        Called in the worker's thread for each task that was begun.
    cap
        What the batch may cost, if that is limited.
    refusals
        What becomes of refusals.
    """

    llm: LLM
    limiter: RateLimiter
    gate: PromptCacheGate | None
    configured: Rates
    done: OnTaskEnd
    cap: Cap | None = None
    refusals: Refusals = field(default_factory=Refusals)
    stopping: threading.Event = field(default_factory=threading.Event)
    reason: str | None = None
    _crash: BaseException | None = None
    _left: int = 0
    _idle: threading.Event = field(default_factory=threading.Event)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def run(self, groups: Iterable[list[tuple[int, LLMTask[Any]]]], workers: int, refresh: Callable[[], None]) -> None:
        """Run every group, and return when all calls have ended.

        Parameters
        ----------
        refresh
            Called a few times a second.

        Raises
        ------
        KeyboardInterrupt
            After the calls in flight have ended; at once if it comes a second time.
        """
        waiting = iter(groups)
        threads = [threading.Thread(target=self._work, args=(waiting,), daemon=True) for _ in range(workers)]
        self._left = workers
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
        """Let no more calls begin; the first reason counts."""
        with self._lock:
            first, self.reason = self.reason is None, self.reason or reason
        self.stopping.set()
        if first:
            logger.warning("the batch stops: %s", reason)

    def _wait(self, threads: list[threading.Thread], refresh: Callable[[], None]) -> None:
        """Wait until no thread works; an interrupt at any point of it leaves nothing uncounted."""
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
                self._left -= 1
                if self._left == 0:
                    self._idle.set()

    def _run(self, members: list[tuple[int, LLMTask[Any]]]) -> None:
        spent = TaskUsage()
        parts: list[str | None] = [None] * len(members)
        if len(members) > 1:
            parts = self._ask_together([task for _, task in members], spent)
            spent.reply = None  # it is no one's alone
        # Whoever gets the first part carries what all of them took, so that sums are what was paid.
        order = sorted(range(len(members)), key=lambda number: parts[number] is None)
        for number in order:
            place, task = members[number]
            self.done(place, self._take(task, parts[number], spent))
            spent = TaskUsage()

    def _ask_together(self, tasks: list[LLMTask[Any]], spent: TaskUsage) -> list[str | None]:
        """Return each task's part of one reply; ``None`` for those that are to be asked alone."""
        batchable = [task for task in tasks if isinstance(task, BatchableLLMTask)]
        alone: list[str | None] = [None] * len(tasks)
        try:
            combined = batchable[0].combine_with(batchable[1:])
            reply = self._reply(combined.request(), spent)
            result = combined.parse(require_complete(reply.text, reply.finish_reason, refusal=reply.refusal))
            parts = list(batchable[0].split_batch_result(result, batchable))
        except (TaskError, NotRun, RunStopped):
            return alone
        except Exception:  # noqa: BLE001 - the code of whoever wrote the task: each is asked alone
            return alone
        return parts if len(parts) == len(tasks) else alone

    def _take(self, task: LLMTask[Any], part: str | None, spent: TaskUsage) -> TaskEnd:
        """Return what a part of a shared reply makes of its task, or what asking it alone does."""
        if part is not None:
            try:
                result = task.parse(part)
            except Exception:  # noqa: BLE001 - also of the task's own code, which then fails when asked alone
                return self._ask_alone(task, spent)
            spent.reply = part
            return TaskEnd(spent, result)
        return self._ask_alone(task, spent)

    def _ask_alone(self, task: LLMTask[Any], spent: TaskUsage) -> TaskEnd:
        """Return what came of a task; what it spent counts also if the batch stopped before it had an end."""
        try:
            given = task.given()
            if given is not None:
                return TaskEnd(spent, given)
            return TaskEnd(spent, self._converse(task, spent))
        except RunStopped as stopped:
            return TaskEnd(spent, error=NotRun(str(stopped)))
        except AitaError as error:
            return TaskEnd(spent, error=error)
        except Exception as error:  # noqa: BLE001 - the code of whoever wrote the task: only this task fails by it
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
        """Call until the provider answers."""
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
        """Let a call be made once the batch's cap, if it has one, has room for it.

        Raises
        ------
        NotRun
            If there is no room; the batch stops.
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
        """Make one call; its images are in memory no longer than that."""
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
                # Where it was raised holds the images and the body made of them, all the while the task waits.
                error.__traceback__ = error.__context__ = None
                return error
            judged = self.refusals.classify(error)
            if isinstance(judged, RunStopped):
                self.stop(str(judged))
            raise judged from None
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
        """Do what a provider's failure asks for: close the limiter for everyone, or wait longer each time."""
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
    """Start as many threads as the system lets a process have."""
    for number, thread in enumerate(threads):
        try:
            thread.start()
        except RuntimeError:
            if number == 0:
                raise
            logger.warning("the system lets %d of %d threads start: the batch goes on with those", number, len(threads))
            return


def _load(request: LLMRequest) -> Mapping[str, bytes]:
    """Return the images of a request by their SHA-256.

    Raises
    ------
    MissingInputError
        If a file is gone, or holds something else than when the task was made.
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
