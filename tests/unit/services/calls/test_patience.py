"""Patience with a provider: bounded for one task among others, long while nobody is answered."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aita.errors import ProviderBusy, RunStopped, UnansweredError
from aita.models.run import RetryState
from aita.services.calls import patience
from aita.services.calls.patience import OtherCalls, after_failure

STEP = 180.0
"""Longest time between two failures, in seconds."""


def others(answered: int = 0, **changes: Any) -> OtherCalls:
    return OtherCalls(**{"answered": answered, "waits": 0, "mostly_answered": True, "over": False} | changes)


def fail(state: RetryState, beside: OtherCalls, now: int = 1, **busy: Any) -> tuple[RetryState, float]:
    return after_failure(state, ProviderBusy("the provider answered 500", **busy), beside, now, STEP, max)


def failures(count: int, beside: list[OtherCalls], seconds: float = 1.0, **busy: Any) -> RetryState:
    """Return the state after this many failures, the n-th beside the n-th other calls or, at the end, the last."""
    state = RetryState()
    for number in range(count):
        state, _ = fail(state, beside[min(number, len(beside) - 1)], round(1 + number * seconds), **busy)
    return state


class TestOneTaskAmongOthers:
    def test_it_fails_with_the_providers_reason_after_a_bounded_number_of_calls(self) -> None:
        answered = [others(number) for number in range(100)]
        state = failures(patience.MOST_FAILURES, answered)
        with pytest.raises(UnansweredError, match=r"^the provider answered 500: 11 calls of this task failed"):
            fail(state, others(100))

    def test_only_failures_count_between_which_others_were_answered(self) -> None:
        assert failures(100, [others(50)]).contrasted == 0

    def test_nor_do_failures_count_while_most_calls_fail_however_long(self) -> None:
        trouble = [others(number, mostly_answered=False) for number in range(100)]
        assert failures(20, trouble, seconds=60).contrasted == 0

    def test_refusals_by_a_limit_count_only_if_many_were_answered_between_them(self) -> None:
        """At a low rate somebody is answered between two refusals of any task."""
        slow = [others(2 * number) for number in range(100)]
        assert failures(50, slow, limited=True).contrasted == 0
        large = [others(20 * number) for number in range(patience.MOST_FAILURES)]
        with pytest.raises(UnansweredError):
            fail(failures(patience.MOST_FAILURES, large, limited=True), others(500), limited=True)

    def test_time_outs_are_few(self) -> None:
        state = failures(patience.MOST_TIMEOUTS - 1, [others()], timed_out=True)
        with pytest.raises(UnansweredError):
            fail(state, others(), timed_out=True)

    def test_so_are_calls_whose_reply_was_lost_though_nobody_is_answered(self) -> None:
        busy = ProviderBusy("the provider broke the reply off")
        busy.may_be_paid = True
        state = RetryState()
        for _ in range(patience.MOST_FAILURES - 1):
            state, _ = after_failure(state, busy, others(mostly_answered=False), 1, STEP, max)
        with pytest.raises(UnansweredError, match="10 calls of this task failed, and each of them may be paid"):
            after_failure(state, busy, others(mostly_answered=False), 1, STEP, max)


class TestTheEndOfABatch:
    def test_a_task_beside_which_others_were_answered_fails_after_half_a_minute_and_ten_calls(self) -> None:
        beside = others(40, over=True, beside=True)
        state = failures(patience.MOST_FAILURES, [beside], seconds=3)
        with pytest.raises(UnansweredError, match="11 calls of this task failed, and all others have been answered"):
            fail(state, beside, 1 + round(patience.LONE_PATIENCE))
        early = failures(5, [beside], seconds=3)
        assert fail(early, beside, 1 + round(patience.LONE_PATIENCE))[0].failures == 6

    def test_one_that_a_limit_refuses_waits_for_more_than_a_minute(self) -> None:
        beside = others(40, over=True, beside=True)
        state = failures(20, [beside], seconds=3, limited=True)
        with pytest.raises(UnansweredError):
            fail(state, beside, 1 + round(patience.REFUSED_PATIENCE), limited=True)

    def test_one_that_began_to_fail_after_the_last_answer_waits_for_two_minutes(self) -> None:
        """As an outage looks like that, too, and then says so."""
        state = failures(30, [others(40, over=True)], seconds=3)
        with pytest.raises(UnansweredError, match="nobody was answered for about 2 minutes: only tasks that"):
            fail(state, others(40, over=True), 1 + round(patience.LAST_PATIENCE))

    @pytest.mark.parametrize("beside", [True, False])
    def test_its_calls_are_about_ten_until_then(self, beside: bool) -> None:
        at_the_end = others(40, over=True, beside=beside)
        times = [1.0]

        def wait(_: float, longest: float) -> float:
            return longest

        def call() -> None:
            state = RetryState()
            while len(times) < 100:
                busy = ProviderBusy("the provider answered 500")
                state, seconds = after_failure(state, busy, at_the_end, round(times[-1]), STEP, wait)
                times.append(times[-1] + seconds)

        with pytest.raises(UnansweredError):
            call()
        assert patience.MOST_FAILURES <= len(times) <= patience.MOST_FAILURES + 3

    def test_it_need_not_be_called_again_once_the_time_has_passed(self) -> None:
        busy, at_the_end = ProviderBusy("the provider answered 500"), others(40, over=True)
        state = failures(2, [at_the_end])
        patience.check_last(state, busy, at_the_end, 100, STEP)
        with pytest.raises(UnansweredError, match="2 calls of this task failed"):
            patience.check_last(state, busy, at_the_end, 1 + round(patience.LAST_PATIENCE), STEP)

    def test_they_wait_on_as_long_as_anybody_is_answered(self) -> None:
        slow = [others(40 + number // 5, over=True) for number in range(100)]
        assert failures(60, slow, seconds=5, limited=True).failures == 60

    @pytest.mark.parametrize("beside", [others(0, over=True), others(40)])
    def test_they_wait_on_if_nobody_was_answered_or_others_are_still_to_come(self, beside: OtherCalls) -> None:
        assert failures(50, [beside], seconds=10).failures == 50


class TestAnOutage:
    def test_fails_no_task_for_hours(self) -> None:
        state = failures(100, [others(40)], seconds=60)
        assert state.failures == 100

    def test_stops_the_run_then(self) -> None:
        state = failures(100, [others(40)], seconds=60)
        with pytest.raises(RunStopped, match=r"has not answered for 2 hours: resume when it does \(the provider answ"):
            fail(state, others(40), 7300)

    def test_the_time_of_a_suspended_machine_is_no_failure_of_the_provider(self) -> None:
        state, _ = fail(RetryState(), others(40))
        state, _ = fail(state, others(40), 100_000)
        assert state.failures == 2


class TestWaits:
    def test_what_the_provider_demands_comes_first(self) -> None:
        assert fail(RetryState(), others(5), retry_after=17.5)[1] == 17.5

    def test_while_others_are_answered_the_first_are_about_a_calls_duration(self) -> None:
        _, seconds = fail(RetryState(), others(5, latency=0.02))
        assert seconds < 0.03

    @given(st.integers(0, 10_000), st.floats(0.001, 600), st.booleans())
    def test_they_never_shrink_and_stay_bounded(self, failed: int, latency: float, mostly: bool) -> None:
        def wait(count: int) -> float:
            return patience.backoff(
                RetryState(failures=count), others(5, latency=latency, mostly_answered=mostly), lambda low, high: high
            )

        assert 0 < wait(failed) <= wait(failed + 1) <= patience.LONGEST_BACKOFF
