"""Queue of a batch's work: tasks that were not begun, and tasks that are parked until the provider answers again."""

import heapq
import itertools
import logging
import random
import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from aita.errors import ProviderBusy, UnansweredError
from aita.executor.provider_health import ProviderHealth
from aita.models.call_usage import NO_CALLS, CallUsage
from aita.models.run import NO_FAILURES, RetryState, Usage
from aita.services.calls import patience
from aita.services.calls.call_loop import TaskCalls
from aita.services.calls.patience import OtherCalls
from aita.services.calls.reply_cache import CachedReply
from aita.tasks.llm_task import LLMTask

logger = logging.getLogger(__name__)

_LONGEST_STEP = patience.LONGEST_BACKOFF + 600.0
"""Longest time between two failures of a task in seconds: a wait and the longest time-out of a call."""

_AFTER_A_SECOND_REFUSAL = 4.0
"""Shortest wait of a task that a rate limit has refused twice, in seconds, in which others show whether they are."""

_TOGETHER = 15
"""Time in seconds within which the last tasks of a batch began to fail that end together."""

_AFTER_AN_ANSWER = 1.0
"""Longest wait of a task at the end of a batch after another one was answered, in seconds."""

_REPEATING = 0.25
"""Share of the threads that call again for tasks that have failed, at most, as long as others were not begun."""


@dataclass(slots=True, eq=False)
class Work:
    """One task, or several that share a call, with their places in the batch.

    ``replies`` are the replies so far by digest, so that a parked task pays for none twice, and ``kept`` the digests of
    the recorded ones. ``carried`` is the usage that is not theirs: of lost calls, or of a shared call whose other tasks
    have ended. ``is_held`` is true if the limiter, closed by its last ``failure``, holds all calls. ``failed_at`` is
    the time of the first of its failures in a row.
    """

    members: list[tuple[int, LLMTask[Any]]]
    retry: RetryState = NO_FAILURES
    replies: dict[str, CachedReply] = field(default_factory=dict)
    kept: set[str] = field(default_factory=set)
    carried: CallUsage = NO_CALLS
    made: int = 0
    seconds: float = 0.0
    is_held: bool = False
    failure: ProviderBusy | None = None
    failed_at: float | None = None
    is_from_end: bool = False

    def calls(self) -> TaskCalls:
        """Return the calls so far, to which the next ones are added."""
        return TaskCalls(spent=self.carried, made=self.made, seconds=self.seconds)

    def carry(self, calls: TaskCalls) -> None:
        """Keep what must not be forgotten while the work is parked; stored replies count when they are read again."""
        if calls.lost:
            self.carried += CallUsage(usage=Usage(calls=calls.lost, unpriced_calls=calls.lost))
        self.made, self.seconds = calls.made, calls.seconds
        if calls.answered:
            self.retry, self.failed_at = NO_FAILURES, None


class WorkQueue:
    """Hands out work to threads. A failing task is parked, not the thread that made its call.

    While the provider is down, one thread at a time gets work, to probe it; preferably a task that was not begun, as a
    failing one may fail by itself. The neighbours of a task are often like it: after the first failure of one from the
    beginning of the batch, the next one comes from its end, and the other way round. A task that a rate limit refused
    waits until others show whether they are refused, too, or all others were begun.

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
        self._refused: deque[tuple[float, int, Work]] = deque()
        self._numbers = itertools.count()
        self._in_hand: set[Work] = set()
        self._repeated: set[Work] = set()  # those in hand that have failed before
        self._after_parked = False  # whether the work before was parked: the next one is fresh, as long as there is any
        self._from_end = False
        self._probing: Work | None = None
        self._stopped = False
        self._changed = threading.Condition()

    def take(self) -> Work | None:
        """Return the next work once there is some; ``None`` if nothing is left or the queue was stopped."""
        with self._changed:
            while not self._stopped:
                work, wait = self.poll()
                if work is not None or wait is None:
                    return work
                self._changed.wait(wait)
        return None

    def poll(self) -> tuple[Work | None, float | None]:
        """Return the next work, or the seconds to wait for it; ``None`` for both if nothing is left."""
        with self._changed:
            work, wait = self._next()
            if work is not None:
                self._in_hand.add(work)
                if work.failed_at is not None:
                    self._repeated.add(work)
            return work, wait

    @property
    def answered(self) -> int:
        """Number of answered calls."""
        return self._health.answered

    def put_back(self, work: Work, busy: ProviderBusy) -> None:
        """Park work after a failure, until its next call.

        Raises
        ------
        UnansweredError
            If the task has failed too often by itself.
        RunStopped
            If nobody has been answered for as long as patience lasts.
        """
        with self._changed:
            others = self._other_calls(work)
            work.retry, seconds = patience.after_failure(
                work.retry, busy, others, int(self._now()), _LONGEST_STEP, random.uniform
            )
            work.failure = busy
            work.failed_at = self._now() if work.failed_at is None else work.failed_at
            if work.is_held and not others.over:
                seconds = 0.0
            if busy.limited and work.retry.failures > 1:
                seconds = max(seconds, _AFTER_A_SECOND_REFUSAL)
            if busy.limited and self._fresh:
                self._let_go(work)
                self._refused.append((self._now() + seconds, next(self._numbers), work))
            else:
                self.park(work, seconds)

    def park(self, work: Work, seconds: float) -> None:
        """Take work back, to hand it out again after some seconds."""
        with self._changed:
            self._let_go(work)
            heapq.heappush(self._parked, (self._now() + seconds, next(self._numbers), work))
            self._changed.notify()

    def take_unanswered(self) -> list[tuple[Work, UnansweredError]]:
        """Return the parked tasks that need not be called again to fail, as the batch is at its end."""
        ended: list[tuple[Work, UnansweredError]] = []
        with self._changed:
            for _, _, work in self._parked:
                if len(work.members) > 1 or work.replies or work.failure is None:
                    continue
                try:
                    patience.check_last(
                        work.retry, work.failure, self._other_calls(work), int(self._now()) + _TOGETHER, _LONGEST_STEP
                    )
                except UnansweredError as error:
                    ended.append((work, error))
            gone = {work for work, _ in ended}
            self._parked = [each for each in self._parked if each[2] not in gone]
            heapq.heapify(self._parked)
        return ended

    def record_answer(self, seconds: float) -> None:
        """Record an answered call and its duration: if the provider was down, all go on."""
        with self._changed:
            was_down = self._is_down()
            self._health.record_answer(seconds)
            if was_down:
                self._go_on(0.0)
            elif self._is_over():
                self._go_on(_AFTER_AN_ANSWER)

    def record_failure(self, work: Work, busy: ProviderBusy) -> None:
        """Record a call that the provider could not answer, or refused because of a rate limit."""
        with self._changed:
            was_down, beside = self._is_down(), self._is_beside(work)
            if work.failed_at is None:
                self._from_end = not work.is_from_end
            if not busy.limited:
                self._health.record_failure(beside=beside)
                if self._is_down() and not was_down:
                    logger.warning(
                        "%d calls in a row failed, and one at a time asks again: %s", self._health.in_a_row, busy
                    )
                return
            self._health.record_refusal()
            if was_down:
                self._go_on(0.0)

    def finish(self, work: Work) -> None:
        """Record that a thread has done what it could for some work."""
        with self._changed:
            self._let_go(work)
            if self._probing is work:
                self._probing = None
                self._changed.notify_all()

    def stop(self) -> None:
        """Hand out no more work."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()

    def _let_go(self, work: Work) -> None:
        self._in_hand.discard(work)
        self._repeated.discard(work)

    @property
    def _left(self) -> int:
        return len(self._fresh) + len(self._parked) + len(self._refused) + len(self._in_hand)

    def _is_down(self) -> bool:
        return self._health.in_a_row > 0 and self._health.is_down(min(self.workers, self._left))

    def _is_over(self) -> bool:
        """Return whether few tasks are left, all of which were begun."""
        return not self._fresh and patience.is_few(self._left, self._health.answered)

    def _is_beside(self, work: Work) -> bool:
        """Return whether a call was answered that began after the work's first failure."""
        return work.failed_at is not None and work.failed_at < self._health.answered_from

    def _other_calls(self, work: Work) -> OtherCalls:
        """Return the calls so far, for the patience with one task."""
        return self._health.other_calls(over=self._is_over(), beside=self._is_beside(work))

    def _next(self) -> tuple[Work | None, float | None]:
        now = self._now()
        self._admit_refused()
        if self._is_down():
            return self._next_probe(now)
        is_due = bool(self._parked) and self._parked[0][0] <= now
        if is_due and self._may_repeat():
            self._after_parked = True
            return self._pop_parked(), None
        self._after_parked = False
        work = self._pop_fresh()
        if work is not None or not self._parked:
            return work, None
        return None, self._parked[0][0] - now

    def _next_probe(self, now: float) -> tuple[Work | None, float | None]:
        if self._probing is not None:
            return None, threading.TIMEOUT_MAX
        at = self._health.next_probe
        if self._parked and self._is_over():
            at = max(at, self._parked[0][0])
        if at > now:
            return None, at - now
        self._probing = self._pop_fresh() or self._pop_parked()
        return self._probing, None

    def _may_repeat(self) -> bool:
        """Return whether a task that has failed may be called now, before those that were not begun."""
        if not self._fresh:
            return True
        return not self._after_parked and len(self._repeated) < max(1, self.workers * _REPEATING)

    def _admit_refused(self) -> None:
        """Park the refused tasks that need no longer wait for others."""
        while self._refused:
            work = self._refused[0][2]
            if self._fresh and not patience.is_own(work.retry, self._health.answered, limited=True):
                return
            heapq.heappush(self._parked, self._refused.popleft())

    def _pop_fresh(self) -> Work | None:
        if not self._fresh:
            return None
        work = self._fresh.pop() if self._from_end else self._fresh.popleft()
        work.is_from_end = self._from_end
        return work

    def _pop_parked(self) -> Work | None:
        return heapq.heappop(self._parked)[2] if self._parked else None

    def _go_on(self, seconds: float) -> None:
        """Let parked work go on after some seconds, as it only waited for the provider, unless the limiter holds it."""
        latest = self._now() + seconds
        self._parked = [(due if work.is_held else min(due, latest), number, work) for due, number, work in self._parked]
        heapq.heapify(self._parked)
        self._changed.notify_all()
