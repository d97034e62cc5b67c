"""Exponential backoff for a provider that names no time to wait, and the time after which a run gives up."""

from collections.abc import Callable

LONGEST_BACKOFF = 60.0
"""Longest wait between two calls of a task, in seconds, so that an outage costs little more than its own length."""

PATIENCE = 2 * 60 * 60.0
"""Longest uninterrupted failure of a task's calls, in seconds. After it the run is halted and can be resumed."""

_FIRST_WAIT = 1.0  # seconds
_MOST_DOUBLINGS = 10


def backoff(failures: int, jitter: Callable[[float, float], float]) -> float:
    """Return the seconds to wait after this many failures in a row: doubled each time, capped, half of it random.

    The random half spreads calls that failed together ("equal jitter": AWS Architecture Blog, "Exponential Backoff
    and Jitter").

    Parameters
    ----------
    jitter
        Returns a random number between two bounds.
    """
    longest = min(LONGEST_BACKOFF, _FIRST_WAIT * 2.0 ** min(failures, _MOST_DOUBLINGS))
    return jitter(longest / 2, longest)


def reason_to_give_up(failing_for: float) -> str | None:
    """Return the reason to give up after this many seconds of failures, or ``None`` to continue."""
    if failing_for < PATIENCE:
        return None
    return f"the provider has not answered for {PATIENCE / 3600:g} hours: resume when it does"
