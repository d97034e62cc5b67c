"""Time of a run before its start: a range from settings, earlier runs and stated assumptions."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aita.memory.objects import MemoryObjects
from aita.models.api import DurationEstimate, StageEstimate
from aita.models.provider_batch import BatchUse
from aita.models.run import SIMULATED, Run, RunSettings, RunStatus, StageCounts, Usage
from aita.services.runs.aws_price import Work
from aita.services.runs.duration_estimate import duration_of, in_words
from aita.services.runs.stage_history import StageHistory
from tests.support.fake_stack import START
from tests.support.memory_runs import MemoryRuns

MODEL = "model-1"
GRADED = ("grade", MODEL)


def settings(**values: Any) -> RunSettings:
    return RunSettings(**{"model": MODEL, "max_workers": 50, "rate_limit_rps": 0} | values)


def duration(calls: int, tokens: int = 0, known: float | None = None, **values: Any) -> DurationEstimate:
    """Estimate a run of one stage that grades."""
    model = values.get("model", MODEL)
    stage = StageEstimate(
        stage="grade", model=model, calls=calls, input_tokens=tokens, output_tokens=0, cost_usd=Decimal(0)
    )
    history = {} if known is None else {("grade", model): known}
    return duration_of([(stage, Work(tasks=calls, calls=calls))], settings(**values), history)


def test_calls_take_rounds_of_so_many_at_once() -> None:
    found = duration(101)  # three rounds of 5 to 20 s, and 5 to 20 s for the stage
    assert (found.low_seconds, found.high_seconds) == (20, 80)
    assert found.text == "up to 2 minutes"
    assert found.basis[0] == "50 tasks at once"
    assert "grade: 5 to 20 s a call are assumed, as no run of the model model-1 is known" in found.basis


def test_limits_of_the_rate_count_where_they_are_tighter() -> None:
    assert duration(1000, rate_limit_rps=1).low_seconds == 1000 + 5
    found = duration(1000, tokens=3_000_000, rate_limit_rps=1, rate_limit_tpm=100_000)
    assert found.low_seconds == 30 * 60 + 5
    assert found.basis[0] == "50 tasks at once, at most 1 calls a second, at most 100,000 tokens a minute"
    assert found.text == "about 30 to 45 minutes"


def test_an_earlier_run_takes_the_assumptions_place() -> None:
    found = duration(500, known=40)
    assert (found.low_seconds, found.high_seconds) == (10 * 30 + 5, 10 * 60 + 20)
    assert found.text == "about 5 to 15 minutes"
    assert "grade: about 40 s a call, as in an earlier run" in found.basis
    assert not [each for each in found.basis if "no run of" in each]


def test_the_simulated_model_does_not_think() -> None:
    assert duration(500, model=SIMULATED).text == "less than a minute"


def test_waiting_is_said() -> None:
    assert "the time in which the run waits for people is not in it" in duration(1, review=True).basis
    batched = duration(1, provider_batch=BatchUse.FIRST)
    assert batched.text == "up to 24 hours"
    assert "batches may take a day for each stage" in batched.basis[-1]


@pytest.mark.parametrize(
    ("low", "high", "words"),
    [
        (0, 60, "less than a minute"),
        (10, 61, "up to 2 minutes"),
        (60, 61, "about 1 to 2 minutes"),
        (300, 300, "about 5 to 10 minutes"),
        (11 * 60, 16 * 60, "about 10 to 20 minutes"),
        (50 * 60, 100 * 60, "about 45 minutes to 2 hours"),
        (125 * 60, 200 * 60, "about 2 to 4 hours"),
        (2 * 3600, 90 * 3600, "2 hours to several days"),
        (50 * 3600, 90 * 3600, "more than 2 days"),
    ],
)
def test_a_range_is_told_as_roughly_as_it_is_known(low: float, high: float, words: str) -> None:
    assert in_words(low, high) == words


@given(st.floats(0, 1e6), st.floats(0, 1e6))
def test_every_range_has_words_with_two_ends_at_least(one: float, other: float) -> None:
    words = in_words(min(one, other), max(one, other))
    assert words
    numbers = [word for word in words.split() if word.isdecimal()]
    assert words.startswith(("less than", "more than", "up to")) or len(numbers) + words.count("several") == 2
    assert len(numbers) < 2 or numbers[0] != numbers[1] or "minutes to" in words


class TestHistory:
    """Earlier runs of the stack."""

    @pytest.fixture
    def runs(self) -> MemoryRuns:
        return MemoryRuns(lambda: START)

    def put(self, runs: MemoryRuns, run_id: str, seconds: float, assignment: str = "midterm", **changes: Any) -> None:
        times = {"started_at": START, "ended_at": START + timedelta(seconds=seconds)}
        counts = StageCounts.model_validate({"total": 50, "succeeded": 50} | times | changes)
        made = Run(
            run_id=run_id,
            assignment=assignment,
            pipeline="grade",
            status=RunStatus.SUCCEEDED,
            attempt=1,
            stage="grade",
            stages={"grade": counts},
            settings=settings(max_workers=5, batch_size=1),
            created_at=START + timedelta(seconds=int(run_id)),
            updated_at=START,
        )
        runs.create(made, None)

    def seconds(self, runs: MemoryRuns, assignment: str = "midterm") -> dict[tuple[str, str], float]:
        objects = MemoryObjects(data={f"{name}/questions.json": b"" for name in ("cache", "final", "midterm", "runs")})
        return StageHistory(runs, objects).seconds_per_call(assignment)

    def test_the_assignments_own_newest_run_counts_first(self, runs: MemoryRuns) -> None:
        self.put(runs, "3", 200, assignment="final")
        self.put(runs, "1", 300)
        assert self.seconds(runs) == {GRADED: 30.0}, "ten rounds of five"
        assert self.seconds(runs, "final") == {GRADED: 20.0}
        assert self.seconds(runs, "new") == {GRADED: 20.0}, "the newest one of others"

    def test_what_was_done_before_was_not_asked_for(self, runs: MemoryRuns) -> None:
        self.put(runs, "1", 60, done_before=45)
        assert self.seconds(runs) == {GRADED: 60.0}
        few = MemoryRuns(lambda: START)
        self.put(few, "1", 60, done_before=46)
        assert self.seconds(few) == {}, "too few calls tell nothing"

    def test_cached_replies_and_batches_tell_nothing_of_calls(self, runs: MemoryRuns) -> None:
        self.put(runs, "1", 60)
        run = runs.get("1")
        for changed in (
            {"usage": Usage(calls=50, cached_calls=6)},
            {"settings": run.settings.model_copy(update={"provider_batch": BatchUse.FIRST})},
        ):
            other = MemoryRuns(lambda: START)
            other.create(run.model_copy(update=changed), None)
            assert self.seconds(other) == {}

    def test_calls_that_were_refused_at_once_tell_nothing(self, runs: MemoryRuns) -> None:
        self.put(runs, "1", 300, assignment="final")
        self.put(runs, "2", 1, succeeded=5, failed=45)
        assert self.seconds(runs) == {GRADED: 30.0}, "of the other assignment"
        some = MemoryRuns(lambda: START)
        self.put(some, "1", 200, succeeded=45, failed=5)
        assert self.seconds(some) == {GRADED: 20.0}
