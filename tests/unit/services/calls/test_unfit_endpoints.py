"""Endpoints that no call gets past stop a run soon, on the stack and in process; a slow one ends a slow task alone."""

from collections.abc import Callable
from typing import Any

import pytest

from aita.errors import CallError, ProviderBusy, RunStopped, TaskError
from aita.models.result import BatchExecutionResult
from aita.models.run import RunStatus, TaskStatus
from aita.services.calls.forbidden_calls import MOST_UNEXPLAINED
from aita.services.calls.patience import MOST_TIMEOUTS
from aita.tasks.request import LLMRequest
from aita.tasks.simple import SimpleLLMTask
from tests.support.fake_llm import FakeLLM, asked
from tests.support.fakes import Harness, questions_of, right
from tests.unit.executor.conftest import Make, make

__all__ = ["make"]

TASKS = 60
KIND = {"question_text": "What?", "points": 5, "question_type": "short_answer"}


def refused(message: str = "the provider answered 418 and refuses the request") -> TaskError:
    error = TaskError(message)
    error.unexplained = True
    return error


def slow() -> ProviderBusy:
    error = ProviderBusy("the model did not answer in time", timed_out=True)
    error.may_be_paid = True
    return error


def raising(error: Callable[[], CallError], on: Callable[[str], bool] = lambda _: True) -> Callable[[LLMRequest], str]:
    def say(request: LLMRequest) -> str:
        if any(map(on, questions_of(request))):
            raise error()
        return right(request)

    return say


class TestOnTheStack:
    @pytest.fixture(autouse=True)
    def exam(self, harness: Harness) -> None:
        harness.exam(*({"question_id": f"q{number}"} | KIND for number in range(TASKS)))

    def test_ten_refusals_and_no_answer_halt_the_run_with_the_reason(self, harness: Harness) -> None:
        harness.model.otherwise = raising(refused)
        run = harness.run()
        assert run.status is RunStatus.HALTED
        assert "answered 418" in run.reason
        assert harness.model.calls == MOST_UNEXPLAINED

    def test_they_are_counted_over_functions_that_know_nothing_of_each_other(self, harness: Harness) -> None:
        harness.model.otherwise = raising(refused)
        run = harness.begin()
        for event in harness.events(run)[: MOST_UNEXPLAINED + 1]:
            harness.cold()
            harness.invoke(event)
        assert harness.runs.get(run.run_id).status is RunStatus.HALTED

    def test_nine_of_them_are_tasks_that_fail(self, harness: Harness) -> None:
        harness.model.otherwise = raising(refused, {f"q{number}" for number in range(9)}.__contains__)
        run = harness.run()
        assert run.status is not RunStatus.HALTED

    def test_after_an_answer_nine_in_a_row_are_tasks_that_fail_and_ten_halt_it(self, harness: Harness) -> None:
        harness.model.otherwise = raising(refused, lambda name: int(name[1:]) % 10 != 0)
        assert harness.run().status is not RunStatus.HALTED
        harness.model.otherwise = raising(refused, lambda name: name != "q0")
        run = harness.run()
        assert run.status is RunStatus.HALTED
        assert "none between them" in run.reason

    def test_a_task_that_is_always_late_ends_alone_and_its_calls_count_as_paid(self, harness: Harness) -> None:
        harness.model.otherwise = raising(slow, lambda name: name == "q0")
        run = harness.run()
        (row,) = [row for row in harness.rows(run, "answer_key") if row.status is TaskStatus.FAILED]
        assert row.error_type == "UnansweredError"
        assert "did not answer in time" in row.error_message
        assert (row.usage.calls, row.usage.unpriced_calls) == (MOST_TIMEOUTS, MOST_TIMEOUTS)
        assert run.status is not RunStatus.HALTED


class TestInProcess:
    def run(
        self, make: Make, say: Callable[[LLMRequest], str], **options: Any
    ) -> tuple[FakeLLM, BatchExecutionResult[Any]]:
        llm = FakeLLM(say)
        tasks = [SimpleLLMTask(prompt=f"p{number}") for number in range(TASKS)]
        return llm, make(llm, max_workers=1, **options).execute_batch(tasks)

    def test_ten_refusals_and_no_answer_stop_the_batch_with_the_reason(self, make: Make) -> None:
        def say(_: LLMRequest) -> str:
            raise refused()

        llm, result = self.run(make, say)
        assert llm.calls.total() == MOST_UNEXPLAINED
        assert result.stopped is not None
        assert "answered 418" in result.stopped

    @pytest.mark.parametrize(("answered", "calls"), [(TASKS, 1 + MOST_UNEXPLAINED), (MOST_UNEXPLAINED, TASKS)])
    def test_after_an_answer_ten_in_a_row_stop_it(self, make: Make, answered: int, calls: int) -> None:
        def say(request: LLMRequest) -> str:
            if int(asked(request)[1:]) % answered:
                raise refused()
            return "yes"

        llm, result = self.run(make, say)
        assert llm.calls.total() == calls
        assert (result.stopped is None) == (calls == TASKS)

    def test_of_different_reasons_each_is_its_tasks_own(self, make: Make) -> None:
        def say(request: LLMRequest) -> str:
            if asked(request) == "p0":
                return "yes"
            raise refused(f"the provider answered {400 + int(asked(request)[1:]) % 2} and refuses the request")

        llm, result = self.run(make, say)
        assert (llm.calls.total(), result.stopped) == (TASKS, None)

    def test_calls_that_were_lost_before_a_stop_count_as_unknown_cost(self, make: Make) -> None:
        def say(_: LLMRequest) -> str:
            if llm.calls.total() == 4:
                executor.stop()
            raise slow()

        llm = FakeLLM(say)
        executor = make(llm, max_workers=2)
        result = executor.execute_batch([SimpleLLMTask(prompt=f"p{number}") for number in range(TASKS)])
        assert result.metrics.calls == llm.calls.total()
        assert sum(each.usage.unpriced_calls for each in result.task_results) == llm.calls.total()

    def test_eyes_that_are_missing_stop_it_at_once(self, make: Make) -> None:
        def say(_: LLMRequest) -> str:
            raise RunStopped("the provider answered 500: the model takes no pictures")

        llm, result = self.run(make, say)
        assert llm.calls.total() == 1
        assert "no pictures" in str(result.stopped)
