"""Rate limiter of one process."""

import threading
from bisect import bisect_right
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from aita.forks import renew_in_children
from aita.models.rate_limits import Rates
from aita.ports import Slot
from aita.services.calls.token_bucket import Bucket

_FEWEST_MEASURED = 5
"""Fewest requests by which a throughput is measured: a refusal among the first ones tells nothing of the rate."""

_FEWEST_AT_FIRST = 10
"""The same for the first throughput, from which the rate grows slowly: few calls may all have been made at once."""

_MEMORY = 60_000
"""Time, in ms, whose throughput is the lowest rate: many limits are by the minute."""

_LOWEST = 0.2
"""Lowest rate, in requests a second, whatever the throughput: a refused call costs nothing, and a long wait does."""


@dataclass(slots=True)
class _Period:
    """Period from one opening of the limiter to the next: times of its slots, in ms, and number of refusals."""

    opened: int
    slots: list[int] = field(default_factory=list)
    refused: int = 0

    def end(self, now: int) -> None:
        """Drop the slots that lie ahead, which no longer count."""
        del self.slots[bisect_right(self.slots, now) :]

    def throughput(self, until: int, fewest: int) -> float | None:
        """Return the requests a second that were not refused; ``None`` if they were fewer than ``fewest``.

        The time includes the closure that ended the period.
        """
        if until <= self.opened or 0 < self.passed < fewest:
            return None
        return self.passed * 1_000 / (until - self.opened)

    @property
    def passed(self) -> int:
        """Number of requests that were not refused."""
        return max(0, len(self.slots) - self.refused)


@dataclass(eq=False)
class MemoryRateLimiter:
    """Bucket behind a lock. ``now`` returns seconds. A forked process continues with its own copy of the bucket.

    The limiter counts slots and refusals, and so measures the provider's throughput where no limit is configured.
    Refusals arrive one after the other, so that the rate is complete only when the limiter reopens: a caller that
    arrives during a closure gets a slot that ends with the closure, and must reserve again.
    """

    now: Callable[[], float]
    bucket: Bucket = field(default_factory=Bucket)
    _period: _Period | None = field(default=None)
    _ended: deque[_Period] = field(default_factory=deque)
    _calls: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        renew_in_children(self, type(self)._renew)

    def reserve(self, configured: Rates, tokens: int, reservation: float | None = None) -> Slot:
        """Reserve the next free slot, or keep a reservation that was neither closed past nor missed."""
        with self._lock:
            now = self._now()
            if reservation is not None and self.bucket.keeps(now, round(reservation * 1_000)):
                return _slot(round(reservation * 1_000), now)
            opens = self.bucket.closed_until
            if now < opens:
                return Slot(0.0, (opens - now) / 1_000)  # missed long ago, so that it is reserved again
            self.bucket, available_at = self.bucket.reserve(now, configured, tokens, self._calls)
            self._calls += 1
            if self._period is None:
                self._period = _Period(now)
            self._period.slots.append(available_at)
            return _slot(available_at, now)

    def settle(self, configured: Rates, expected_tokens: int, actual_tokens: int) -> None:
        """Correct the reserved tokens of a call by those that it used."""
        with self._lock:
            self.bucket = self.bucket.settle(self._now(), configured, expected_tokens, actual_tokens)

    def close(self, configured: Rates, seconds: float | None, observed: Rates, *, paced: bool = True) -> None:
        """Let no call through for ``seconds``, or as long as the limiter chooses, and lower the rate."""
        with self._lock:
            now = self._now()
            until = self.bucket.closing(now, configured, seconds, paced=paced)
            if not self.bucket.is_lowered(now, paced=paced):
                self._begin_period(now, until)
                self.bucket = self.bucket.emptied(now)
            passing = None
            if self._ended:
                self._ended[-1].refused += 1
                fewest = _FEWEST_AT_FIRST if self.bucket.lowered is None else _FEWEST_MEASURED
                passing = self._ended[-1].throughput(until, fewest)
            lowest = self._throughput(now)
            self.bucket = self.bucket.close(now, configured, seconds, observed, passing, lowest=lowest, paced=paced)

    def pause(self, seconds: float) -> None:
        """Let no call through for ``seconds``, at an unchanged rate."""
        with self._lock:
            now, before = self._now(), self.bucket
            self.bucket = before.pause(now, seconds)
            if self.bucket is not before:
                self._begin_period(now, self.bucket.closed_until)

    def learn(self, observed: Rates) -> None:
        """Adopt the limits in the headers of a successful response."""
        with self._lock:
            if self.bucket.observed.requests_per_second is None and observed.requests_per_second is not None:
                self.bucket = self.bucket.emptied(self._now())
            self.bucket = self.bucket.learn(observed)

    def _begin_period(self, now: int, opens: int) -> None:
        """Begin the period that follows a closure, which ends the one before."""
        ended, self._period = self._period, _Period(opens)
        if ended is not None:
            ended.end(now)
            self._ended.append(ended)

    def _throughput(self, now: int) -> float:
        """Return the requests a second that were not refused in the last minute, and at least ``_LOWEST``."""
        while len(self._ended) > 1 and self._ended[0].opened < now - _MEMORY:
            self._ended.popleft()
        if not self._ended or now <= self._ended[0].opened:
            return _LOWEST
        passed = sum(period.passed for period in self._ended)
        return max(_LOWEST, passed * 1_000 / max(_MEMORY, now - self._ended[0].opened))

    def _renew(self) -> None:
        self._lock = threading.Lock()

    def _now(self) -> int:
        return round(self.now() * 1_000)


def _slot(available_at: int, now: int) -> Slot:
    return Slot(available_at / 1_000, max(0, available_at - now) / 1_000)
