"""A batch in numbers, and on a terminal."""

import io
import sys
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aita import BatchExecutionResult, SimpleLLMTask, TaskResult, create_executor
from aita.executor.progress import progress
from aita.models.run import Usage
from tests.support.fake_llm import FakeLLM
from tests.unit.executor.conftest import Make
from tests.unit.executor.test_batches import SharedLevelTask, levels, tasks

usages = st.builds(
    Usage,
    calls=st.integers(0, 5),
    input_tokens=st.integers(0, 10**6),
    output_tokens=st.integers(0, 10**6),
    cost_usd=st.decimals(0, 10, places=6),
    unpriced_calls=st.integers(0, 1),
)
results = st.builds(
    TaskResult,
    task_id=st.text(),
    success=st.booleans(),
    retry_count=st.integers(0, 3),
    execution_time=st.floats(0, 1e6),
    usage=usages,
    resumed=st.booleans(),
)


class TestMetrics:
    @given(st.lists(results, max_size=30), st.floats(0.001, 1e6))
    def test_sum_up_what_ran_here(self, some: list[TaskResult], wall: float) -> None:
        batch = BatchExecutionResult(tuple(some), wall)
        here = [result for result in some if not result.resumed]
        metrics = batch.metrics
        assert metrics.total == metrics.succeeded + metrics.failed == len(some)
        assert metrics.resumed == len(some) - len(here)
        assert metrics.calls == sum(result.usage.calls for result in here)
        assert metrics.tokens == sum(result.tokens for result in here)
        costs = [result.cost for result in here if result.cost is not None]
        assert metrics.cost == (sum(costs, Decimal(0)) if len(costs) == len(here) else None)
        assert metrics.throughput == pytest.approx(len(here) / wall)
        assert metrics.speedup == pytest.approx(sum(result.execution_time for result in here) / wall)
        assert 0 <= metrics.min <= metrics.p50 <= metrics.p95 <= metrics.max
        assert metrics.mean <= metrics.max * (1 + 1e-9)
        assert 0 <= batch.success_rate <= 1

    @given(st.lists(st.floats(0.001, 1e6), min_size=1, max_size=200))
    def test_percentiles_are_times_that_were_measured(self, times: list[float]) -> None:
        some = tuple(TaskResult(str(place), success=True, execution_time=time) for place, time in enumerate(times))
        metrics = BatchExecutionResult(some, 1.0).metrics
        for share, value in ((0.5, metrics.p50), (0.95, metrics.p95)):
            assert value in times
            assert sum(time <= value for time in times) >= share * len(times)
            assert sum(time < value for time in times) < share * len(times)

    def test_what_shares_a_call_counts_as_a_task_and_as_one_call(self, make: Make) -> None:
        metrics = make(FakeLLM(levels())).execute_batch([SharedLevelTask(text="x" * n) for n in range(1, 6)]).metrics
        assert metrics.calls == 1
        assert metrics.throughput == pytest.approx(5 / metrics.wall_time)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class TestProgress:
    @pytest.fixture
    def on(self, monkeypatch: pytest.MonkeyPatch) -> Callable[[io.StringIO], io.StringIO]:
        """Return what makes a stream the standard error: within the test, as pytest sets its own before that."""
        monkeypatch.setenv("TERM", "xterm")
        monkeypatch.setenv("COLUMNS", "120")

        def on(stream: io.StringIO) -> io.StringIO:
            monkeypatch.setattr(sys, "stderr", stream)
            return stream

        return on

    def test_tells_how_far_it_is_what_failed_and_what_it_cost(self, on: Any) -> None:
        terminal = on(Terminal())
        with progress(10, shown=True) as show:
            show(4, 1, Decimal("0.125"))
        assert "4/10" in terminal.getvalue()
        assert "1 failed 0.1250 USD" in terminal.getvalue()

    def test_of_a_whole_batch(self, make: Make, on: Any) -> None:
        terminal = on(Terminal())
        make(FakeLLM(), show_progress=True).execute_batch(tasks("a", "b"))
        assert "2/2" in terminal.getvalue()
        assert "0.0200 USD" in terminal.getvalue()

    def test_is_not_shown_to_who_does_not_want_it(self, make: Make, on: Any) -> None:
        terminal = on(Terminal())
        make(FakeLLM(), show_progress=False).execute_batch(tasks("a"))
        assert terminal.getvalue() == ""

    def test_is_not_shown_on_what_is_no_terminal(self, make: Make, on: Any) -> None:
        file = on(io.StringIO())
        make(FakeLLM(), show_progress=True).execute_batch(tasks("a"))
        assert file.getvalue() == ""

    def test_is_not_shown_without_rich(self, make: Make, on: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(sys.modules, "rich.progress", None)
        terminal = on(Terminal())
        assert make(FakeLLM(), show_progress=True).execute_batch(tasks("a")).success_rate == 1
        assert terminal.getvalue() == ""


class TestRepr:
    def test_of_a_batch_counts_and_quotes_no_reply(self, make: Make) -> None:
        llm = FakeLLM(lambda _: "VEXILLOLOGY")
        batch = make(llm).execute_batch([SimpleLLMTask(prompt=str(number)) for number in range(3)])
        assert repr(batch) == "<BatchExecutionResult: 3 of 3 tasks succeeded, cost 0.03 USD>"

    def test_of_a_batch_says_what_is_not_known_and_that_it_stopped(self) -> None:
        unpriced = TaskResult("a", True, usage=Usage(calls=1, unpriced_calls=1))
        batch = BatchExecutionResult((unpriced, TaskResult("b", False)), 0.0, "it was stopped")
        assert repr(batch) == "<BatchExecutionResult: 1 of 2 tasks succeeded, cost unknown, stopped early>"

    def test_of_an_executor_has_its_limits(self, make: Make) -> None:
        told = "<InProcessExecutor: fake at https://model.test/v1, max_workers=7, 2.5 calls a second>"
        assert repr(make(FakeLLM(), max_workers=7, rate_limit=2.5)) == told
        stack = create_executor(backend="stack", rate_limit=0, max_workers=7, max_cost_usd="2.50")
        told = "<StackExecutor: max_workers=7, no limit of calls a second, at most 2.50 USD a batch>"
        assert repr(stack) == told
