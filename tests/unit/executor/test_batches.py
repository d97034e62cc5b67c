"""Batches in process: an end for every task, whatever the model, the parser or the person does."""

import json
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar, Self

import pytest
from pydantic import BaseModel

from aita import BatchableLLMTask, LLMTask, Message, SimpleLLMTask, VisionLLMTask
from aita.errors import ProviderBusy, RefusalError, RunStopped
from aita.memory.rate_limiter import MemoryRateLimiter
from aita.models.rate_limits import Rates
from aita.ports import Reply
from aita.services.calls import patience
from aita.services.calls.prompt_cache_gate import SHORTEST_PREFIX
from aita.services.calls.token_bucket import REQUEST_BURST
from aita.tasks.request import LLMRequest
from tests.support.fake_llm import COST, FakeLLM, asked
from tests.unit.executor.conftest import Make


def tasks(*names: str, **fields: Any) -> list[SimpleLLMTask]:
    return [SimpleLLMTask(task_id=name, prompt=name, **fields) for name in names]


class TestResults:
    def test_come_in_the_order_given(self, make: Make) -> None:
        first = threading.Event()

        def say(request: LLMRequest) -> str:
            if asked(request) == "a":
                assert first.wait(60)
            else:
                first.set()
            return asked(request)

        batch = make(FakeLLM(say), max_workers=3).execute_batch(tasks("a", "b", "c"))
        assert [result.result for result in batch.task_results] == ["a", "b", "c"]
        assert batch.success_rate == 1

    def test_tell_what_it_took(self, make: Make) -> None:
        batch = make(FakeLLM()).execute_batch(tasks("a", "b", metadata={"page": 3}))
        (one, _) = batch.task_results
        assert (one.raw_response, one.tokens, one.cost, one.retry_count, one.metadata) == (
            "A",
            15,
            COST,
            0,
            {"page": 3},
        )
        metrics = batch.metrics
        assert (metrics.total, metrics.succeeded, metrics.calls, metrics.tokens, metrics.cost) == (
            2,
            2,
            2,
            30,
            2 * COST,
        )
        assert metrics.min <= metrics.p50 <= metrics.p95 <= metrics.max
        assert metrics.throughput > 0

    def test_of_no_tasks(self, make: Make) -> None:
        batch = make(FakeLLM()).execute_batch([])
        assert (batch.task_results, batch.success_rate, batch.metrics.p95) == ((), 1.0, 0.0)

    def test_one_worker_makes_one_call_after_the_other(self, make: Make) -> None:
        llm = FakeLLM()
        make(llm, max_workers=1).execute_batch(tasks(*"abcdef"))
        assert (list(llm.calls), llm.most_at_once) == (list("abcdef"), 1)

    def test_may_be_anything(self, make: Make) -> None:
        batch = make(FakeLLM()).execute_batch(tasks("a", parse_fn=lambda _: threading.Lock()))
        assert batch.task_results[0].success


class TestFailures:
    def test_a_parser_that_refuses_asks_again(self, make: Make) -> None:
        llm = FakeLLM(lambda request: "4" if len(request.messages) > 1 else "four")
        (result,) = make(llm).execute_batch(tasks("a", parse_fn=int)).task_results
        assert (result.result, result.retry_count) == (4, 1)

    def test_a_parser_that_never_takes_it_fails_and_tells_nothing_of_the_reply(self, make: Make) -> None:
        (result, other) = make(FakeLLM(lambda _: "secret")).execute_batch(
            [*tasks("a", parse_fn=int), *tasks("b")]
        ).task_results  # fmt: skip
        assert not result.success
        assert result.error is not None
        assert result.error.startswith("BrokenRuleError: asked 6 times")
        assert "secret" not in result.error
        assert other.success

    def test_a_parser_that_breaks_fails_at_once(self, make: Make) -> None:
        llm = FakeLLM()
        broken = tasks("a", parse_fn=lambda reply: {}[reply])
        (result, other) = make(llm).execute_batch([*broken, *tasks("b")]).task_results
        assert (result.error or "").startswith("TaskCodeError")
        assert "KeyError" in (result.error or "")
        assert (other.success, llm.calls["a"]) == (True, 1)

    def test_a_task_that_can_not_be_asked_fails_alone(self, make: Make, tmp_path: Path) -> None:
        class Broken(SimpleLLMTask):
            def messages(self) -> tuple[Message, ...]:
                raise ZeroDivisionError

        gone = VisionLLMTask(task_id="gone", prompt="p", images=[tmp_path / "none.png"])
        odd = SimpleLLMTask(task_id="odd", prompt="p", metadata={"lock": threading.Lock()})
        batch = make(FakeLLM()).execute_batch([Broken(task_id="x", prompt="p"), gone, odd, *tasks("b")])
        assert [result.success for result in batch.task_results] == [False, False, False, True]
        assert "ZeroDivisionError" in (batch.task_results[0].error or "")
        assert (batch.task_results[1].error or "").startswith("MissingInputError")

    def test_an_id_that_repeats_is_the_firsts(self, make: Make) -> None:
        batch = make(FakeLLM()).execute_batch([*tasks("a", "b"), SimpleLLMTask(task_id="a", prompt="other")])
        assert [result.success for result in batch.task_results] == [True, True, False]
        assert "earlier task" in (batch.task_results[2].error or "")

    @pytest.mark.parametrize("text", ["[" * 10_000, "x" * 5_000_000, "\0", '{"level": "\ud800"}', ""])
    def test_a_reply_of_any_shape_is_one_tasks_problem(self, make: Make, text: str) -> None:
        llm = FakeLLM(lambda request: text if asked(request) == "odd" else '{"level": 1}')
        batch = make(llm).execute_batch([LevelTask(text="odd"), LevelTask(text="even")])
        assert [result.success for result in batch.task_results] == [False, True]
        assert (batch.task_results[0].error or "").startswith("UnparsableReplyError")


class TestProvider:
    def test_a_busy_one_is_waited_for(self, make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(patience, "backoff", lambda state, *_: 0.01 * state.failures)
        left = {"a": 2, "b": 1}

        def say(request: LLMRequest) -> str:
            if left.get(asked(request), 0):
                left[asked(request)] -= 1
                raise ProviderBusy("503", retry_after=0.05 if asked(request) == "b" else None)
            return "fine"

        batch = make(FakeLLM(say)).execute_batch(tasks("a", "b", "c"))
        assert [result.retry_count for result in batch.task_results] == [2, 1, 0]
        assert batch.success_rate == 1
        assert batch.metrics.retried == 2

    def test_the_limiter_is_told_what_it_says(self, make: Make) -> None:
        class Limiter(MemoryRateLimiter):
            told: ClassVar[list[Any]] = []

            def close(self, configured: Rates, seconds: float | None, observed: Rates, *, paced: bool = True) -> None:
                self.told.append((configured, seconds, observed))
                super().close(configured, seconds, observed, paced=paced)

            def learn(self, observed: Rates) -> None:
                self.told.append(observed)

        class Telling(FakeLLM):
            def complete(self, request: LLMRequest, images: Mapping[str, bytes]) -> Reply:
                return replace(super().complete(request, images), limits=Rates(50.0, None))

        times: list[float] = []

        def say(request: LLMRequest) -> str:
            times.append(time.monotonic())
            if len(times) == 1:
                raise ProviderBusy(
                    "429", retry_after=0.2, requests_per_second=40.0, tokens_per_minute=1e6, limited=True
                )
            return "fine"

        executor = make(Telling(say), rate_limit=100.0, max_workers=1)
        executor.limiter = Limiter(time.monotonic)
        assert executor.execute_batch(tasks("a")).success_rate == 1
        assert times[1] - times[0] >= 0.199
        assert Limiter.told == [(Rates(100.0, None), 0.2, Rates(40.0, 1e6)), Rates(50.0, None)]

    @pytest.mark.slow
    def test_a_refusal_without_a_time_holds_everyone_back(self, make: Make) -> None:
        asked_at, lock, together = list[float](), threading.Lock(), threading.Barrier(30)

        def say(request: LLMRequest) -> str:
            with lock:
                asked_at.append(time.monotonic())
                first = len(asked_at) <= 30
            if first:
                together.wait(60)
                raise ProviderBusy("429", limited=True)
            return "fine"

        batch = make(FakeLLM(say), max_workers=30).execute_batch(tasks(*map(str, range(30))))
        assert batch.success_rate == 1
        assert len(asked_at) == 60
        assert asked_at[30] - asked_at[29] >= 0.999, "for a second nobody calls"

    def test_a_rate_of_ones_own_is_kept(self, make: Make) -> None:
        batch = make(FakeLLM(), rate_limit=50.0, max_workers=8).execute_batch(tasks(*map(str, range(60))))
        assert batch.metrics.wall_time >= (60 - 1) / 50 - REQUEST_BURST / 1_000

    def test_a_wrong_key_stops_the_batch_and_a_resume_runs_the_rest(self, make: Make) -> None:
        def refuse(request: LLMRequest) -> str:
            raise RunStopped("the provider answered 401: the API key is wrong")

        llm = FakeLLM(refuse)
        batch = make(llm, max_workers=3).execute_batch(tasks(*"abcdefghij"), "halted")
        assert llm.calls.total() <= 3
        assert batch.stopped == "the provider answered 401: the API key is wrong"
        assert all(
            (result.error or "").startswith("NotRun: the provider answered 401") for result in batch.task_results
        )
        again = make(FakeLLM()).execute_batch(tasks(*"abcdefghij"), "halted", resume_from_checkpoint=True)
        assert again.success_rate == 1

    def test_one_that_stays_away_stops_the_batch(self, make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(patience, "PATIENCE", 0.0)

        def refuse(request: LLMRequest) -> str:
            raise ProviderBusy("503")

        batch = make(FakeLLM(refuse)).execute_batch(tasks("a"))
        assert "has not answered" in (batch.stopped or "")

    def test_the_first_of_a_long_prefix_goes_ahead(self, make: Make) -> None:
        first = threading.Event()
        early: list[str] = []

        def say(request: LLMRequest) -> str:
            if not first.is_set():
                early.append(asked(request))
                first.set()
            return "fine"

        many = tasks(*(f"t{n}" for n in range(20)), system="x" * 4 * SHORTEST_PREFIX)
        assert make(FakeLLM(say), max_workers=20).execute_batch(many).success_rate == 1
        assert len(early) == 1


class Level(BaseModel):
    level: int


class LevelTask(LLMTask[Level]):
    response_model: ClassVar[type[BaseModel]] = Level
    text: str

    def messages(self) -> tuple[Message, ...]:
        return (Message("user", self.text),)


class Levels(BaseModel):
    levels: dict[str, int]


class LevelsTask(LLMTask[Levels]):
    response_model: ClassVar[type[BaseModel]] = Levels
    texts: tuple[str, ...]

    def messages(self) -> tuple[Message, ...]:
        return (Message("user", " ".join(self.texts)),)


class SharedLevelTask(BatchableLLMTask[Level]):
    response_model: ClassVar[type[BaseModel]] = Level
    text: str

    def messages(self) -> tuple[Message, ...]:
        return (Message("user", self.text),)

    def can_batch_with(self, other: Self) -> bool:
        return True

    def combine_with(self, others: Sequence[Self]) -> LevelsTask:
        return LevelsTask(texts=(self.text, *(other.text for other in others)))

    def split_batch_result(self, result: Any, tasks: Sequence[Self]) -> list[str | None]:
        parts = {text: json.dumps({"level": level}) for text, level in result.levels.items()}
        return [parts.get(task.text) for task in tasks]


def levels(*missing: str) -> Callable[[LLMRequest], str]:
    """Say a word's level, or those of many; some are left out of what is said of many."""

    def say(request: LLMRequest) -> str:
        texts = asked(request).split()
        if request.schema_name == "Level":
            return json.dumps({"level": len(texts[0])})
        return json.dumps({"levels": {text: len(text) for text in texts if text not in missing}})

    return say


class TestBatching:
    def test_tasks_that_agree_share_calls_and_their_cost(self, make: Make) -> None:
        llm = FakeLLM(levels())
        batch = make(llm).execute_batch([SharedLevelTask(text="x" * n) for n in range(1, 13)])
        assert [result.result.level for result in batch.successful_results] == list(range(1, 13))
        assert llm.calls.total() == 3
        assert (batch.metrics.calls, batch.metrics.cost) == (3, 3 * COST)

    def test_a_part_that_is_missing_is_asked_alone(self, make: Make) -> None:
        llm = FakeLLM(levels("bb"))
        batch = make(llm).execute_batch([SharedLevelTask(text=text) for text in ("a", "bb", "ccc")])
        assert [result.result.level for result in batch.successful_results] == [1, 2, 3]
        assert (llm.calls["a bb ccc"], llm.calls["bb"], llm.calls.total()) == (1, 1, 2)

    def test_a_reply_that_is_no_use_has_each_asked_alone(self, make: Make) -> None:
        good = levels()
        llm = FakeLLM(lambda request: good(request) if request.schema_name == "Level" else "nonsense")
        batch = make(llm).execute_batch([SharedLevelTask(text=text) for text in ("a", "bb")])
        assert batch.success_rate == 1
        assert batch.metrics.calls == llm.calls.total() == 3

    def test_nobody_is_given_the_reply_that_others_share(self, make: Make) -> None:
        good = levels("a", "bb")

        def say(request: LLMRequest) -> str:
            if asked(request) == "a":
                raise RefusalError("refused")
            return good(request)

        first, second = make(FakeLLM(say)).execute_batch([SharedLevelTask(text=t) for t in ("a", "bb")]).task_results
        assert (first.success, first.raw_response) == (False, None)
        assert second.raw_response == '{"level": 2}'

    def test_parts_that_are_no_text_have_each_asked_alone(self, make: Make) -> None:
        class Odd(SharedLevelTask):
            def split_batch_result(self, result: Any, tasks: Sequence[Self]) -> list[Any]:
                return [7 for _ in tasks]

        batch = make(FakeLLM(levels())).execute_batch([Odd(text=text) for text in ("a", "bb")])
        assert [result.result.level for result in batch.successful_results] == [1, 2]

    def test_a_shared_reply_that_is_no_use_is_paid_once(self, make: Make) -> None:
        def say(request: LLMRequest) -> str:
            executor.stop()
            return "nonsense"

        executor = make(FakeLLM(say))
        shared = [SharedLevelTask(text=text) for text in ("a", "bb")]
        assert executor.execute_batch(shared, "parts").metrics.calls == 1
        llm = FakeLLM(levels())
        again = make(llm).execute_batch(shared, "parts")
        assert (again.success_rate, again.metrics.calls, sorted(llm.calls)) == (1, 2, ["a", "bb"])

    def test_parts_come_back_on_a_resume(self, make: Make) -> None:
        shared = [SharedLevelTask(text=text) for text in ("a", "bb")]
        make(FakeLLM(levels())).execute_batch(shared, "parts")
        llm = FakeLLM(levels())
        again = make(llm).execute_batch(shared, "parts", resume_from_checkpoint=True)
        assert [result.result for result in again.task_results] == [Level(level=1), Level(level=2)]
        assert llm.calls.total() == 0
