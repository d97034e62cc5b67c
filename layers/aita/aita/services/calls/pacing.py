"""Pace of the calls of one process: each call's slot at the limiter, and what its end tells the limiter."""

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from aita.errors import ProviderBusy
from aita.models.rate_limits import Rates
from aita.ports import RateLimiter, Reply
from aita.services.calls.token_expectations import TokenExpectations
from aita.tasks.request import LLMRequest

_LOOK = 0.5
"""Interval, in seconds, at which the waiting thread looks whether its slot has moved."""

_MEMORY = 60.0
"""Time in seconds for which it counts what a provider has shown to answer."""

_FEWEST_ANSWERED = 3
"""Fewest answered calls by which a throughput is measured."""

_EXPECTED = 0.95
"""Share of the calls within the limit that are answered, at least, if a limit is why others are refused."""

_SHORT_RUN = 3
"""Most refusals in a row that may be by chance, until refusals are taken not to depend on the rate."""

_FIRST_REFUSALS = 20
"""First calls that may all be refused before it is taken for a limit: it may be the tasks with which a batch begins."""

_FIRST_CALLS = 10
"""First calls, of which only several refusals in a row are taken for a limit: until then little was shown."""

_SLACK = 2.0
"""Calls fewer than that which prove nothing: a limit without a burst wastes a part of a call after each pause."""

_SAME_REFUSAL = 0.05
"""Time in seconds in which refusals have one window."""

_MOST_WINDOWS = 64
"""Latest refusals that are compared with what followed them."""

_CONTRADICTIONS = 6
"""Refusals within the limit that was shown, after which refusals are taken not to depend on the rate."""

_LONGEST_RUN = 10
"""Refusals in a row after which a limit is the reason, whatever was shown: of chance refusals of every second call, one
in a thousand are as many in a row."""


@dataclass(slots=True)
class _Window:
    """Calls that began after a refusal at a time, when the provider's bucket was empty, and ended by now."""

    since: float
    answered: int = 0
    refused: int = 0

    def rate(self, now: float) -> float:
        """Return a lower bound of the provider's limit, in calls a second; 0 if too few were answered to tell."""
        return (self.answered - 1) / (now - self.since) if self.answered >= _FEWEST_ANSWERED else 0.0


@dataclass(slots=True)
class ShownRate:
    """What a provider has shown to answer, by which refusals that do not depend on the rate of calls are told.

    A busy provider refuses some calls by chance, however few are made; slowing down for it only takes longer. After a
    refusal a provider's bucket is empty, so that of a limit by the second no more can be answered from then on than the
    limit allows: what is answered is a lower bound of it. If fewer of the calls within it are answered, no limit
    refuses them.

    Parameters
    ----------
    now
        Returns seconds.
    """

    now: Callable[[], float]
    _made: int = 0
    _in_a_row: int = 0
    _contradictions: int = 0
    _by_chance_until: float = 0.0
    _shown: tuple[float, float] = (0.0, 0.0)  # highest rate, and when it was shown
    _windows: deque[_Window] = field(default_factory=lambda: deque(maxlen=_MOST_WINDOWS))
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def record_answer(self, seconds: float) -> None:
        """Record an answered call and its duration."""
        with self._lock:
            now = self.now()
            self._made, self._in_a_row = self._made + 1, 0
            for window in self._windows:
                if window.since < now - seconds:
                    window.answered += 1
                    if window.rate(now) >= self._shown[0]:
                        self._shown = window.rate(now), now

    def is_by_chance(self) -> bool:
        """Record a refused call; return whether calls are refused at any rate, so that slowing down is of no use."""
        with self._lock:
            now = self.now()
            self._made, self._in_a_row = self._made + 1, self._in_a_row + 1
            if self._shown[1] < now - _MEMORY:
                self._shown = max((window.rate(now) for window in self._windows), default=0.0), now
            for window in self._windows:
                window.refused += 1
            by_chance = self._judge(now)
            if not self._windows or self._windows[-1].since < now - _SAME_REFUSAL:
                self._windows.append(_Window(now))
            return by_chance

    def _judge(self, now: float) -> bool:
        if self._in_a_row == self._made:
            return self._made <= _FIRST_REFUSALS
        if self._in_a_row >= _LONGEST_RUN:
            self._by_chance_until, self._contradictions = 0.0, 0
            return False
        if now < self._by_chance_until:
            return True
        if self._in_a_row > _SHORT_RUN:
            self._contradictions = 0
            return False
        if any(self._contradicts_a_limit(window, now) for window in self._windows):
            self._contradictions += 1
            if self._contradictions == _CONTRADICTIONS:
                self._by_chance_until = now + _MEMORY
            return True
        return self._made < _FIRST_CALLS and self._in_a_row < _SHORT_RUN

    def _contradicts_a_limit(self, window: _Window, now: float) -> bool:
        """Return whether fewer calls were answered in a window than a limit would have let through."""
        allowed = min(window.answered + window.refused, self._shown[0] * (now - window.since))
        return _FEWEST_ANSWERED <= window.answered < _EXPECTED * allowed - _SLACK


@dataclass(slots=True)
class Pacing:
    """Limiter of a process's calls, with the tokens that they are expected to use, and its news of how they ended.

    ``shown`` is what the provider has shown to answer, if the process makes all calls of the limiter.
    """

    limiter: RateLimiter
    expectations: TokenExpectations
    shown: ShownRate | None = None

    def record_answer(self, configured: Rates, request: LLMRequest, tokens: int | None, reply: Reply) -> None:
        """Correct the tokens that the call reserved by its usage, and pass its rate limits to the limiter.

        Parameters
        ----------
        tokens
            Tokens that the call reserved; ``None`` for one without a slot.
        """
        if self.shown is not None:
            self.shown.record_answer(reply.latency_ms / 1_000)
        if reply.limits:
            self.limiter.learn(reply.limits)
        if reply.usage is not None:
            actual = reply.usage.input_tokens + reply.usage.output_tokens
            self.expectations.record(request, actual)
            if tokens is not None:
                self.limiter.settle(configured, tokens, actual)

    def record_refusal(self, configured: Rates, tokens: int | None, busy: ProviderBusy, *, own: bool) -> bool:
        """Close the limiter if the provider is busy for everyone; return whether it did, so that no backoff is needed.

        Parameters
        ----------
        tokens
            Tokens that the call reserved, which are free again unless it may be paid; ``None`` for one without a slot.
        own
            Whether the provider answers others, and refuses this task alone.
        """
        if tokens is not None and not busy.may_be_paid:
            self.limiter.settle(configured, tokens, 0)
        observed = Rates(busy.requests_per_second, busy.tokens_per_minute)
        is_unknown = busy.limited and not (configured or observed)
        if own or (is_unknown and self.shown is not None and self.shown.is_by_chance()):
            return False
        if busy.limited:
            self.limiter.close(configured, busy.retry_after, observed, paced=tokens is not None)
        elif busy.retry_after:
            self.limiter.pause(busy.retry_after)
        return busy.limited or bool(busy.retry_after)


@dataclass(slots=True)
class Turnstile:
    """Lets threads wait for their slots one at a time, so that at most one slot is reserved ahead.

    So a closure, a settlement or a suspended process concerns all who wait, and none of them holds a slot from before.
    """

    pacing: Pacing
    _turn: threading.Lock = field(default_factory=threading.Lock)

    def wait(self, configured: Rates, request: LLMRequest, sleep: Callable[[float], bool]) -> int:
        """Wait for a call's slot; return the tokens that it reserves.

        Parameters
        ----------
        sleep
            Sleeps for a number of seconds, and returns whether to stop waiting.
        """
        limiter = self.pacing.limiter
        with self._turn:
            tokens = self.pacing.expectations.expect(request)
            slot = limiter.reserve(configured, tokens)
            while slot.wait > 0 and not sleep(min(slot.wait, _LOOK)):
                slot = limiter.reserve(configured, tokens, slot.available_at)
        return tokens
