"""The function that looks after batches dies before and after each of its effects: nothing is submitted twice.

Each effect is one that others see: an object that is written, a change of a run's row, a request to the provider.
The function is then started again in a new process, as the state machine does, or the run is ended and resumed.
"""

from collections.abc import Callable
from typing import Any

import pytest

from aita.models.provider_batch import BatchState
from aita.models.run import RunStatus
from aita.services.assignments import object_keys
from aita.services.execution.stage_batches import BOOK
from tests.support.fakes import QUESTIONS, Crash, Harness

pytestmark = pytest.mark.slow  # each effect of a run, with two deaths, again and again

OF_THE_PROVIDER = ("upload", "create", "find", "get", "cancel", "delete")
OF_RUNS = ("reserve_cost", "release_cost", "show_batches")
EXAM = [QUESTIONS[0] | {"question_id": str(number)} for number in range(5)]


class Effects:
    """Counts effects, and dies before or after one of them."""

    def __init__(self, place: int | None, *, after: bool) -> None:
        self.count = 0
        self.died = False
        self._place, self._after = place, after

    def around(self, do: Callable[..., Any]) -> Callable[..., Any]:
        def act(*args: Any, **named: Any) -> Any:
            place, self.count = self.count, self.count + 1
            is_here = place == self._place and not self.died
            if is_here and not self._after:
                self.died = True
                raise Crash("before")
            done = do(*args, **named)
            if is_here and not self.died:
                self.died = True
                raise Crash("after")
            return done

        return act


def dying(effects: Effects) -> Harness:
    """Return a harness whose batches are of two requests, and whose function dies at an effect."""
    harness = Harness()
    harness.exam(*EXAM)
    harness.batches.looks = 1
    for owner, names in ((harness.batches, OF_THE_PROVIDER), (harness.runs, OF_RUNS), (harness.objects, ("put_if",))):
        for name in names:
            setattr(owner, name, effects.around(getattr(owner, name)))
    put = harness.objects.put
    dying_put = effects.around(put)

    def act(key: str, *args: Any) -> Any:
        in_batches = "/batches" in key or "cache/" in key
        return (dying_put if in_batches else put)(key, *args)

    harness.objects.put = act  # type: ignore[method-assign,assignment]
    make = harness.cold

    def cold() -> None:
        make()
        harness.batch_queue.most_requests = 2

    harness.cold = cold  # type: ignore[method-assign]
    cold()
    return harness


def double_submissions(harness: Harness) -> int:
    return len(harness.batches.submitted) - len(set(harness.batches.submitted))


def unended(harness: Harness, run_id: str) -> int:
    """Return the number of batches that are not at their end by the books."""
    keys = [object_keys.stage_file(run_id, stage, BOOK) for stage in ("answer_key", "rubric")]
    books = [harness.objects.json(key) for key in keys if key in harness.objects.data]
    return sum(each["state"] != BatchState.ENDED for book in books for each in book["batches"])


@pytest.fixture(scope="module")
def whole() -> Harness:
    """A run in which nothing dies, with the number of its effects."""
    effects = Effects(None, after=False)
    harness = dying(effects)
    run = harness.run("rubric", provider_batch="first", max_cost_usd=100)
    assert run.status is RunStatus.SUCCEEDED
    assert double_submissions(harness) == 0
    harness.effects = effects.count  # type: ignore[attr-defined]
    return harness


def kill_everywhere(whole: Harness, *, after: bool, retries: int) -> int:
    """Kill the function at each effect, see that all comes to the same end, and return the number of kills."""
    kills = 0
    for place in range(whole.effects):  # type: ignore[attr-defined]
        effects = Effects(place, after=after)
        harness = dying(effects)
        run = harness.drive(harness.begin("rubric", provider_batch="first", max_cost_usd=100), retries)
        kills += effects.died
        if run.status is not RunStatus.SUCCEEDED:
            run = harness.resume(run)
        assert run.status is RunStatus.SUCCEEDED, (place, run.reason)
        assert double_submissions(harness) == 0, place
        assert unended(harness, run.run_id) == 0, place
        for name in ("answer_keys.json", "rubrics.json"):
            assert harness.objects.data[f"midterm/{name}"] == whole.objects.data[f"midterm/{name}"], place
        rows = harness.rows(run)
        batched = sum(row.usage.batch_calls for row in rows)
        assert batched == len(harness.batches.submitted), "every reply that was paid is in a row, once"
        assert run.usage == sum((row.usage for row in rows[1:]), rows[0].usage)
        assert run.committed_usd >= run.usage.cost_usd, place
    return kills


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("retries", [2, 0], ids=["begun again by the state machine", "resumed by a person"])
def test_no_crash_submits_twice(whole: Harness, after: bool, retries: int) -> None:
    assert kill_everywhere(whole, after=after, retries=retries) >= 50
