"""Batches against providers that fail, refuse and recover, in simulated time, which is exact whatever the machine."""

import random
import statistics
from collections.abc import Callable

import pytest

from aita.errors import ProviderBusy
from aita.services.calls import patience
from tests.support.batch_simulation import Provide, simulate

LATENCY = 0.02
TIMEOUT = 2.0


def busy(kind: str) -> tuple[float, ProviderBusy]:
    """Return the duration and the failure of a call."""
    match kind:
        case "429":
            return 0.003, ProviderBusy("the provider answered 429", limited=True)
        case "429 with a time":
            return 0.003, ProviderBusy("the provider answered 429", 2.0, limited=True)
        case "time-out":
            return TIMEOUT, ProviderBusy("the model did not answer in time", timed_out=True)
        case "cut":
            cut = ProviderBusy("the provider's answer was cut off")
            cut.may_be_paid = True
            return 0.003, cut
    return 0.003, ProviderBusy("the provider answered 500")


def poisoned(kind: str, first: int, count: int) -> Provide:
    def provide(_: float, number: int) -> tuple[float, ProviderBusy | None]:
        return busy(kind) if first <= number < first + count else (LATENCY, None)

    return provide


def away(begins: Callable[[int], bool], seconds: float, kind: str = "500") -> Provide:
    """Answer until so many calls were answered, then fail for some seconds."""
    answered, since = 0, -1.0

    def provide(at: float, _: int) -> tuple[float, ProviderBusy | None]:
        nonlocal answered, since
        if since < 0 and begins(answered):
            since = at
        if 0 <= since <= at < since + seconds:
            return busy(kind)
        answered += 1
        return LATENCY, None

    return provide


def by_chance(share: float, kind: str, seed: int) -> Provide:
    chance = random.Random(seed)
    return lambda _, __: busy(kind) if chance.random() < share else (LATENCY, None)


def bucket(rate: float, size: float, retry_after: float | None = None) -> Provide:
    filled, since = size, 0.0

    def provide(at: float, _: int) -> tuple[float, ProviderBusy | None]:
        nonlocal filled, since
        filled, since = min(size, filled + (at - since) * rate), at
        if filled >= 1:
            filled -= 1
            return LATENCY, None
        return 0.003, ProviderBusy("the provider answered 429", retry_after, limited=True)

    return provide


def window(most: int, seconds: float) -> Provide:
    answered: dict[int, int] = {}

    def provide(at: float, _: int) -> tuple[float, ProviderBusy | None]:
        number = int((at + 20) // seconds)
        answered[number] = answered.get(number, 0) + 1
        return (LATENCY, None) if answered[number] <= most else busy("429")

    return provide


@pytest.mark.parametrize("kind", ["500", "cut", "time-out", "429", "429 with a time"])
@pytest.mark.parametrize("place", ["begin", "middle", "end"])
@pytest.mark.parametrize(
    ("tasks", "workers", "count"),
    [(500, 5, 5), (500, 10, 5), (500, 5, 20), (500, 20, 20), (60, 20, 20), (60, 5, 20), (10, 5, 5), (10, 5, 1)],
)
class TestPoison:
    """Prompts that are never answered, as many as there are workers or more."""

    def test_holds_nobody_and_ends_in_a_bounded_time_with_few_calls(
        self, kind: str, place: str, tasks: int, workers: int, count: int
    ) -> None:
        first = {"begin": 0, "middle": (tasks - count) // 2, "end": tasks - count}[place]
        ran = simulate(poisoned(kind, first, count), tasks=tasks, workers=workers)
        ideal = (tasks - count) * LATENCY / workers
        slack = {"time-out": 2 * TIMEOUT, "429": 12.0, "429 with a time": 20.0}.get(kind, 1.0)
        assert len(ran.answered) == tasks - count
        assert ran.last_answer <= 1.2 * ideal + slack
        assert sorted(ran.failed) == list(range(first, first + count))
        assert ran.last_failure <= 2.7 * patience.LAST_PATIENCE
        assert max(ran.calls.values()) <= 2.5 * patience.MOST_FAILURES


class TestTheLastTasks:
    @pytest.mark.parametrize("kind", ["500", "429", "cut"])
    @pytest.mark.parametrize(
        ("tasks", "workers", "answered"), [(100, 10, 88), (100, 10, 97), (20, 5, 17), (60, 20, 40)]
    )
    def test_an_outage_of_minutes_fails_none_of_them(self, kind: str, tasks: int, workers: int, answered: int) -> None:
        seconds = 0.75 * patience.LAST_PATIENCE if kind != "cut" else 20
        ran = simulate(away(lambda count: count >= answered, seconds, kind), tasks=tasks, workers=workers)
        assert not ran.failed
        assert len(ran.answered) == tasks
        assert ran.last_answer <= seconds + patience.LAST_PATIENCE

    def test_a_longer_one_is_told(self) -> None:
        ran = simulate(away(lambda count: count >= 88, 600), tasks=100, workers=10)
        assert sorted(ran.failed) == sorted(set(range(100)) - set(ran.answered))
        assert all(
            "nobody was answered for about 2 minutes" in error and "the provider is down" in error
            for error in ran.errors.values()
        )

    def test_one_of_which_most_are_left_is_waited_for(self) -> None:
        ran = simulate(away(lambda count: count >= 20, 1_800), tasks=100, workers=80)
        assert (len(ran.answered), ran.failed) == (100, {})


class TestRefusalsByChance:
    """A busy upstream, which refuses some calls however few are made."""

    @pytest.mark.parametrize("seed", range(3))
    @pytest.mark.parametrize(
        ("share", "workers", "seconds"), [(0.1, 20, 30), (0.3, 20, 45), (0.5, 50, 120), (0.4, 1, 200)]
    )
    def test_do_not_slow_down_for_long(self, share: float, workers: int, seconds: float, seed: int) -> None:
        ran = simulate(by_chance(share, "429", seed), tasks=200, workers=workers)
        assert len(ran.answered) == 200
        assert ran.last_answer <= seconds

    @pytest.mark.parametrize("seed", range(5))
    def test_nor_do_other_failures_of_half_of_the_calls(self, seed: int) -> None:
        ran = simulate(by_chance(0.5, "500", seed), tasks=300, workers=20)
        assert (len(ran.answered), ran.failed) == (300, {})
        assert ran.last_answer <= 10

    def test_nor_do_they_at_the_end_of_a_batch(self) -> None:
        """The last tasks that have failed several times wait as long as they would beside others."""
        ran = [simulate(by_chance(0.35, "500", seed), tasks=300, workers=50) for seed in range(100)]
        assert all(not each.failed for each in ran)
        ends = [each.last_answer for each in ran]
        assert statistics.median(ends) <= 1.05
        assert max(ends) <= 2


class TestLimits:
    @pytest.mark.parametrize("workers", [1, 5, 20, 50])
    @pytest.mark.parametrize("rate", [0.2, 0.3, 1.0, 2.0, 5.0])
    @pytest.mark.parametrize("retry_after", [None, 1.0])
    def test_a_slow_one_that_nobody_told_loses_nothing(
        self, rate: float, workers: int, retry_after: float | None
    ) -> None:
        ran = simulate(bucket(rate, 1, retry_after), tasks=40, workers=workers)
        assert (len(ran.answered), ran.failed) == (40, {})
        assert ran.last_answer <= 1.7 * 39 / rate + 10
        assert ran.refused <= 5 * 40

    def test_nor_does_one_by_the_minute(self) -> None:
        ran = simulate(window(20, 60), tasks=100, workers=20)
        assert (len(ran.answered), ran.failed) == (100, {})
        assert ran.last_answer <= 300

    @pytest.mark.parametrize(("rate", "tasks", "workers"), [(20, 200, 50), (50, 500, 100)])
    def test_one_by_the_second_is_found_with_few_refusals(self, rate: int, tasks: int, workers: int) -> None:
        ran = simulate(bucket(rate, rate), tasks=tasks, workers=workers)
        assert len(ran.answered) == tasks
        assert ran.last_answer <= 1.1 * (tasks - rate) / rate
        assert ran.refused <= workers - rate + 5
