"""What is kept of a task that asks again: which replies a resume reads once more, and what they cost."""

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

from aita import read_checkpoint
from aita.executor.in_process import InProcessExecutor
from aita.models.run import Usage
from aita.ports import Reply
from aita.tasks.request import LLMRequest
from tests.support.fake_llm import COST, FakeLLM
from tests.unit.executor.conftest import Make
from tests.unit.executor.test_batches import tasks


def round_of(request: LLMRequest) -> int:
    """Return the number of a request in its conversation, from 1."""
    return sum(message.role == "assistant" for message in request.messages) + 1


class TestIdentity:
    def test_another_temperature_of_the_executors_begins_another_conversation(self, make: Make) -> None:
        llm = FakeLLM(lambda request: "42" if request.temperature and round_of(request) == 1 else "sorry")
        make(llm).execute_batch(tasks("a", parse_fn=int), "x")
        before = llm.calls.total()
        (result,) = make(llm, temperature=0.8).execute_batch(tasks("a", parse_fn=int), "x").task_results
        assert (result.result, llm.calls.total() - before) == (42, 1)

    def test_nor_are_replies_to_another_limit_of_tokens_read_again(self, make: Make) -> None:
        sent: list[int] = []

        def say(request: LLMRequest) -> str:
            sent.append(request.max_output_tokens)
            return str(round_of(request)) if round_of(request) == 3 else "sorry"

        for limit in (100, 200):
            (result,) = make(FakeLLM(say), max_tokens=limit).execute_batch(tasks("a", parse_fn=int), "x").task_results
            assert result.result == 3
        assert sent == [100] * 3 + [200] * 3


class TestFailure:
    def test_that_is_read_again_in_vain_is_followed_by_a_new_conversation(self, make: Make) -> None:
        make(FakeLLM(lambda _: "sorry")).execute_batch(tasks("a", parse_fn=int), "x")
        asked: list[int] = []

        def say(request: LLMRequest) -> str:
            asked.append(round_of(request))
            return "42" if round_of(request) == 1 else "never"

        (result,) = make(FakeLLM(say)).execute_batch(tasks("a", parse_fn=int), "x").task_results
        assert (result.result, asked) == (42, [1])

    def test_begins_one_each_time(self, make: Make) -> None:
        llm = FakeLLM(lambda _: "sorry")
        for runs in (1, 2, 3):
            make(llm).execute_batch(tasks("a", parse_fn=int), "x")
            assert llm.calls.total() == 6 * runs

    def test_has_all_of_its_replies_read_once_more(self, make: Make) -> None:
        def parse(accepted: int) -> Callable[[str], str]:
            def parse(text: str) -> str:
                if text != f"round {accepted}":
                    raise ValueError("another one")
                return text

            return parse

        make(FakeLLM(lambda request: f"round {round_of(request)}")).execute_batch(
            tasks("a", "b", "c", parse_fn=parse(9)), "x"
        )
        llm = FakeLLM()
        corrected = [
            task for name, place in zip("abc", (1, 3, 6), strict=True) for task in tasks(name, parse_fn=parse(place))
        ]
        batch = make(llm).execute_batch(corrected, "x")
        assert [each.result for each in batch.task_results] == ["round 1", "round 3", "round 6"]
        assert (llm.calls.total(), batch.metrics.cost) == (0, Decimal(0))


def stopped_in(make: Make, rounds: int, names: str = "abc", **options: Any) -> FakeLLM:
    """Execute a batch that is stopped when its tasks are in this round; return the model, whose calls are counted."""

    def say(request: LLMRequest) -> str:
        if round_of(request) >= rounds:
            executor.stop()
        return "sorry"

    llm = Priced(say)
    executor: InProcessExecutor = make(llm, max_workers=len(names), **options)
    executor.execute_batch(tasks(*names, parse_fn=int), "x")
    return llm


class Priced(FakeLLM):
    """Calls cost 0.01 USD and could cost 0.02."""

    def highest_cost(self, request: LLMRequest) -> Decimal | None:
        return 2 * COST


class TestUnfinished:
    def test_is_gone_on_with_and_its_metrics_are_those_of_this_execution(self, make: Make) -> None:
        before = stopped_in(make, 2).calls.total()
        llm = FakeLLM(lambda request: str(round_of(request)) if round_of(request) == 4 else "sorry")
        batch = make(llm).execute_batch(tasks(*"abc", parse_fn=int), "x")
        assert [each.result for each in batch.task_results] == [4, 4, 4]
        assert before + llm.calls.total() == 3 * 4
        assert (batch.metrics.calls, batch.metrics.cost) == (llm.calls.total(), llm.calls.total() * COST)
        again = make(FakeLLM()).execute_batch(tasks(*"abc", parse_fn=int), "x")
        assert sum(each.usage.calls for each in again.task_results) == 12, "restored, each has all of its calls"

    def test_is_gone_on_with_when_it_followed_a_failure(self, make: Make) -> None:
        make(FakeLLM(lambda _: "sorry")).execute_batch(tasks("a", parse_fn=int), "x")
        assert stopped_in(make, 2, "a").calls.total() == 2
        rounds: list[int] = []

        def say(request: LLMRequest) -> str:
            rounds.append(round_of(request))
            return "7"

        make(FakeLLM(say)).execute_batch(tasks("a", parse_fn=int), "x")
        assert rounds == [3]

    def test_is_in_the_records_with_its_cost(self, make: Make, tmp_path: Path) -> None:
        calls = stopped_in(make, 2).calls
        records = {each.task_id: each for each in read_checkpoint("x", tmp_path / "checkpoints")}
        assert {name: each.cost for name, each in records.items()} == {name: n * COST for name, n in calls.items()}
        for each in records.values():
            assert (each.success, each.reply, (each.error or "").partition(":")[0]) == (False, "sorry", "NotRun")
        make(FakeLLM(lambda _: "7")).execute_batch(tasks(*"abc", parse_fn=int), "x")
        ended = read_checkpoint("x", tmp_path / "checkpoints")
        assert [(each.success, each.cost) for each in ended] == [
            (True, (calls[each.task_id] + 1) * COST) for each in ended
        ]

    def test_counts_against_the_cap_before_the_first_call(self, make: Make) -> None:
        llm = stopped_in(make, 3, max_cost_usd=1)
        spent = llm.calls.total() * COST
        more = Priced(lambda _: "sorry")
        batch = make(more, max_workers=3, max_cost_usd=spent + 4 * COST).execute_batch(tasks(*"abc", parse_fn=int), "x")
        assert 0 < more.calls.total() <= 4
        assert f"{spent + more.calls.total() * COST:.4f} of {spent + 4 * COST} USD are spent" in (batch.stopped or "")


class TestUnknownCost:
    def test_is_taken_for_the_highest_by_the_cap_of_a_resume(self, make: Make) -> None:
        class Silent(Priced):
            def price(self, reply: Reply) -> Usage:
                return Usage(calls=1, unpriced_calls=1)

        llm = Silent(lambda _: "sorry")
        stopped = [
            make(llm, max_workers=1, max_cost_usd="0.1").execute_batch(tasks(*"abc", parse_fn=int), "x").stopped
            for _ in range(3)
        ]
        assert llm.calls.total() == 5
        told = "0.1000 of 0.1 USD are spent or set aside, 0.1000 for calls of unknown cost, and another call could cost"
        assert [each for each in stopped if told not in (each or "")] == []
