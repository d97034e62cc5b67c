"""Health of the provider, by the latest calls of a batch."""

import math
from collections.abc import Callable
from dataclasses import dataclass

from aita.services.calls.patience import OtherCalls

_WEIGHT = 0.05
"""Weight of one call in the share of answered calls, and in the usual duration of a call."""

_FIRST_LATENCY = 0.1
"""Assumed duration of a call in seconds, until one was answered."""

_ENOUGH = 0.5
"""Share of answered calls, of about the latest twenty, at which a provider counts as answering."""

_FEWEST_FAILURES = 5
"""Fewest failures in a row by which a provider is taken to be down."""

_PROBE_SHARE = 0.1
"""Time between two probes, as a share of the outage so far: a provider that is back is found within a tenth of the time
for which it was away."""

_SHORTEST_PROBE, _LONGEST_PROBE = 0.25, 15.0  # seconds


@dataclass(slots=True)
class ProviderHealth:
    """Whether the provider answers. While it is down, one call at a time probes it.

    ``now`` returns seconds, and ``in_a_row`` counts the failures since the last answer. ``answered_from`` is the time
    at which the latest of the answered calls began.
    """

    now: Callable[[], float]
    answered: int = 0
    failed: int = 0
    next_probe: float = 0.0
    _share: float = 1.0
    _latency: float = 0.0
    in_a_row: int = 0
    answered_from: float = -math.inf
    _failing_since: float = 0.0

    def is_down(self, at_once: int) -> bool:
        """Return whether the last calls have all failed, so many that they are no single tasks' failures.

        Parameters
        ----------
        at_once
            Number of tasks that are called for at the same time, and fail together when the provider fails.
        """
        return self.in_a_row >= max(_FEWEST_FAILURES, at_once)

    def record_answer(self, seconds: float) -> None:
        """Record an answered call and its duration."""
        self.answered += 1
        self.in_a_row = 0
        self.answered_from = max(self.answered_from, self.now() - seconds)
        self._share += _WEIGHT * (1 - self._share)
        self._latency += (seconds - self._latency) * (_WEIGHT if self._latency else 1)

    def record_failure(self, *, beside: bool) -> None:
        """Record a call that the provider could not answer.

        Parameters
        ----------
        beside
            Whether others were answered while the task failed before, so that it says nothing of the provider.
        """
        now = self.now()
        self.failed += 1
        self._share -= _WEIGHT * self._share
        if beside:
            return
        if self.in_a_row == 0:
            self._failing_since = now
        self.in_a_row += 1
        since = now - self._failing_since
        self.next_probe = now + min(_LONGEST_PROBE, max(_SHORTEST_PROBE, _PROBE_SHARE * since))

    def record_refusal(self) -> None:
        """Record a refusal: the provider is there."""
        self.in_a_row = 0
        self._share -= _WEIGHT * self._share

    def other_calls(self, *, over: bool, beside: bool) -> OtherCalls:
        """Return the calls so far, for the patience with one task.

        Parameters
        ----------
        over
            Whether only few tasks are left, all of which fail.
        beside
            Whether a call was answered that began after the task's first failure.
        """
        return OtherCalls(
            answered=self.answered,
            waits=self.failed,
            mostly_answered=self.answered > 0 and self._share >= _ENOUGH,
            over=over,
            beside=beside,
            latency=self._latency or _FIRST_LATENCY,
        )
