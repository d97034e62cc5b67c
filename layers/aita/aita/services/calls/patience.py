"""Patience with a provider that can't answer: how long a task waits, and when it or all calls are given up.

Two failures look alike from within one task: a provider that answers nobody, which ends by itself, and one input that
never gets an answer. Other tasks tell them apart. While they are answered, a failing task has a bounded number of calls
and ends alone; while nobody is, patience lasts for hours and no task fails for it.
"""

from collections.abc import Callable
from dataclasses import dataclass

from aita.errors import ProviderBusy, RunStopped, UnansweredError
from aita.models.run import RetryState

LONGEST_BACKOFF = 60.0
"""Longest wait between two calls of a task, in seconds, so that an outage costs little more than its own length."""

PATIENCE = 2 * 60 * 60.0
"""Longest time in which the provider answers nobody, in seconds. After it the run is halted and can be resumed."""

MOST_FAILURES = 10
"""Failed calls of one task while others are answered, after which it fails; or calls whose reply was lost, as each may
have been paid. At 35 % of failing calls, as of a provider in trouble, this ends one task in 36,000. Refusals by a rate
limit count, as a request that is larger than the limit of a minute is refused for ever."""

MOST_TIMEOUTS = 3
"""Calls of one task without a reply in time, after which it fails: each may have been paid."""

LONE_PATIENCE = 30.0
"""Seconds after which a task fails, once its calls have failed that often, if nobody is left to show whether others are
answered: at the end of a batch, an outage looks like an input without an answer. A resume asks for the task again."""

_ANSWERED_BESIDE_A_REFUSAL = 10
"""Answered calls between two refusals of one task by a rate limit, at which the refusal is its own."""

_EQUAL_WAITS = 4
"""Waits of about a call's duration before they double, while others are answered."""

_FIRST_WAIT = 1.0  # seconds
_MOST_DOUBLINGS = 10


@dataclass(frozen=True, slots=True)
class OtherCalls:
    """Calls of the run's other tasks.

    ``answered`` counts the answered calls of the run or batch so far, and ``waits`` the failed ones.
    ``mostly_answered`` tells whether enough of the latest calls were answered, and ``over`` whether only failing
    tasks are left, and so few that they may fail by themselves. ``latency`` is the usual duration of an answered call
    in seconds.
    """

    answered: int
    waits: int
    mostly_answered: bool
    over: bool
    latency: float = _FIRST_WAIT


def after_failure(
    before: RetryState,
    busy: ProviderBusy,
    others: OtherCalls,
    now: int,
    longest_step: float,
    jitter: Callable[[float, float], float],
) -> tuple[RetryState, float]:
    """Return the state of a task after a failed call, and the seconds until its next call.

    Parameters
    ----------
    now
        Seconds since any fixed time.
    longest_step
        Longest time between two failures in seconds, a wait and a call. What took longer, such as a laptop's sleep or a
        throttled function, is no failure of the provider.
    jitter
        Returns a random number between two bounds.

    Raises
    ------
    UnansweredError
        If the task has failed too often while others were answered, or too often in time-outs.
    RunStopped
        If nobody has been answered for as long as patience lasts.
    """
    contrasted = others.mostly_answered and is_own(before, others.answered, limited=busy.limited)
    is_alone = before.failures > 0 and others.answered == before.answered
    state = before.model_copy(
        update={
            "failures": before.failures + 1,
            "failing_since": before.failing_since or now,
            "answered": others.answered,
            "waits": others.waits,
            "contrasted": before.contrasted + contrasted,
            "lone": before.lone + 1 if is_alone else 1,
            "lone_since": before.lone_since if is_alone else now,
            "timeouts": before.timeouts + busy.timed_out,
            "lost": before.lost + busy.may_be_paid,
        }
    )
    lone_for = min(now - state.lone_since, (state.lone - 1) * longest_step)
    if reason := _reason_to_end(state, others, lone_for):
        raise UnansweredError(
            f"{busy}: {state.failures} calls of this task failed, and {reason}. Run it again; if it stays so, look at "
            "its input"
        )
    if lone_for >= PATIENCE:
        raise RunStopped(f"the provider has not answered for {PATIENCE / 3600:g} hours: resume when it does ({busy})")
    if busy.retry_after is not None:
        return state, busy.retry_after
    return state, backoff(state, others, jitter)


def is_own(before: RetryState, answered: int, *, limited: bool) -> bool:
    """Return whether a failure is the task's own: it is not its first, and others were answered since the last one.

    A refusal that is a task's own, such as of a request that is larger than the limit of a minute, must not slow down
    the others. At a low rate some are answered between two refusals of any task, so that more of them are needed.

    Parameters
    ----------
    answered
        Number of answered calls of the run or batch so far.
    limited
        Whether it is a refusal by a rate limit.
    """
    return before.failures > 0 and answered - before.answered >= (_ANSWERED_BESIDE_A_REFUSAL if limited else 1)


def backoff(state: RetryState, others: OtherCalls, jitter: Callable[[float, float], float]) -> float:
    """Return the seconds to wait after a failure.

    While others are answered, the first waits are about as long as a call usually takes, so that chance failures cost
    little, and later ones double. Else they begin with a second, or a call's duration if that is shorter, and double
    each time. Half of each wait is random, which spreads calls that failed together ("equal jitter": AWS Architecture
    Blog, "Exponential Backoff and Jitter").
    """
    if others.mostly_answered:
        longest = others.latency * 2.0 ** min(max(0, state.failures - _EQUAL_WAITS), _MOST_DOUBLINGS)
    else:
        longest = min(_FIRST_WAIT, others.latency) * 2.0 ** min(state.failures, _MOST_DOUBLINGS)
    longest = min(LONGEST_BACKOFF, longest)
    return jitter(longest / 2, longest)


def _reason_to_end(state: RetryState, others: OtherCalls, lone_for: float) -> str:
    """Return the reason why it is the task that fails, and not the provider; empty if it may be the provider."""
    if state.contrasted >= MOST_FAILURES:
        return "others were answered"
    if state.timeouts >= MOST_TIMEOUTS or state.lost >= MOST_FAILURES:
        return "each of them may be paid"
    if others.over and others.answered > 0 and state.lone >= MOST_FAILURES and lone_for >= LONE_PATIENCE:
        return "all others have been answered"
    return ""
