"""The rate limit of one process."""

import threading
from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass, field

from aita.forks import renew_in_children
from aita.models.rate_limits import Rates
from aita.ports import Slot
from aita.services.calls.rate_limit import Bucket


@dataclass(slots=True)
class _Period:
    """From one opening of the limiter to the next: when calls were due, and how many were refused."""

    opened: int
    due: list[int] = field(default_factory=list)
    refused: int = 0

    def end(self, now: int) -> None:
        """Leave out those that were not due yet: their slots no longer count."""
        del self.due[bisect_right(self.due, now) :]

    def passing(self, until: int) -> float | None:
        """Return the requests a second that went through, the closure that ended the period included."""
        if until <= self.opened:
            return None
        return max(0, len(self.due) - self.refused) * 1_000 / (until - self.opened)


@dataclass(eq=False)
class MemoryRateLimiter:
    """A bucket behind a lock. ``now`` is a clock in seconds. A forked process goes on with a bucket of its own.

    It counts what it lets through and what is refused, and so knows what goes through in a second when
    nobody told a limit. Refusals come in one by one, so that the rate is known when it opens again: who
    comes while it is closed is told to ask then.
    """

    now: Callable[[], float]
    bucket: Bucket = field(default_factory=Bucket)
    _period: _Period | None = field(default=None)
    _before: _Period | None = field(default=None)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        renew_in_children(self, type(self)._renew)

    def reserve(self, told: Rates, tokens: int, held: float | None = None) -> Slot:
        """Reserve the next free slot; one that was held counts unless the limiter was closed past it."""
        with self._lock:
            now = self._now()
            if held is not None and round(held * 1_000) >= self.bucket.closed_until:
                return _slot(round(held * 1_000), now)
            opens = self.bucket.closed_until
            if now < opens:
                return Slot((opens - 1) / 1_000, (opens - now) / 1_000)  # a slot that does not count when it opens
            self.bucket, due = self.bucket.reserve(now, told, tokens)
            if self._period is None:
                self._period = _Period(now)
            self._period.due.append(due)
            return _slot(due, now)

    def close(self, told: Rates, seconds: float, learnt: Rates) -> None:
        """Let nobody through for that long, and lower the rate."""
        with self._lock:
            now = self._now()
            until = self.bucket.closing(now, seconds)
            if not self.bucket.is_lowered(now):
                self._before, self._period = self._period, _Period(until)
                if self._before is not None:
                    self._before.end(now)
            passing = None
            if self._before is not None:
                self._before.refused += 1
                passing = self._before.passing(until)
            self.bucket = self.bucket.close(now, told, seconds, learnt, passing)

    def learn(self, learnt: Rates) -> None:
        """Take over the limits that the headers of an answered call tell."""
        with self._lock:
            self.bucket = self.bucket.learn(learnt)

    def _renew(self) -> None:
        self._lock = threading.Lock()

    def _now(self) -> int:
        return round(self.now() * 1_000)


def _slot(due: int, now: int) -> Slot:
    return Slot(due / 1_000, max(0, due - now) / 1_000)
