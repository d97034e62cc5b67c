"""What a provider has shown to answer, by which refusals by chance are told from those of a rate limit."""

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

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
