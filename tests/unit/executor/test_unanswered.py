"""Tasks that the provider does not answer: they end alone, and hold nobody."""

import threading
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from aita import ProviderBusy, SimpleLLMTask
from aita.executor import engine
from aita.executor.work_queue import Work, WorkQueue
from aita.services.calls import patience
from aita.tasks.llm_task import validate
from aita.tasks.request import LLMRequest
from tests.support.fake_llm import FakeLLM, asked
from tests.unit.executor.conftest import Make
from tests.unit.executor.test_batches import tasks

DEADLINE = 60.0


def numbered(count: int) -> list[SimpleLLMTask]:
    return tasks(*(f"p{number}" for number in range(count)))


class SlowLLM(FakeLLM):
    """A model whose calls take some milliseconds."""

    def __init__(self, say: Callable[[LLMRequest], str]) -> None:
        super().__init__(self._slowly)
        self._say = say

    def _slowly(self, request: LLMRequest) -> str:
        threading.Event().wait(0.005)
        return self._say(request)


def failing(*names: str, **busy: Any) -> Callable[[LLMRequest], str]:
    """Answer all but these prompts."""

    def say(request: LLMRequest) -> str:
        if asked(request) in names:
            raise ProviderBusy("the provider answered 500", **busy)
        return asked(request)

    return say


class Mistaken(SimpleLLMTask):
    """A task whose own code raises an error before any call."""

    def given(self) -> str | None:
        raise KeyError("mine")


class Known(SimpleLLMTask):
    """A task that needs no call."""

    def given(self) -> str | None:
        return "known"


@pytest.mark.slow
class TestPoison:
    """Prompts that are never answered, as they crash the server."""

    @pytest.mark.parametrize("first", [0, 150, 297])
    def test_it_ends_alone_with_the_providers_reason(
        self, make: Make, first: int, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(patience, "LONE_PATIENCE", 1.0)
        monkeypatch.setattr(patience, "LAST_PATIENCE", 2.0)
        poison = [f"p{first + number}" for number in range(3)]
        llm = SlowLLM(failing(*poison))
        batch = make(llm, max_workers=3).execute_batch(numbered(300), "x")
        assert batch.stopped is None
        failed = {result.task_id: result.error or "" for result in batch.failed_results}
        assert sorted(failed) == sorted(poison)
        assert all(error.startswith("UnansweredError: the provider answered 500: ") for error in failed.values())
        assert all(llm.calls[name] <= 2.5 * patience.MOST_FAILURES for name in poison)

    def test_the_others_do_not_wait_for_it(self, make: Make) -> None:
        answered = threading.Event()
        left = Counter(f"p{number}" for number in range(20, 100))

        def say(request: LLMRequest) -> str:
            name = asked(request)
            if int(name[1:]) < 20:
                if answered.is_set():
                    return "late"
                raise ProviderBusy("the provider answered 500")
            left.pop(name, None)
            if not left:
                answered.set()
            return name

        batch = make(SlowLLM(say), max_workers=5).execute_batch(numbered(100))
        assert answered.is_set(), "all others were answered while it failed"
        assert batch.metrics.wall_time < DEADLINE

    def test_a_resume_asks_it_again(self, make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(patience, "LONE_PATIENCE", 1.0)
        monkeypatch.setattr(patience, "LAST_PATIENCE", 2.0)
        make(FakeLLM(failing("p1"))).execute_batch(numbered(50), "x")
        llm = FakeLLM()
        batch = make(llm).execute_batch(numbered(50), "x", resume_from_checkpoint=True)
        assert (batch.success_rate, dict(llm.calls)) == (1.0, {"p1": 1})

    def test_time_outs_are_few_as_each_may_be_paid(self, make: Make) -> None:
        llm = FakeLLM(failing("p3", timed_out=True))
        batch = make(llm).execute_batch(numbered(20))
        assert [result.task_id for result in batch.failed_results] == ["p3"]
        assert llm.calls["p3"] == patience.MOST_TIMEOUTS

    @pytest.mark.parametrize("busy", [{"limited": True}, {"limited": True, "retry_after": 0.5}, {"retry_after": 0.5}])
    def test_one_that_the_limit_refuses_for_ever_slows_down_nobody_else(self, make: Make, busy: dict[str, Any]) -> None:
        """Such as one that is larger than the limit of a minute."""
        executor = make(SlowLLM(failing("p3", **busy)), max_workers=2)
        results = executor.stream(numbered(300))
        begun = time.monotonic()
        others = [next(results).task_id for _ in range(299)]
        assert "p3" not in others
        assert time.monotonic() - begun < DEADLINE
        executor.stop()
        assert [result.task_id for result in results] == ["p3"]


class TestChanceFailures:
    def test_a_third_of_all_calls_loses_nobody_and_takes_no_minutes(self, make: Make) -> None:
        counts: Counter[str] = Counter()
        lock = threading.Lock()

        def say(request: LLMRequest) -> str:
            name = asked(request)
            with lock:
                counts[name] += 1
                again = counts[name]
            if (int(name[1:]) * 7 + again * 13) % 20 < 7:
                raise ProviderBusy("the provider answered 503")
            return name

        batch = make(FakeLLM(say), max_workers=20).execute_batch(numbered(300))
        assert [result.result for result in batch.task_results] == [f"p{number}" for number in range(300)]


class TestOutage:
    def test_while_nobody_is_answered_one_call_at_a_time_probes(self, make: Make) -> None:
        """And prefers a task that was not begun, as a failing one may fail by itself."""
        ends = time.monotonic() + 1.0
        probes: list[str] = []

        def say(request: LLMRequest) -> str:
            if time.monotonic() < ends:
                probes.append(asked(request))
                raise ProviderBusy("the connection failed")
            return "back"

        llm = FakeLLM(say)
        batch = make(llm, max_workers=10).execute_batch(numbered(100))
        assert batch.success_rate == 1.0
        assert len(probes) <= 10 + 10, "ten calls met the outage, then a probe each quarter of a second"

    def test_it_stops_the_batch_only_after_hours(self, make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(patience, "PATIENCE", 0.0)
        batch = make(FakeLLM(failing("p0"))).execute_batch(numbered(1))
        assert (batch.stopped or "").startswith("the provider has not answered for 0 hours")
        assert (batch.task_results[0].error or "").startswith("NotRun")


class TestCodeThatRefusesEveryReply:
    def test_stops_the_batch_after_the_first_tasks(self, make: Make) -> None:
        llm = FakeLLM()
        batch = make(llm, max_workers=1).execute_batch(tasks(*"abcdefghijklmnop", parse_fn=int), "x")
        assert "got no valid reply" in (batch.stopped or "")
        assert len(llm.calls) == engine.MOST_INVALID
        again = FakeLLM()
        corrected = make(again).execute_batch(tasks(*"abcdefghijklmnop"), "x", resume_from_checkpoint=True)
        assert corrected.success_rate == 1.0
        assert len(again.calls) == 16 - engine.MOST_INVALID, "what is paid is read once more"

    def test_a_bug_of_the_parser_stops_it_too_and_is_found_by_its_line(self, make: Make) -> None:
        llm = FakeLLM()
        batch = make(llm, max_workers=1).execute_batch(tasks(*"abcdefghijklmnop", parse_fn=lambda text: {}[text]))
        assert "raised KeyError in line" in (batch.stopped or "")
        assert "of test_unanswered.py" in (batch.stopped or "")
        assert llm.calls.total() == engine.MOST_INVALID

    def test_does_not_once_one_was_valid(self, make: Make) -> None:
        mixed = [*tasks("0"), *tasks(*"abcdefghijklmnop", parse_fn=int)]
        batch = make(FakeLLM(), max_workers=1).execute_batch(mixed)
        assert (batch.stopped, len(batch.failed_results)) == (None, 16)

    def test_tasks_that_end_without_a_reply_do_not_count(self, make: Make) -> None:
        """Neither as wrong, as of a task's own error before the call, nor as right."""
        before = [Mistaken(task_id=f"m{number}", prompt="m") for number in range(12)]
        mixed = [*before, *tasks(*"abcdefghij")]
        batch = make(FakeLLM(), max_workers=1).execute_batch(mixed)
        assert (batch.stopped, len(batch.successful_results)) == (None, 10)
        known = [Known(task_id=f"k{number}", prompt="k") for number in range(3)]
        llm = FakeLLM()
        batch = make(llm, max_workers=1).execute_batch([*known, *tasks(*"abcdefghijklmnop", parse_fn=int)])
        assert "got no valid reply" in (batch.stopped or "")
        assert len(llm.calls) == engine.MOST_INVALID

    def test_results_of_an_earlier_execution_do_not_hinder_it(self, make: Make) -> None:
        make(FakeLLM()).execute_batch(tasks("x", "y"), "x")
        llm = FakeLLM()
        again = [*tasks("x", "y"), *tasks(*"abcdefghijklmnop", parse_fn=int)]
        batch = make(llm, max_workers=1).execute_batch(again, "x")
        assert (batch.metrics.resumed, len(llm.calls)) == (2, engine.MOST_INVALID)

    def test_a_change_of_the_frozen_task_is_no_fault_of_the_model(self, make: Make) -> None:
        class Counting(SimpleLLMTask):
            seen: int = 0

            def parse(self, reply: str) -> str:
                return str(validate(self._count, reply))

            def _count(self, reply: str) -> str:
                self.seen += 1  # type: ignore[misc]
                return reply

        llm = FakeLLM()
        (result,) = make(llm).execute_batch([Counting(prompt="a")]).task_results
        assert (result.error or "").startswith("TaskCodeError: the code that judges this task's reply sets a field")
        assert llm.calls.total() == 1


class TestQueue:
    """The queue by itself, with a clock that only the test moves."""

    def test_parked_work_comes_when_it_is_due_and_before_fresh_work(self) -> None:
        now = [0.0]
        fresh = [Work([(number, SimpleLLMTask(prompt=str(number)))]) for number in range(3)]
        queue = WorkQueue(fresh, 1, lambda: now[0])
        first = queue.take()
        assert first is fresh[0]
        queue.park(first, 5)
        assert queue.take() is fresh[1]
        now[0] = 5
        assert queue.take() is first
        assert queue.take() is fresh[2]
        assert queue.take() is None

    def test_parked_work_takes_every_other_turn_at_most(self) -> None:
        fresh = [Work([(number, SimpleLLMTask(prompt=str(number)))]) for number in range(6)]
        queue = WorkQueue(fresh, 1, lambda: 0.0)
        parked = [queue.take() for _ in range(3)]
        for work in parked:
            assert work is not None
            queue.park(work, 0)
        assert [queue.take() for _ in range(6)] == [parked[0], fresh[3], parked[1], fresh[4], parked[2], fresh[5]]

    def test_a_stop_frees_all_who_wait(self) -> None:
        queue = WorkQueue([Work([])], 1, time.monotonic)
        work = queue.take()
        assert work is not None
        queue.park(work, 3600)
        taken: list[Work | None] = []
        threads = [threading.Thread(target=lambda: taken.append(queue.take())) for _ in range(3)]
        for thread in threads:
            thread.start()
        queue.stop()
        for thread in threads:
            thread.join(DEADLINE)
        assert taken == [None] * 3
