"""Patience with a provider that can't answer: how long a task waits, and when it or all calls are given up.

Two failures look alike from within one task: a provider that answers nobody, which ends by itself, and one input that
never gets an answer. Other tasks tell them apart. While they are answered, a failing task has a bounded number of calls
and ends alone; while nobody is, patience lasts for hours and no task fails for it.
"""

import math
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
"""Seconds without an answer to anybody after which a task at the end of a batch fails, once its calls have failed that
often and others were answered after the first of them. A resume asks for the task again."""

REFUSED_PATIENCE = 75.0
"""The same, in seconds, for a task that a rate limit refuses: many limits are by the minute."""

LAST_PATIENCE = 120.0
"""The same, in seconds, for tasks that began to fail after the last answer. An outage looks like that as well, and most
are shorter, so that this is longer, and the number of calls does not count."""

_ANSWERED_BESIDE_A_REFUSAL = 10
"""Answered calls between two refusals of one task by a rate limit, at which the refusal is its own."""

_FEWEST_REFUSALS = 3
"""Fewest refusals of a task by a rate limit after which it fails at the end of a batch: the limiter makes them rare."""

_EQUAL_WAITS = 4
"""Waits of about a call's duration before they double, while others are answered, or grow, at the end of a batch."""

_GROWTH, _LAST_GROWTH = 2.0, 1.5
"""Growth of each later wait; the second one at the end of a batch, where no other task's calls fill the waits."""

_FIRST_WAIT = 1.0  # seconds
_MOST_DOUBLINGS = 10


@dataclass(frozen=True, slots=True)
class OtherCalls:
    """Calls of the run's other tasks.

    ``answered`` counts the answered calls of the run or batch so far, and ``waits`` the failed ones.
    ``mostly_answered`` tells whether enough of the latest calls were answered, and ``over`` whether only failing
    tasks are left, and so few that they may fail by themselves. ``beside`` tells whether a call was answered that began
    after this task's first failure: the provider was there while the task failed. ``latency`` is the usual duration of
    an answered call in seconds.
    """

    answered: int
    waits: int
    mostly_answered: bool
    over: bool
    beside: bool = False
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
            "answered": others.answered,
            "waits": others.waits,
            "contrasted": before.contrasted + contrasted,
            "lone": before.lone + 1 if is_alone else 1,
            "lone_since": before.lone_since if is_alone else now,
            "timeouts": before.timeouts + busy.timed_out,
            "lost": before.lost + busy.may_be_paid,
        }
    )
    lone_for = _lone_for(state, now, longest_step)
    if reason := _reason_to_end(state, busy, others, lone_for):
        raise _unanswered(state, busy, reason)
    if lone_for >= PATIENCE:
        raise RunStopped(f"the provider has not answered for {PATIENCE / 3600:g} hours: resume when it does ({busy})")
    if _is_last(others) and not others.mostly_answered:
        wait = backoff(state, others, jitter) if state.failures <= _EQUAL_WAITS else _last_wait(busy, others, lone_for)
        return state, max(busy.retry_after or 0.0, wait)
    return state, backoff(state, others, jitter) if busy.retry_after is None else busy.retry_after


def check_last(state: RetryState, busy: ProviderBusy, others: OtherCalls, now: int, longest_step: float) -> None:
    """Raise UnansweredError if a task that waits at the end of a batch need not be called again to fail.

    Parameters
    ----------
    state
        State after its last failure, which was ``busy``.
    """
    if reason := _reason_at_the_end(state, busy, others, _lone_for(state, now, longest_step)):
        raise _unanswered(state, busy, reason)


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


def is_few(left: int, answered: int) -> bool:
    """Return whether the tasks that are left at the end of a batch or stage may all fail by themselves.

    If more are left than were answered, an outage is likelier.
    """
    return left <= answered


def backoff(state: RetryState, others: OtherCalls, jitter: Callable[[float, float], float]) -> float:
    """Return the seconds to wait after a failure.

    While others are answered, the first waits are about as long as a call usually takes, so that chance failures cost
    little, and later ones double; at the end of a batch they grow by half, if others were answered beside the task.
    Else they begin with a second, or a call's duration if that is shorter, and double each time. Half of each wait is
    random, which spreads calls that failed together ("equal jitter": AWS Architecture Blog, "Exponential Backoff and
    Jitter").
    """
    if others.mostly_answered:
        growth = _LAST_GROWTH if others.over and others.beside else _GROWTH
        longest = others.latency * growth ** min(max(0, state.failures - _EQUAL_WAITS), _MOST_DOUBLINGS)
    else:
        longest = min(_FIRST_WAIT, others.latency) * 2.0 ** min(state.failures, _MOST_DOUBLINGS)
    longest = min(LONGEST_BACKOFF, longest)
    return jitter(longest / 2, longest)


def _reason_to_end(state: RetryState, busy: ProviderBusy, others: OtherCalls, lone_for: float) -> str:
    """Return the reason why it is the task that fails, and not the provider; empty if it may be the provider."""
    if state.contrasted >= MOST_FAILURES:
        return "others were answered"
    if state.timeouts >= MOST_TIMEOUTS or state.lost >= MOST_FAILURES:
        return "each of them may be paid"
    return _reason_at_the_end(state, busy, others, lone_for)


def _reason_at_the_end(state: RetryState, busy: ProviderBusy, others: OtherCalls, lone_for: float) -> str:
    if not _is_last(others) or lone_for < _last_patience(busy, others):
        return ""
    if not others.beside:
        minutes = f"{LAST_PATIENCE / 60:g} minutes"
        return f"nobody was answered for about {minutes}: only tasks that fail are left, or the provider is down"
    fewest = _FEWEST_REFUSALS if busy.limited else MOST_FAILURES
    return "all others have been answered" if state.failures >= fewest or lone_for >= LAST_PATIENCE else ""


def _is_last(others: OtherCalls) -> bool:
    """Return whether a batch is at its end, with few tasks that fail, after others were answered."""
    return others.over and others.answered > 0


def _last_patience(busy: ProviderBusy, others: OtherCalls) -> float:
    """Return for how many seconds a task at the end of a batch goes on while nobody is answered."""
    if not others.beside:
        return LAST_PATIENCE
    return REFUSED_PATIENCE if busy.limited else LONE_PATIENCE


def _last_wait(busy: ProviderBusy, others: OtherCalls, lone_for: float) -> float:
    """Return the wait of a task at the end of a batch in seconds, with which its patience lasts for about ten calls."""
    patience = _last_patience(busy, others)
    growth = math.pow(patience, 1 / (MOST_FAILURES - _EQUAL_WAITS))
    wait = max(min(_FIRST_WAIT, 10 * others.latency), lone_for * (growth - 1))
    return min(wait, patience - lone_for) if lone_for < patience else wait


def _lone_for(state: RetryState, now: int, longest_step: float) -> float:
    """Return for how many seconds a task has failed while nobody was answered."""
    return min(now - state.lone_since, max(1, state.lone - 1) * longest_step) if state.lone else 0.0


def _unanswered(state: RetryState, busy: ProviderBusy, reason: str) -> UnansweredError:
    return UnansweredError(
        f"{busy}: {state.failures} calls of this task failed, and {reason}. Run it again; if it stays so, look at its "
        "input"
    )
