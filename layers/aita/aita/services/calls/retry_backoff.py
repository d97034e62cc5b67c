"""How long to wait for a provider that does not say, and for how long to go on."""

from collections.abc import Callable

LONGEST_WAIT = 60.0
"""Seconds between two calls of a task at the most, so that an outage costs little more than its own length."""

PATIENCE = 2 * 60 * 60.0
"""Seconds for which a task's calls may fail without a break; then its run is halted, to be resumed."""

_FIRST_WAIT = 1.0
_MOST_DOUBLINGS = 10


def backoff(failures: int, jitter: Callable[[float, float], float]) -> float:
    """Return how many seconds to wait after so many failures in a row: doubling, capped, half of it at random.

    The random half spreads those that failed together ("equal jitter": AWS Architecture Blog,
    "Exponential Backoff and Jitter").
    """
    longest = min(LONGEST_WAIT, _FIRST_WAIT * 2.0 ** min(failures, _MOST_DOUBLINGS))
    return jitter(longest / 2, longest)


def exhausted(waited: float) -> str | None:
    """Return why to give up after so many seconds of failures, or ``None`` to go on."""
    if waited < PATIENCE:
        return None
    return f"the provider has not answered for {PATIENCE / 3600:g} hours: resume when it does"
