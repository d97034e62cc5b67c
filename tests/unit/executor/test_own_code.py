"""What is wrong with code of the caller's own, named as what it is: on_result, llm_client, and the task's class."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import replace
from decimal import Decimal
from functools import partial
from typing import Any, ClassVar

import pytest
from pydantic import BaseModel

from aita import LLMRequest, LLMTask, Message, ProviderBusy, Reply, SimpleLLMTask, TokenUsage, Usage
from aita.errors import RequestError
from tests.support.fake_llm import FakeLLM, answer
from tests.unit.executor.conftest import Make
from tests.unit.executor.test_batches import tasks


async def awaited(_: Any) -> None:
    """Do nothing."""


def generator(_: Any) -> Any:
    yield


async def async_generator(_: Any) -> Any:
    yield


class Callback:
    async def __call__(self, _: Any) -> None:
        """Do nothing."""


class TestOnResult:
    @pytest.mark.parametrize("on_result", [awaited, partial(awaited), Callback(), generator, async_generator])
    @pytest.mark.parametrize("way", ["execute_batch", "aexecute"])
    def test_one_that_would_never_run_is_refused_before_any_call(self, make: Make, on_result: Any, way: str) -> None:
        def run() -> None:
            if (awaitable := getattr(make(llm), way)(tasks("a"), on_result=on_result)) is not None:
                asyncio.run(awaitable)

        llm = FakeLLM()
        with pytest.raises(RequestError, match=r"on_result is async.*plain function.*astream"):
            run()
        assert llm.calls.total() == 0

    def test_one_that_returns_what_is_to_be_awaited_ends_the_batch(self, make: Make) -> None:
        def hidden(result: Any) -> Any:
            return awaited(result)

        with pytest.raises(RequestError, match="on_result is async"):
            make(FakeLLM()).execute_batch(tasks("a"), on_result=hidden)

    @pytest.mark.parametrize(
        ("name", "told"),
        [("x", "execute_batch(tasks, 'x')"), (None, "execute_batch(tasks, resume_from_checkpoint=True)")],
    )
    def test_one_that_raises_is_told_how_the_batch_goes_on(self, make: Make, name: str | None, told: str) -> None:
        def broken(_: Any) -> None:
            raise KeyError

        with pytest.raises(KeyError) as caught:
            make(FakeLLM(), max_workers=1).execute_batch(tasks("a", "b"), name, on_result=broken)
        assert caught.value.__notes__ == [f"1 of 2 tasks are done; {told} goes on"]

    def test_what_can_not_be_called(self, make: Make) -> None:
        wrong: Any = []
        with pytest.raises(RequestError, match="on_result is a list: it takes a function"):
            make(FakeLLM()).execute_batch(tasks("a"), on_result=wrong)


class OwnClient:
    """Answers as it is told to, at a price that it is told."""

    provider, model = "https://model.test/v1", "own"

    def __init__(self, complete: Callable[[], Any], priced: Any = None) -> None:
        self._complete, self._priced = complete, priced or Usage(calls=1)
        self.calls = 0

    def complete(self, request: LLMRequest, images: Mapping[str, bytes]) -> Any:
        self.calls += 1
        return self._complete()

    def price(self, reply: Reply) -> Any:
        return self._priced


def raising(error: BaseException) -> Callable[[], Any]:
    def complete() -> Any:
        raise error

    return complete


GOOD = answer("SECRET")
NO_USAGE: Any = None


class TestClient:
    @pytest.mark.parametrize(
        ("returned", "named"),
        [
            (None, "a NoneType"),
            ("SECRET", "a str"),
            (("SECRET",), "a tuple"),
            (replace(GOOD, text=NO_USAGE), "a Reply whose text is a NoneType"),
            (replace(GOOD, text=b"SECRET"), "a Reply whose text is a bytes"),  # type: ignore[arg-type]
            (replace(GOOD, finish_reason=NO_USAGE), "a Reply whose finish_reason is a NoneType"),
            (replace(GOOD, model=NO_USAGE), "a Reply whose model is a NoneType"),
            (replace(GOOD, latency_ms=1.5), "a Reply whose latency_ms is a float"),  # type: ignore[arg-type]
            (replace(GOOD, usage=TokenUsage(NO_USAGE, 0, 0)), "a Reply whose usage is wrong"),
            (replace(GOOD, usage=TokenUsage(10, 0, -5)), "a Reply whose usage is wrong"),
            (replace(GOOD, usage={"input_tokens": 1}), "a Reply whose usage is wrong"),  # type: ignore[arg-type]
        ],
    )
    def test_one_that_returns_no_whole_reply_is_named_and_its_call_counts(
        self, make: Make, returned: Any, named: str
    ) -> None:
        llm = OwnClient(lambda: returned)
        batch = make(llm).execute_batch(tasks("a"))
        error = batch.task_results[0].error or ""
        assert error.startswith(f"TaskError: the llm_client's complete returned {named}; a Reply needs text, ")
        assert ("SECRET" in error, llm.calls, batch.metrics.calls, batch.metrics.cost) == (False, 1, 1, None)

    @pytest.mark.parametrize("seconds", ["5", float("nan"), float("inf")])
    def test_one_that_asks_for_a_wait_that_is_none_is_named(self, make: Make, seconds: Any) -> None:
        llm = OwnClient(raising(ProviderBusy("busy", seconds)))
        (result,) = make(llm).execute_batch(tasks("a")).task_results
        told = "TaskError: the llm_client raised a ProviderBusy whose retry_after is no finite number"
        assert (result.error, llm.calls) == (told, 1)

    @pytest.mark.parametrize(
        ("busy", "named"),
        [
            (ProviderBusy("busy", True), "retry_after is no finite number"),
            (ProviderBusy("busy", limited="yes"), "limited is no bool"),  # type: ignore[arg-type]
            (ProviderBusy("busy", timed_out=1), "timed_out is no bool"),  # type: ignore[arg-type]
        ],
    )
    def test_one_that_says_nothing_clear_about_a_wait_is_named(
        self, make: Make, busy: ProviderBusy, named: str
    ) -> None:
        llm = OwnClient(raising(busy))
        (result,) = make(llm).execute_batch(tasks("a")).task_results
        told = f"TaskError: the llm_client raised a ProviderBusy whose {named}"
        assert (result.error, llm.calls) == (told, 1)

    @pytest.mark.parametrize("error", [SystemExit(1), GeneratorExit(), asyncio.CancelledError()])
    def test_one_that_raises_what_ends_programs_fails_its_task(self, make: Make, error: BaseException) -> None:
        (result,) = make(OwnClient(raising(error))).execute_batch(tasks("a")).task_results
        assert (result.error or "").startswith(f"TaskError: the llm_client raised {type(error).__name__}")

    def test_one_without_a_price_loses_no_paid_reply(self, make: Make, caplog: pytest.LogCaptureFixture) -> None:
        (result,) = make(OwnClient(lambda: GOOD, priced="0.5 USD")).execute_batch(tasks("a")).task_results
        assert (result.success, result.cost, result.usage.unpriced_calls) == (True, None, 1)
        assert "of unknown cost: the llm_client's price returned a str" in caplog.text

    @pytest.mark.parametrize("cost", ["-1", "NaN", "Infinity"])
    def test_a_cost_that_is_none_is_unknown(self, make: Make, cost: str, caplog: pytest.LogCaptureFixture) -> None:
        wrong = Usage.model_construct(calls=1, input_tokens=7, cost_usd=Decimal(cost))
        (result,) = make(OwnClient(lambda: GOOD, priced=wrong)).execute_batch(tasks("a")).task_results
        assert (result.success, result.cost, result.tokens, result.usage.calls) == (True, None, 7, 1)
        assert f"of unknown cost: the llm_client's price returned {cost} USD" in caplog.text

    def test_half_a_character_is_replaced_and_told(self, make: Make, caplog: pytest.LogCaptureFixture) -> None:
        (result,) = make(OwnClient(lambda: replace(GOOD, text="SECRET \ud83d"))).execute_batch(tasks("a")).task_results
        assert result.result == "SECRET ?"
        assert "a reply had half a character" in caplog.text
        assert "SECRET" not in caplog.text

    def test_a_whole_reply_is_taken(self, make: Make) -> None:
        (result,) = make(OwnClient(lambda: replace(GOOD, usage=None))).execute_batch(tasks("a")).task_results
        assert result.result == "SECRET"


class Label(BaseModel):
    label: str


class Asking(LLMTask[Any]):
    def messages(self) -> tuple[Message, ...]:
        return (Message("user", "x"),)


class TestClass:
    @pytest.mark.parametrize("model", [None, dict, Label(label="an object")])
    def test_one_without_a_model_of_the_reply_is_named(self, model: Any) -> None:
        class Incomplete(Asking):
            if model is not None:
                response_model: ClassVar[Any] = model

        with pytest.raises(RequestError, match=r"^Incomplete has no response_model: give the class"):
            Incomplete(task_id="a")

    def test_one_with_a_request_of_its_own_needs_none(self, make: Make) -> None:
        class Own(Asking):
            def request(self) -> LLMRequest:
                return LLMRequest(self.messages(), "", None, self.call_parameters())

            def parse(self, reply: str) -> str:
                return reply

        assert make(FakeLLM()).execute_batch([Own()]).task_results[0].result == "X"

    def test_a_validation_that_returns_nothing_is_no_success(self, make: Make) -> None:
        class Forgetful(Asking):
            response_model: ClassVar[type[BaseModel]] = Label

            def validate_reply(self, reply: Any) -> Any:
                """Forget the return."""

        llm = FakeLLM(lambda _: '{"label": "a"}')
        (result,) = make(llm).execute_batch([Forgetful()]).task_results
        assert (result.success, result.retry_count) == (False, 0)
        assert (result.error or "").startswith("TaskCodeError: the code that judges this task's reply returned None")

    def test_nor_is_a_parse_fn_that_does_until_it_is_corrected(self, make: Make) -> None:
        def task(parse_fn: Callable[[Any], Any]) -> SimpleLLMTask[Any]:
            return SimpleLLMTask(task_id="a", prompt="a", parse_fn=parse_fn)

        (wrong,) = make(FakeLLM()).execute_batch([task(lambda _: None)], "x").task_results
        assert (wrong.success, (wrong.error or "").partition(":")[0]) == (False, "TaskCodeError")
        llm = FakeLLM()
        (right,) = make(llm).execute_batch([task(lambda _: "")], "x").task_results
        assert (right.success, right.result, llm.calls.total()) == (True, "", 0)

    @pytest.mark.parametrize("reply", ["SECRET", "SECRET" * 1000])
    def test_code_that_is_named_by_a_reply_is_not(self, make: Make, reply: str) -> None:
        def run(text: str) -> None:
            exec(compile("{}['x']", text, "exec"))

        (result,) = make(FakeLLM(lambda _: reply)).execute_batch(tasks("a", parse_fn=run)).task_results
        assert "raised KeyError in line 1: see" in (result.error or "")
        assert "SECRET" not in (result.error or "")

    def test_an_async_parse_fn_is_named(self, make: Make) -> None:
        (result,) = make(FakeLLM()).execute_batch(tasks("a", parse_fn=awaited)).task_results
        assert (
            result.error == "TaskCodeError: the code that judges this task's reply is async: make it a plain function"
        )
