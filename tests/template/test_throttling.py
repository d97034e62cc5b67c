"""Runs that want more of Lambda than the account has: nothing fails, by a model that reads the definition's retry."""

from dataclasses import replace

import pytest

from tests.template.conftest import Json, all_states
from tests.template.scheduler import Account, Outcome, Retries, Run, simulate

THROTTLED = "Lambda.TooManyRequestsException"
ITEMS = 4000
SEEDS = (1, 2)
GAPS = (0.1, 0.3, 1.0)
"""Seconds from a task's end to the next child's invocation: nobody has measured them on AWS."""

SCENES = {
    "50 at once on a quota of 10": ([Run(50, ITEMS)], 10, 0),
    "200 at once on a quota of 10": ([Run(200, ITEMS)], 10, 0),
    "100 at once on a quota of 50": ([Run(100, ITEMS)], 50, 0),
    "two runs of 10 on a quota of 10": ([Run(10, ITEMS), Run(10, ITEMS)], 10, 0),
    "10 at once on a quota of 10, one of them taken": ([Run(10, ITEMS)], 10, 1),
    "Plan, while a run of 50 is on a quota of 10": ([Run(50, ITEMS), Run(1, 1, begins=600)], 10, 0),
}


@pytest.fixture(scope="module")
def retries(definition: Json) -> Retries:
    return Retries.of(all_states(definition)["RunItem"], THROTTLED)


def outcomes(scene: str, seconds: float, retries: Retries) -> list[Outcome]:
    runs, quota, taken = SCENES[scene]
    return [simulate(runs, Account(quota, seconds, gap, taken), retries, seed) for gap in GAPS for seed in SEEDS]


@pytest.mark.parametrize("seconds", [5, 10, 20])
@pytest.mark.parametrize("scene", SCENES)
def test_what_is_throttled_waits_and_nothing_fails(scene: str, seconds: float, retries: Retries) -> None:
    for outcome in outcomes(scene, seconds, retries):
        assert outcome.failed == 0
        assert outcome.done == sum(run.items for run in SCENES[scene][0])
        assert outcome.most_retries <= retries.attempts / 2, "half of the tries are kept in hand: the model is not AWS"


@pytest.mark.parametrize("scene", SCENES)
def test_a_retry_of_minutes_would_not_do(scene: str, retries: Retries) -> None:
    """Those that start take the freed slots before those that wait: ten tries leave some without."""
    few = replace(retries, attempts=10)
    assert few.mean < 300
    assert sum(outcome.failed for outcome in outcomes(scene, 20, few)) > 0


def test_within_the_quota_nothing_is_throttled(retries: Retries) -> None:
    outcome = simulate([Run(10, ITEMS)], Account(10, 20, 0.3), retries, seed=1)
    assert (outcome.done, outcome.throttled) == (ITEMS, 0)


def test_a_slot_that_never_comes_ends_the_wait(retries: Retries) -> None:
    outcome = simulate([Run(5, 20)], Account(1, 20, 0.3, taken=1), retries, seed=1)
    assert (outcome.done, outcome.failed) == (0, 20)
    assert outcome.throttled == 20 * (retries.attempts + 1)
