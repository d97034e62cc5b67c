"""The pace of a process's calls: what they are expected to use, what they tell the limiter, and whose turn it is."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aita.errors import ProviderBusy
from aita.memory.rate_limiter import MemoryRateLimiter
from aita.models.effort import DEFAULT_EFFORT
from aita.models.rate_limits import Rates
from aita.ports import Reply, TokenUsage
from aita.services.calls.pacing import Pacing, Turnstile
from aita.services.calls.token_bucket import REQUEST_BURST, TOKEN_BURST
from aita.services.calls.token_expectations import TokenExpectations
from aita.tasks.request import LLMRequest, Message, Parameters
from aita.tasks.tokens import expected_tokens
from tests.support.fakes import Clock

NONE = Rates()


def request(schema_name: str = "chat") -> LLMRequest:
    return LLMRequest((Message("user", "Why?"),), schema_name, None, Parameters())


def reply(tokens: int | None) -> Reply:
    usage = None if tokens is None else TokenUsage(tokens - 10, 0, 10)
    return Reply("so", "stop", False, "m", usage, 0)


ESTIMATE = expected_tokens(request())


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def pacing(clock: Clock) -> Pacing:
    return Pacing(MemoryRateLimiter(clock.monotonic), TokenExpectations(DEFAULT_EFFORT))


class TestExpectations:
    def test_the_estimate_until_a_call_of_the_kind_was_answered(self) -> None:
        expectations = TokenExpectations(DEFAULT_EFFORT)
        expectations.record(request("grade"), 4 * ESTIMATE)
        assert expectations.expect(request("grade")) == 4 * ESTIMATE
        assert expectations.expect(request("chat")) == ESTIMATE

    def test_the_mean_of_the_last_calls(self) -> None:
        expectations = TokenExpectations(DEFAULT_EFFORT)
        for actual in (1, 3) * 50:
            expectations.record(request(), actual * ESTIMATE)
        assert expectations.expect(request()) == pytest.approx(2 * ESTIMATE, rel=0.05)
        for _ in range(100):
            expectations.record(request(), 5 * ESTIMATE)
        assert expectations.expect(request()) == pytest.approx(5 * ESTIMATE, rel=0.02)

    def test_never_nothing(self) -> None:
        expectations = TokenExpectations(DEFAULT_EFFORT)
        expectations.record(request(), 0)
        assert expectations.expect(request()) == 1


class TestNews:
    told = Rates(None, 60_000)

    def waits(self, pacing: Pacing) -> float:
        return pacing.limiter.reserve(self.told, 1).wait

    def test_a_call_that_used_more_delays_the_next(self, pacing: Pacing) -> None:
        pacing.record_answer(self.told, request(), 500, reply(30_500))
        assert self.waits(pacing) == pytest.approx(30 - TOKEN_BURST / 1_000)

    def test_one_that_used_less_frees_its_tokens(self, pacing: Pacing) -> None:
        pacing.limiter.reserve(self.told, 40_000)
        pacing.record_answer(self.told, request(), 40_000, reply(20_000))
        assert self.waits(pacing) == pytest.approx(20 - TOKEN_BURST / 1_000)

    def test_an_unknown_usage_changes_nothing(self, pacing: Pacing) -> None:
        pacing.limiter.reserve(self.told, 40_000)
        pacing.record_answer(self.told, request(), 40_000, reply(None))
        assert self.waits(pacing) == pytest.approx(40 - TOKEN_BURST / 1_000)
        assert pacing.expectations.expect(request()) == ESTIMATE

    def test_a_call_without_a_slot_teaches_its_tokens_alone(self, pacing: Pacing) -> None:
        pacing.record_answer(self.told, request(), None, reply(90_000))
        assert self.waits(pacing) == 0
        assert pacing.expectations.expect(request()) == 90_000

    def test_refused_tokens_are_free_again_unless_they_may_be_paid(self, pacing: Pacing) -> None:
        lost = ProviderBusy("lost")
        lost.may_be_paid = True
        pacing.limiter.reserve(self.told, 40_000)
        assert not pacing.record_refusal(self.told, 40_000, lost, own=False)
        assert self.waits(pacing) == pytest.approx(40 - TOKEN_BURST / 1_000)
        assert not pacing.record_refusal(self.told, 40_000, ProviderBusy("refused"), own=False)
        assert self.waits(pacing) == 0

    @pytest.mark.parametrize(("seconds", "closed"), [(7.5, 7.5), (None, 1.0)])
    def test_a_limit_closes_for_all_and_lowers_the_rate(
        self, pacing: Pacing, clock: Clock, seconds: float | None, closed: float
    ) -> None:
        busy = ProviderBusy("429", seconds, limited=True)
        assert pacing.record_refusal(Rates(10), 1, busy, own=False)
        assert pacing.limiter.reserve(Rates(10), 1).wait == closed
        clock.advance(closed)
        taken = [pacing.limiter.reserve(Rates(10), 1).wait for _ in range(20)]
        assert taken[-1] - taken[-2] == pytest.approx(1 / 8, abs=0.001)

    def test_another_failure_that_names_a_time_closes_at_the_same_rate(self, pacing: Pacing, clock: Clock) -> None:
        assert pacing.record_refusal(Rates(10), 1, ProviderBusy("503", 7.5), own=False)
        assert pacing.limiter.reserve(Rates(10), 1).wait == 7.5
        clock.advance(7.5)
        taken = [pacing.limiter.reserve(Rates(10), 1).wait for _ in range(20)]
        assert taken[-1] - taken[-2] == pytest.approx(1 / 10, abs=0.001)

    @pytest.mark.parametrize("busy", [ProviderBusy("429", 30, limited=True), ProviderBusy("503", 60)])
    def test_a_tasks_own_refusal_slows_down_nobody_else(self, pacing: Pacing, busy: ProviderBusy) -> None:
        assert not pacing.record_refusal(Rates(10), 1, busy, own=True)
        assert pacing.limiter.reserve(Rates(10), 1).wait == 0

    def test_one_without_a_time_is_this_calls_own(self, pacing: Pacing) -> None:
        assert not pacing.record_refusal(NONE, 1, ProviderBusy("lost"), own=False)
        assert pacing.limiter.reserve(NONE, 1).wait == 0


class TestTurnstile:
    def test_many_threads_pass_once_each(self) -> None:
        turnstile = Turnstile(Pacing(MemoryRateLimiter(lambda: 1000.0), TokenExpectations(DEFAULT_EFFORT)))
        with ThreadPoolExecutor(32) as pool:
            tokens = list(pool.map(lambda _: turnstile.wait(NONE, request(), lambda _: False), range(320)))
        assert tokens == [ESTIMATE] * 320

    def test_a_stop_lets_all_go_at_once(self) -> None:
        pacing = Pacing(MemoryRateLimiter(lambda: 1000.0), TokenExpectations(DEFAULT_EFFORT))
        pacing.limiter.pause(3_600)
        turnstile, stopping = Turnstile(pacing), threading.Event()
        with ThreadPoolExecutor(32) as pool:
            waiting = [pool.submit(turnstile.wait, NONE, request(), stopping.wait) for _ in range(32)]
            assert not any(each.done() for each in waiting)
            stopping.set()
            assert [each.result(60) for each in waiting] == [ESTIMATE] * 32

    def test_who_waits_moves_with_a_closure(self, pacing: Pacing, clock: Clock) -> None:
        pacing.limiter.reserve(Rates(1), 1)
        began, closed = clock.monotonic(), False

        def sleep(seconds: float) -> bool:
            nonlocal closed
            clock.advance(seconds)
            if not closed:
                closed = True
                pacing.limiter.pause(30)
            return False

        Turnstile(pacing).wait(Rates(1), request(), sleep)
        Turnstile(pacing).wait(Rates(1), request(), sleep)
        assert clock.monotonic() - began >= 30

    @given(
        rate=st.floats(0.2, 500),
        steps=st.lists(
            st.tuples(st.sampled_from(["call", "settle", "close", "pause"]), st.floats(0, 3), st.floats(0, 20)),
            min_size=2,
            max_size=100,
        ),
        window=st.integers(1, 20_000),
    )
    def test_no_window_has_more_than_its_rate_and_the_burst(
        self, rate: float, steps: list[tuple[str, float, float]], window: int
    ) -> None:
        """Of each step's two numbers, the second is a time to sleep too long: of a suspended process."""
        clock = Clock()
        pacing = Pacing(MemoryRateLimiter(clock.monotonic), TokenExpectations(DEFAULT_EFFORT))
        turnstile, told, calls = Turnstile(pacing), Rates(rate, 1e9), list[int]()
        for action, gap, longer in steps:
            clock.advance(gap if action != "call" else 0)

            def sleep(seconds: float, longer: float = longer) -> bool:
                clock.advance(seconds + (longer if longer > 18 else 0))
                return False

            match action:
                case "call":
                    turnstile.wait(told, request(), sleep)
                    calls.append(round(clock.monotonic() * 1_000))
                case "settle":
                    pacing.limiter.settle(told, 1_000, round(longer * 200))
                case "close":
                    pacing.limiter.close(told, gap or None, NONE)
                case "pause":
                    pacing.limiter.pause(gap)
        most = (window + REQUEST_BURST) / max(1, int(1_000 / rate)) + 1
        for start in calls:
            assert sum(start <= at < start + window for at in calls) <= most + 1e-9
