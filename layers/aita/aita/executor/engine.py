"""The engine in process: threads that make the calls of tasks, each just when the limiter says."""

import hashlib
import itertools
import logging
import random
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aita.errors import AitaError, MissingInput, NotRun, ProviderBusy, RunStopped, TaskError
from aita.models.rate import Rates
from aita.models.run import Usage
from aita.services import patience
from aita.services.conversation import converse, usable
from aita.services.prefix_gate import PrefixGate
from aita.services.protocols import LLM, RateLimiter, Reply
from aita.tasks.batchable import BatchableLLMTask
from aita.tasks.llm_task import LLMTask, judged
from aita.tasks.request import LLMRequest
from aita.tasks.tokens import expected_tokens

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class Spent:
    """What a task's calls took so far: how many there were, what they used, seconds, and the last reply."""

    calls: int = 0
    usage: Usage = field(default_factory=Usage)
    seconds: float = 0.0
    reply: str | None = None


@dataclass(frozen=True, slots=True)
class Ended:
    """What came of a task: its result, or why there is none."""

    spent: Spent
    result: Any = None
    error: AitaError | None = None


Done = Callable[[int, Ended], None]
"""Takes the place of a task in its batch, and what came of it."""


@dataclass
class Engine:
    """Runs groups of tasks; those of a group share a call. One is made for each batch.

    Parameters
    ----------
    llm, limiter, gate
        The model, its limits, and what holds calls back until their prefix is cached, if anything.
    told
        The limits to keep.
    done
        Called in the worker's thread for each task that has ended.
    """

    llm: LLM
    limiter: RateLimiter
    gate: PrefixGate | None
    told: Rates
    done: Done
    stopping: threading.Event = field(default_factory=threading.Event)
    reason: str | None = None
    _crash: BaseException | None = None
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
        ended = threading.Semaphore(0)
        threads = [threading.Thread(target=self._work, args=(waiting, ended), daemon=True) for _ in range(workers)]
        for thread in threads:
            thread.start()
        left, interrupted = workers, False
        while left:
            try:
                left -= ended.acquire(timeout=0.2)
                refresh()
            except KeyboardInterrupt:
                if interrupted:
                    raise
                interrupted = True
                self.stop("it was interrupted")
        if self._crash is not None:
            raise self._crash
        if interrupted:
            raise KeyboardInterrupt

    def stop(self, reason: str) -> None:
        """Let no more calls begin; the first reason counts."""
        logger.warning("the batch stops: %s", reason)
        with self._lock:
            self.reason = self.reason or reason
        self.stopping.set()

    def _work(self, waiting: Iterator[list[tuple[int, LLMTask[Any]]]], ended: threading.Semaphore) -> None:
        try:
            while not self.stopping.is_set():
                with self._lock:
                    members = next(waiting, None)
                if members is None:
                    break
                self._run(members)
        except BaseException as error:  # noqa: BLE001 - raised again in the caller's thread
            self._crash = error
            self.stop("it failed")
        finally:
            ended.release()

    def _run(self, members: list[tuple[int, LLMTask[Any]]]) -> None:
        spent = Spent()
        parts: list[str | None] = [None] * len(members)
        if len(members) > 1:
            parts = self._ask_together([task for _, task in members], spent)
        # Whoever gets the first part carries what all of them took, so that sums are what was paid.
        order = sorted(range(len(members)), key=lambda number: parts[number] is None)
        for number in order:
            place, task = members[number]
            ended = self._take(task, parts[number], spent)
            if ended is not None:
                self.done(place, ended)
            spent = Spent()

    def _ask_together(self, tasks: list[LLMTask[Any]], spent: Spent) -> list[str | None]:
        """Return each task's part of one reply; ``None`` for those that are to be asked alone."""
        batchable = [task for task in tasks if isinstance(task, BatchableLLMTask)]
        alone: list[str | None] = [None] * len(tasks)
        try:
            combined = batchable[0].combine_with(batchable[1:])
            reply = self._reply(combined.request(), spent)
            result = combined.parse(usable(reply.text, reply.finish_reason, refusal=reply.refusal))
            parts = list(batchable[0].split_batch_result(result, batchable))
        except (TaskError, NotRun, RunStopped):
            return alone
        except Exception:  # noqa: BLE001 - the code of whoever wrote the task: each is asked alone
            return alone
        return parts if len(parts) == len(tasks) else alone

    def _take(self, task: LLMTask[Any], part: str | None, spent: Spent) -> Ended | None:
        """Return what a part of a shared reply makes of its task, or what asking it alone does."""
        if part is not None:
            try:
                result = judged(task.parse, part)  # what it was given is the kind's own code's
            except TaskError:
                pass
            else:
                spent.reply = part
                return Ended(spent, result)
        return self._ask_alone(task, spent)

    def _ask_alone(self, task: LLMTask[Any], spent: Spent) -> Ended | None:
        """Return what came of a task, or ``None`` if the batch stopped before it had an end."""
        try:
            given = task.given()
            if given is not None:
                return Ended(spent, given)
            return Ended(spent, self._converse(task, spent))
        except (NotRun, RunStopped):
            return None
        except TaskError as error:
            return Ended(spent, error=error)
        except Exception as error:  # noqa: BLE001 - the code of whoever wrote the task: only this task fails by it
            message = f"the task's own code raised {type(error).__name__}: see its messages() and given()"
            return Ended(spent, error=TaskError(message))

    def _converse(self, task: LLMTask[Any], spent: Spent) -> Any:
        conversation = converse(task)
        request = next(conversation)
        while True:
            reply = self._reply(request, spent)
            text = usable(reply.text, reply.finish_reason, refusal=reply.refusal)
            try:
                request = conversation.send(text)
            except StopIteration as done:
                return done.value

    def _reply(self, request: LLMRequest, spent: Spent) -> Reply:
        """Call until the provider answers."""
        images = _load(request)
        failing_since: float | None = None
        for failures in itertools.count(1):
            prefix = self._admit(request)
            started = time.monotonic()
            spent.calls += 1
            try:
                reply = self.llm.complete(request, images)
            except ProviderBusy as busy:
                failing_since = failing_since or started
                self._wait(busy, failures, time.monotonic() - failing_since)
            except RunStopped as stopped:
                self.stop(str(stopped))
                raise
            else:
                break
            finally:
                spent.seconds += time.monotonic() - started
        spent.usage += self.llm.price(reply)
        spent.reply = reply.text
        if reply.limits:
            self.limiter.learn(reply.limits)
        if prefix is not None and self.gate is not None:
            self.gate.filled(prefix)
        return reply

    def _admit(self, request: LLMRequest) -> str | None:
        """Wait until the call may be made; return the prefix whose cache it is to fill, if any."""
        context = f"{self.llm.provider} {self.llm.model}"
        prefix = None if self.gate is None else self.gate.wait(request, context)
        tokens = expected_tokens(request)
        slot = self.limiter.reserve(self.told, tokens)
        while slot.wait > 0 and not self.stopping.wait(slot.wait):
            slot = self.limiter.reserve(self.told, tokens, held=slot.due)
        if self.stopping.is_set():
            raise NotRun(self.reason or "the batch stopped")
        return prefix

    def _wait(self, busy: ProviderBusy, failures: int, waited: float) -> None:
        """Do what a provider's failure asks for: close the limiter for everyone, or wait longer each time."""
        logger.info("waiting for the provider: %s", busy)
        if reason := patience.exhausted(waited):
            self.stop(reason)
        elif busy.retry_after:
            self.limiter.close(self.told, busy.retry_after, Rates(busy.requests_per_second, busy.tokens_per_minute))
        else:
            self.stopping.wait(patience.backoff(failures, random.uniform))


def _load(request: LLMRequest) -> Mapping[str, bytes]:
    """Return the images of a request by their SHA-256.

    Raises
    ------
    MissingInput
        If a file is gone, or holds something else than when the task was made.
    """
    images = {}
    for message in request.messages:
        for image in message.images:
            try:
                data = Path(image.key).read_bytes()
            except OSError as error:
                raise MissingInput(f"an image of this task can't be read: {error.strerror or error}") from None
            if hashlib.sha256(data).hexdigest() != image.sha256:
                raise MissingInput("an image of this task was changed while its batch ran: run it again")
            images[image.sha256] = data
    return images
