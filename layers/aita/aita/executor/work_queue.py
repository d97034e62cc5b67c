"""Queue of a batch's work: tasks that were not begun, and tasks that are parked until the provider answers again."""

import heapq
import itertools
import logging
import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from aita.errors import ProviderBusy
from aita.executor.provider_health import ProviderHealth
from aita.models.call_usage import NO_CALLS, CallUsage
from aita.models.run import NO_FAILURES, RetryState, Usage
from aita.services.calls.call_loop import TaskCalls
from aita.services.calls.patience import OtherCalls
from aita.services.calls.reply_cache import CachedReply
from aita.tasks.llm_task import LLMTask

logger = logging.getLogger(__name__)

_FEW = 0.25
"""Failing tasks at the end of a batch that may fail by themselves, as a share of the answered calls."""


@dataclass(slots=True)
class Work:
    """One task, or several that share a call, with their places in the batch.

    ``replies`` are the replies so far by digest, so that a parked task pays for none twice, and ``kept`` the digests of
    the recorded ones. ``carried`` is the usage
    that is not theirs: of lost calls, or of a shared call whose other tasks have ended. ``is_held`` is true if the
    limiter, closed by its last failure, holds all calls.
    """

    members: list[tuple[int, LLMTask[Any]]]
    retry: RetryState = NO_FAILURES
    replies: dict[str, CachedReply] = field(default_factory=dict)
    kept: set[str] = field(default_factory=set)
    carried: CallUsage = NO_CALLS
    made: int = 0
    seconds: float = 0.0
    is_held: bool = False

    def calls(self) -> TaskCalls:
        """Return the calls so far, to which the next ones are added."""
        return TaskCalls(spent=self.carried, made=self.made, seconds=self.seconds)

    def carry(self, calls: TaskCalls) -> None:
        """Keep what must not be forgotten while the work is parked; stored replies count when they are read again."""
        if calls.lost:
            self.carried += CallUsage(usage=Usage(calls=calls.lost, unpriced_calls=calls.lost))
        self.made, self.seconds = calls.made, calls.seconds
        if calls.answered:
            self.retry = NO_FAILURES


class WorkQueue:
    """Hands out work to threads. A failing task is parked, not the thread that made its call.

    While the provider is down, one thread at a time gets work, to probe it; preferably a task that was not begun, as a
    failing one may fail by itself.

    Parameters
    ----------
    fresh
        Groups of tasks that were not begun.
    workers
        Most threads that take work; there are no more than groups.
    now
        Returns seconds.
    """

    def __init__(self, fresh: Sequence[Work], workers: int, now: Callable[[], float]) -> None:
        self._health = ProviderHealth(now)
        self.workers = min(workers, len(fresh))
        self._fresh = deque(fresh)
        self._now = now
        self._parked: list[tuple[float, int, Work]] = []
        self._numbers = itertools.count()
        self._in_hand = 0
        self._after_parked = False  # whether the work before was parked: the next one is fresh, as long as there is any
        self._probing: Work | None = None
        self._stopped = False
        self._changed = threading.Condition()

    def take(self) -> Work | None:
        """Return the next work once there is some; ``None`` if nothing is left or the queue was stopped."""
        with self._changed:
            while not self._stopped:
                work, wait = self._next()
                if work is not None:
                    self._in_hand += 1
                if work is not None or wait is None:
                    return work
                self._changed.wait(wait)
        return None

    @property
    def answered(self) -> int:
        """Number of answered calls."""
        return self._health.answered

    def park(self, work: Work, seconds: float) -> None:
        """Take work back, to hand it out again after some seconds."""
        with self._changed:
            heapq.heappush(self._parked, (self._now() + seconds, next(self._numbers), work))
            self._changed.notify()

    def record_answer(self, seconds: float) -> None:
        """Record an answered call and its duration: if the provider was down, all go on."""
        with self._changed:
            was_down = self._is_down()
            self._health.record_answer(seconds)
            if was_down:
                self._go_on()

    def record_failure(self, busy: ProviderBusy) -> None:
        """Record a call that the provider could not answer, or refused because of a rate limit."""
        with self._changed:
            was_down = self._is_down()
            if not busy.limited:
                self._health.record_failure()
                if self._is_down() and not was_down:
                    logger.warning(
                        "%d calls in a row failed, and one at a time asks again: %s", self._health.in_a_row, busy
                    )
                return
            self._health.record_refusal()
            if was_down:
                self._go_on()

    def finish(self, work: Work) -> None:
        """Record that a thread has done what it could for some work."""
        with self._changed:
            self._in_hand -= 1
            if self._probing is work:
                self._probing = None
                self._changed.notify_all()

    def other_calls(self) -> OtherCalls:
        """Return the calls so far, for the patience with one task."""
        with self._changed:
            is_over = not self._fresh and len(self._parked) < self._health.answered * _FEW
            return self._health.other_calls(over=is_over)

    def stop(self) -> None:
        """Hand out no more work."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()

    def _is_down(self) -> bool:
        left = len(self._fresh) + len(self._parked) + self._in_hand
        return self._health.is_down(min(self.workers, left))

    def _next(self) -> tuple[Work | None, float | None]:
        """Return the next work, or the seconds to wait for it; ``None`` for both if nothing is left."""
        now = self._now()
        if self._is_down():
            if self._probing is not None:
                return None, threading.TIMEOUT_MAX
            if self._health.next_probe > now:
                return None, self._health.next_probe - now
            self._probing = self._pop_fresh() or self._pop_parked()
            return self._probing, None
        is_due = bool(self._parked) and self._parked[0][0] <= now
        if is_due and not (self._fresh and self._after_parked):
            self._after_parked = True
            return self._pop_parked(), None
        self._after_parked = False
        work = self._pop_fresh()
        if work is not None or not self._parked:
            return work, None
        return None, self._parked[0][0] - now

    def _pop_fresh(self) -> Work | None:
        return self._fresh.popleft() if self._fresh else None

    def _pop_parked(self) -> Work | None:
        return heapq.heappop(self._parked)[2] if self._parked else None

    def _go_on(self) -> None:
        """Let all parked work go on, as it only waited for the provider."""
        now = self._now()
        self._parked = [(min(due, now), number, work) for due, number, work in self._parked]
        heapq.heapify(self._parked)
        self._changed.notify_all()
