"""The limiter: what it lets through in any window, what refusals and headers do, and simulated providers."""

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aita.memory.rate_limiter import MemoryRateLimiter
from aita.models.rate_limits import Rates
from aita.services.calls.token_bucket import (
    DECREASE,
    FIRST_GUESS,
    GUESS_DECREASE,
    REQUEST_BURST,
    SLOWEST,
    TOKEN_BURST,
    Bucket,
)
from tests.support.rate_simulation import Provider, simulate, simulate_tokens

NOW = 1_700_000_000_000
NONE = Rates()


def dues(bucket: Bucket, now: int, told: Rates, count: int, tokens: int = 1) -> list[int]:
    found = []
    for _ in range(count):
        bucket, due = bucket.reserve(now, told, tokens)
        found.append(due - now)
    return found


def requests_per_second(bucket: Bucket, now: int, told: Rates) -> float:
    """Return the rate that a bucket has, which must have one."""
    rate = bucket.rates(now, told).requests_per_second
    assert rate is not None
    return rate


class TestSlots:
    def test_a_full_bucket_lets_its_burst_through_and_then_its_rate(self) -> None:
        assert dues(Bucket(), NOW, Rates(10), 13) == [0] * 10 + [100, 200, 300]

    def test_without_a_rate_every_call_is_due_at_once(self) -> None:
        bucket, due = Bucket().reserve(NOW, NONE, 1)
        assert (bucket, due) == (Bucket(), NOW)

    def test_a_call_in_a_hundred_seconds(self) -> None:
        assert dues(Bucket(), NOW, Rates(0.01), 3) == [0, 100_000 - REQUEST_BURST, 200_000 - REQUEST_BURST]

    def test_tokens_are_waited_for_too_and_the_later_counts(self) -> None:
        told = Rates(1000, 60_000)
        assert dues(Bucket(), NOW, told, 3, tokens=20_000) == [0, 20_000 - TOKEN_BURST, 40_000 - TOKEN_BURST]

    @given(
        rate=st.floats(0.01, 500),
        gaps=st.lists(st.integers(0, 3_000), min_size=2, max_size=120),
        window=st.integers(1, 20_000),
    )
    def test_no_window_has_more_than_its_rate_and_the_burst(self, rate: float, gaps: list[int], window: int) -> None:
        bucket, now, due = Bucket(), NOW, []
        for gap in gaps:
            now += gap
            bucket, at = bucket.reserve(now, Rates(rate), 1)
            assert at >= now
            due.append(at)
        most = (window + REQUEST_BURST) / max(1, round(1_000 / rate)) + 1
        for start in due:
            assert sum(start <= at < start + window for at in due) <= most + 1e-9

    @given(
        tpm=st.floats(100, 1e7),
        calls=st.lists(st.integers(1, 20_000), min_size=2, max_size=60),
        window=st.integers(1, 120_000),
    )
    def test_nor_more_tokens_but_for_one_call(self, tpm: float, calls: list[int], window: int) -> None:
        bucket, due = Bucket(), []
        for tokens in calls:
            bucket, at = bucket.reserve(NOW, Rates(None, tpm), tokens)
            due.append((at, tokens))
        most = (window + TOKEN_BURST + len(calls)) * tpm / 60_000 + max(calls)
        for start, _ in due:
            assert sum(tokens for at, tokens in due if start <= at < start + window) <= most


class TestClosed:
    def test_nobody_comes_before_it_opens_and_not_all_at_once(self) -> None:
        bucket = Bucket().close(NOW, Rates(10), 60, NONE)
        found = dues(bucket, NOW, Rates(10), 20)
        assert min(found) == 60_000
        assert sum(due == 60_000 for due in found) <= 10
        assert len(set(found)) > 10

    def test_a_shorter_closure_shortens_nothing(self) -> None:
        bucket = Bucket().close(NOW, NONE, 60, NONE).close(NOW + 5, NONE, 1, NONE)
        assert bucket.closed_until == NOW + 60_000

    def test_refusals_that_come_together_lower_the_rate_once(self) -> None:
        told = Rates(10)
        bucket = Bucket()
        for number in range(5):
            bucket = bucket.close(NOW + number, told, 1, NONE)
        assert requests_per_second(bucket, NOW + 1_004, told) == pytest.approx(10 * DECREASE, rel=0.01)
        bucket = bucket.close(NOW + 5_000, told, 1, NONE)
        assert requests_per_second(bucket, NOW + 6_000, told) < 10

    def test_the_rate_grows_back_to_what_was_told_and_no_further(self) -> None:
        told = Rates(10)
        bucket = Bucket().close(NOW, told, 1, NONE)
        rates = [requests_per_second(bucket, NOW + second * 1_000, told) for second in range(1, 12)]
        assert rates == sorted(rates)
        assert [rates[0], rates[-1]] == pytest.approx([8, 10])

    def test_an_unknown_limit_starts_slowly_and_is_found(self) -> None:
        bucket = Bucket().close(NOW, NONE, 1, NONE)
        assert requests_per_second(bucket, NOW + 1_000, NONE) == FIRST_GUESS
        grown = requests_per_second(bucket, NOW + 6_000, NONE)
        assert grown == pytest.approx(64)
        found = bucket.close(NOW + 6_000, NONE, 1, NONE)
        assert requests_per_second(found, NOW + 7_000, NONE) == pytest.approx(64 * GUESS_DECREASE)

    def test_no_refusals_slow_it_below_the_slowest(self) -> None:
        bucket = Bucket()
        for minute in range(200):
            bucket = bucket.close(NOW + minute * 2_000, Rates(0.02), 1, NONE, passing=0.0)
        assert requests_per_second(bucket, bucket.closed_until, Rates(0.02)) >= SLOWEST

    def test_one_that_names_no_time_lasts_a_second(self) -> None:
        assert Bucket().close(NOW, Rates(10), None, NONE).closed_until == NOW + 1_000

    def test_it_is_no_shorter_while_no_limit_is_known(self) -> None:
        assert Bucket().close(NOW, NONE, 0.05, NONE).closed_until == NOW + 1_000
        assert Bucket().close(NOW, Rates(10), 0.05, NONE).closed_until == NOW + 50

    def test_a_pause_changes_no_rate(self) -> None:
        bucket = Bucket().pause(NOW, 30)
        assert (bucket.closed_until, bucket.rates(NOW, NONE), bucket.is_limiting) == (NOW + 30_000, NONE, False)
        assert bucket.pause(NOW, 20) is bucket

    def test_calls_without_a_slot_say_nothing_about_a_rate_that_was_lowered(self) -> None:
        bucket = Bucket().close(NOW, NONE, 1, NONE)
        again = bucket.close(NOW + 5_000, NONE, 1, NONE, paced=False)
        assert (again.lowered, again.since, again.closed_until) == (bucket.lowered, bucket.since, NOW + 5_500)
        found = replace(bucket, lowered=20.0, found=True).close(NOW + 3_600_000, NONE, 1, NONE, paced=False)
        assert requests_per_second(found, NOW + 3_601_000, NONE) == 20.0

    def test_nor_do_they_end_a_slow_start(self) -> None:
        bucket = Bucket().close(NOW, NONE, 1, NONE)
        late = bucket.close(bucket.since + 20_000, NONE, 1, NONE, paced=False)
        assert requests_per_second(late, late.closed_until + 4_000, NONE) == FIRST_GUESS * 2**4

    def test_they_do_not_lower_a_stated_limit_either(self) -> None:
        bucket = Bucket().learn(Rates(20.0)).close(NOW, NONE, 1, NONE, paced=False)
        assert requests_per_second(bucket, bucket.closed_until, NONE) == 20

    def test_the_slots_of_a_slow_start_lie_few_seconds_ahead_and_its_end_passes_them(self) -> None:
        bucket = Bucket().close(NOW, NONE, 1, NONE)
        for _ in range(100):
            bucket, last = bucket.reserve(NOW, NONE, 1)
        assert last <= NOW + 7_000
        assert bucket.close(NOW + 4_000, NONE, 1, NONE).closed_until >= last


class TestSettled:
    told = Rates(None, 60_000)

    def test_more_tokens_than_were_expected_delay_the_next_call(self) -> None:
        bucket = Bucket().settle(NOW, self.told, 500, 30_500)
        assert bucket.reserve(NOW, self.told, 1)[1] == NOW + 30_000 - TOKEN_BURST

    def test_fewer_are_free_again(self) -> None:
        reserved, _ = Bucket().reserve(NOW, self.told, 40_000)
        assert reserved.settle(NOW, self.told, 40_000, 30_000).tokens_at == reserved.tokens_at - 10_000

    def test_without_a_limit_nothing_changes(self) -> None:
        bucket = Bucket()
        assert bucket.settle(NOW, NONE, 500, 30_500) is bucket


class TestTaught:
    def test_what_headers_tell_is_the_ceiling(self) -> None:
        bucket = Bucket().learn(Rates(5.0, 6_000.0))
        assert bucket.rates(NOW, Rates(10)) == Rates(5.0, 6_000.0)
        assert bucket.rates(NOW, Rates(2.0)) == Rates(2.0, 6_000.0)

    def test_what_is_known_changes_nothing(self) -> None:
        bucket = Bucket().learn(Rates(100.0))
        assert bucket.learn(Rates(104.0)) is bucket
        assert bucket.learn(Rates(None, None)) is bucket
        assert bucket.learn(Rates(106.0)).epoch == bucket.epoch + 1

    @pytest.mark.parametrize("is_told_at_once", [True, False])
    def test_a_stated_limit_takes_the_place_of_a_guess(self, is_told_at_once: bool) -> None:
        stated = Rates(20.0)
        bucket = Bucket().close(NOW, NONE, None, stated if is_told_at_once else NONE).learn(stated)
        assert requests_per_second(bucket, bucket.closed_until, NONE) == 20
        assert dues(bucket, bucket.closed_until, NONE, 50)[-1] == pytest.approx(2_000, abs=500)

    def test_a_stated_limit_at_which_calls_are_refused_is_lowered(self) -> None:
        bucket = Bucket().learn(Rates(20.0)).close(NOW, NONE, 1, Rates(20.0))
        assert requests_per_second(bucket, NOW + 1_000, NONE) == pytest.approx(20 * DECREASE)

    def test_a_refusal_teaches_too(self) -> None:
        assert requests_per_second(Bucket().close(NOW, NONE, 1, Rates(7.0)), NOW + 1_000, NONE) <= 7.0


class TestMemoryLimiter:
    def test_a_held_slot_counts_unless_it_was_closed_past(self) -> None:
        limiter = MemoryRateLimiter(lambda: 1000.0)
        slot = [limiter.reserve(Rates(1), 1) for _ in range(3)][-1]
        assert slot.wait == pytest.approx(1.1)
        assert limiter.reserve(Rates(1), 1, reservation=slot.available_at) == slot
        limiter.close(Rates(1), 30, NONE)
        assert limiter.reserve(Rates(1), 1, reservation=slot.available_at).wait >= 30
        assert limiter.reserve(Rates(1), 1, reservation=1031.0).wait == 31

    @pytest.mark.parametrize("rate", [700, 3_000, 10_000])
    def test_calls_in_the_same_millisecond_keep_the_rate(self, rate: int) -> None:
        limiter = MemoryRateLimiter(lambda: 1000.0)
        waits = [limiter.reserve(Rates(rate), 1).wait for _ in range(3 * rate)]
        assert waits[-1] == pytest.approx(3 - REQUEST_BURST / 1_000, rel=0.01)

    def test_slots_that_were_slept_through_are_reserved_anew(self) -> None:
        now = 1000.0
        limiter = MemoryRateLimiter(lambda: now)
        held = [limiter.reserve(Rates(10), 1).available_at for _ in range(100)]
        now += 20
        waits = [limiter.reserve(Rates(10), 1, reservation).wait for reservation in held]
        assert sum(wait == 0 for wait in waits) <= 10
        assert max(waits) == pytest.approx(9, abs=0.2)

    def test_a_limit_that_is_new_has_no_burst_left(self) -> None:
        """Headers state a limit when the provider's bucket is nearly empty, and it refuses when it is."""
        limiter = MemoryRateLimiter(lambda: 1000.0)
        limiter.learn(Rates(50.0))
        assert [limiter.reserve(NONE, 1).wait for _ in range(11)][-1] == pytest.approx(0.2)
        now = 1000.0
        limiter = MemoryRateLimiter(lambda: now)
        limiter.close(Rates(50), 0.1, NONE)
        now += 0.1
        assert sum(limiter.reserve(Rates(50), 1).wait == 0 for _ in range(20)) <= 6

    def test_what_goes_through_is_measured_when_nobody_told_a_limit(self) -> None:
        limiter = MemoryRateLimiter(lambda: 1000.0)
        for _ in range(100):
            limiter.reserve(NONE, 1)
        for _ in range(50):
            limiter.close(NONE, 1, NONE)
        assert requests_per_second(limiter.bucket, 1_001_000, NONE) == pytest.approx(50 * 0.95)

    def test_threads_never_share_a_slot(self) -> None:
        limiter = MemoryRateLimiter(lambda: 1000.0)
        ready = threading.Barrier(16)

        def take(_: int) -> list[float]:
            ready.wait(60)
            return [limiter.reserve(Rates(100), 1).available_at for _ in range(50)]

        with ThreadPoolExecutor(16) as pool:
            found = sorted(due for mine in pool.map(take, range(16)) for due in mine)
        bucket, expected = Bucket(), []
        for _ in range(800):
            bucket, due = bucket.reserve(1_000_000, Rates(100), 1)  # whole milliseconds, however they are rounded
            expected.append(due / 1_000)
        assert found == expected


class TestSimulatedProviders:
    """Simulated time is exact: the shares and ratios are the limiter's, whatever the machine."""

    @pytest.mark.parametrize("seed", range(5))
    def test_a_limit_that_is_told_is_kept(self, seed: int) -> None:
        ran = simulate(Provider(20, 20), Rates(20), tasks=200, concurrency=50, latency=0.2, seed=seed)
        assert ran.answered == 200
        assert ran.seconds <= 9 * 1.06
        assert ran.refused_share <= 0.05

    @pytest.mark.parametrize("seed", range(5))
    @pytest.mark.parametrize(("rate", "tasks", "at_once", "latency"), [(20, 200, 50, 0.2), (50, 500, 100, 0.5)])
    def test_one_that_nobody_told_is_found_by_refusals_without_a_time(
        self, rate: int, tasks: int, at_once: int, latency: float, seed: int
    ) -> None:
        provider = Provider(rate, rate, names_time=False)
        ran = simulate(provider, NONE, tasks=tasks, concurrency=at_once, latency=latency, seed=seed)
        assert ran.answered == tasks
        assert ran.seconds <= (tasks - rate) / rate * 1.10 + latency
        assert ran.refused <= at_once - rate + 5, "little more than before anybody knew"

    @pytest.mark.parametrize("silent", [0.0, 0.5])
    @pytest.mark.parametrize("latency", [(0.1, 0.1), (5, 5), (30, 30), (0.1, 30)])
    def test_tokens_are_kept_from_the_second_minute_on(self, latency: tuple[float, float], silent: float) -> None:
        minutes = Counter[int]()
        told = Rates(None, 60_000)
        calls = simulate_tokens(told, seconds=1_200, concurrency=100, latency=latency, tokens=2_100, silent=silent)
        for at, tokens in calls:
            minutes[int(at // 60)] += tokens
        late = [minutes[minute] for minute in range(1, 20)]
        assert max(late) <= 60_000 * 1.05
        assert min(late[5:]) >= 60_000 * 0.95 - 2_100
        assert sum(late) <= 19 * 60_000 * 1.01

    @pytest.mark.parametrize("teaches", [False, True])
    @pytest.mark.parametrize(("rate", "tasks", "at_once", "latency"), [(20, 200, 50, 0.2), (50, 500, 100, 0.5)])
    def test_one_that_nobody_told_is_found(
        self, rate: int, tasks: int, at_once: int, latency: float, teaches: bool
    ) -> None:
        provider = Provider(rate, rate, teaches)
        ran = simulate(provider, NONE, tasks=tasks, concurrency=at_once, latency=latency)
        assert ran.answered == tasks
        assert ran.seconds <= (tasks - rate) / rate * 1.15 + latency
        assert ran.refused_share <= 0.15

    @pytest.mark.parametrize("told", [NONE, Rates(10), Rates(5)])
    def test_a_slow_provider_loses_nothing(self, told: Rates) -> None:
        ran = simulate(Provider(5, 5), told, tasks=200, concurrency=50, latency=0.2)
        assert ran.answered == 200
        assert ran.refused_share <= 0.25
        assert ran.seconds <= 39 * 1.25

    def test_an_outage_costs_its_length(self) -> None:
        ran = simulate(Provider(20, 20, down=(3, 63)), Rates(20), tasks=200, concurrency=50, latency=0.2)
        assert ran.answered == 200
        assert ran.seconds <= 69 * 1.05


def test_a_bucket_knows_whether_it_limits() -> None:
    assert not Bucket().is_limiting
    assert replace(Bucket(), lowered=1.0).is_limiting
    assert Bucket().learn(Rates(None, 5.0)).is_limiting
