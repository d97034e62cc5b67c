"""Whose model, temperature and limit of tokens a call has, what it costs, and what is refused by name."""

import json
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any, ClassVar

import httpx2
import openai
import pytest

from aita import LLMRequest, ParallelExecutionConfig, Parameters, Reply, SettingsError, SimpleLLMTask, create_executor
from aita.models.rate_limits import Rates
from aita.models.run import Usage
from tests.support.fake_llm import FakeLLM, answer
from tests.unit.executor.conftest import Make


class Endpoint:
    """Replies to chat completions, and keeps their bodies."""

    def __init__(self) -> None:
        self.bodies: list[dict[str, Any]] = []

    def client(self) -> openai.OpenAI:
        http = httpx2.Client(transport=httpx2.MockTransport(self._reply))
        return openai.OpenAI(api_key="k", base_url="https://models.test/v1", http_client=http)

    def _reply(self, request: httpx2.Request) -> httpx2.Response:
        body = json.loads(request.content)
        self.bodies.append(body)
        if body["model"] == "thinker" and "temperature" in body:
            return httpx2.Response(400, json={"error": {"message": "temperature is not supported"}})
        message = {"message": {"content": "yes"}, "finish_reason": "stop"}
        usage = {"prompt_tokens": 1_000_000, "completion_tokens": 100_000}
        return httpx2.Response(200, json={"model": body["model"], "choices": [message], "usage": usage})


class WarmTask(SimpleLLMTask[str]):
    parameters: ClassVar[Parameters] = Parameters(temperature=0.3, max_output_tokens=50, expected_output_tokens=7)


class Family(FakeLLM):
    """A client of one's own with several models."""

    def __init__(self, model: str = "fake", asked: list[tuple[str, LLMRequest]] | None = None) -> None:
        super().__init__()
        self.model = model
        self.asked: list[tuple[str, LLMRequest]] = [] if asked is None else asked

    def with_model(self, name: str) -> "Family":
        return Family(name, self.asked)

    def complete(self, request: LLMRequest, images: Mapping[str, bytes]) -> Reply:
        self.asked.append((self.model, request))
        return answer("yes")

    def price(self, reply: Reply) -> Usage:
        return Usage(calls=1, cost_usd=Decimal(len(self.model)))


class TestParameters:
    def test_the_tasks_own_come_before_the_executors_and_these_before_the_defaults(self, make: Make) -> None:
        endpoint = Endpoint()
        executor = make(endpoint.client(), max_workers=1, model="large", temperature=0.5, max_tokens=100)
        executor.execute_batch(
            [
                SimpleLLMTask(prompt="none"),
                SimpleLLMTask(prompt="own", model="small", temperature=0, max_tokens=9),
                WarmTask(prompt="class"),
                WarmTask(prompt="both", max_tokens=8),
            ]
        )
        sent = [(each["model"], each["temperature"], each["max_completion_tokens"]) for each in endpoint.bodies]
        assert sent == [("large", 0.5, 100), ("small", 0, 9), ("large", 0.3, 50), ("large", 0.3, 8)]
        assert WarmTask(prompt="x", max_tokens=8).call_parameters().expected_output_tokens == 7

    def test_with_nothing_given_they_are_the_defaults(self, make: Make) -> None:
        endpoint = Endpoint()
        make(endpoint.client()).execute_batch([SimpleLLMTask(prompt="x")])
        (body,) = endpoint.bodies
        assert (body["model"], body["temperature"], body["max_completion_tokens"]) == ("gpt-6-luna", 0.0, 8192)

    def test_a_client_of_ones_own_sees_them_whole(self, make: Make) -> None:
        llm = Family()
        make(llm, temperature=0.5).execute_batch([SimpleLLMTask(prompt="x"), SimpleLLMTask(prompt="y", model="other")])
        assert {(name, each.parameters.temperature) for name, each in llm.asked} == {("fake", 0.5), ("other", 0.5)}
        assert {each.parameters.max_output_tokens for _, each in llm.asked} == {8192}

    def test_what_one_model_refuses_is_still_sent_to_the_others(self, make: Make) -> None:
        endpoint = Endpoint()
        models = ("thinker", "", "thinker", "")
        batch = make(endpoint.client(), max_workers=1).execute_batch(
            SimpleLLMTask(prompt=str(number), model=model) for number, model in enumerate(models)
        )
        assert len(batch.successful_results) == 4
        told = [(each["model"], "temperature" in each) for each in endpoint.bodies]
        luna = ("gpt-6-luna", True)
        assert told == [("thinker", True), ("thinker", False), luna, ("thinker", False), luna]


class TestDigests:
    def test_those_of_requests_without_a_choice_are_the_ones_of_before(self) -> None:
        task = SimpleLLMTask(prompt="p", system="s")
        assert task.digest("prov", "model") == "39146c5cccac6ea434813e901218ea10cf1a7bd22412daaa729d41ee3a930549"

    @pytest.mark.parametrize("own", [{"model": "m"}, {"temperature": 0.1}, {"max_tokens": 9}])
    def test_a_choice_makes_another_task(self, own: dict[str, Any]) -> None:
        assert SimpleLLMTask(prompt="p", **own).id != SimpleLLMTask(prompt="p").id

    @pytest.mark.parametrize("other", [{"model": "m"}, {"temperature": 0.1}, {"max_tokens": 9}])
    def test_a_resume_asks_those_tasks_anew_that_the_executors_choice_is_for(
        self, make: Make, other: dict[str, Any]
    ) -> None:
        endpoint = Endpoint()
        tasks = [
            SimpleLLMTask(task_id="a", prompt="a"),
            SimpleLLMTask(task_id="b", prompt="b", model="own", temperature=0.2, max_tokens=30),
        ]
        make(endpoint.client()).execute_batch(tasks, "x")
        for resumed in (1, 2):
            batch = make(endpoint.client(), **other).execute_batch(tasks, "x", resume_from_checkpoint=True)
            assert batch.metrics.resumed == resumed
        assert len(endpoint.bodies) == 3

    def test_the_executors_model_is_the_environments(self, make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
        endpoint = Endpoint()
        tasks = [SimpleLLMTask(prompt="a")]
        make(endpoint.client(), model="m").execute_batch(tasks, "x")
        monkeypatch.setenv("AITA_MODEL", "m")
        batch = make(endpoint.client()).execute_batch(tasks, "x", resume_from_checkpoint=True)
        assert (batch.metrics.resumed, len(endpoint.bodies)) == (1, 1)


class TestPrices:
    PRICES: ClassVar[Any] = {"large": {"input": "2", "output": Decimal(10)}, "small": {"input": 0, "output": "1.5"}}

    def test_each_call_costs_what_its_model_does(self, make: Make) -> None:
        executor = make(Endpoint().client(), model="large", prices=self.PRICES)
        tasks = [
            SimpleLLMTask(prompt="x"),
            SimpleLLMTask(prompt="y", model="small"),
            SimpleLLMTask(prompt="z", model="?"),
        ]
        costs = [result.cost for result in executor.execute_batch(tasks).task_results]
        assert costs == [Decimal(3), Decimal("0.15"), None]

    def test_a_file_has_them_too_and_the_argument_wins(
        self, make: Make, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        file = tmp_path / "prices.json"
        file.write_text('{"large": {"input": 2, "output": 1000}, "small": {"input": 0, "output": 1.5}}')
        monkeypatch.setenv("AITA_PRICES", str(file))
        executor = make(Endpoint().client(), model="large", prices={"large": self.PRICES["large"]}, max_cost_usd=9)
        tasks = [SimpleLLMTask(prompt="x"), SimpleLLMTask(prompt="y", model="small")]
        assert [each.cost for each in executor.execute_batch(tasks).task_results] == [Decimal(3), Decimal("0.15")]

    def test_a_cap_holds_with_them(self, make: Make) -> None:
        endpoint = Endpoint()
        prices = {"large": {"input": "0", "output": "1000"}}
        executor = make(endpoint.client(), model="large", prices=prices, max_cost_usd="10", max_workers=1)
        batch = executor.execute_batch([SimpleLLMTask(prompt="x"), SimpleLLMTask(prompt="y")])
        assert len(endpoint.bodies) == 1
        assert "spent" in (batch.stopped or "")

    def test_under_a_cap_a_task_with_a_model_of_unknown_price_fails_alone(self, make: Make) -> None:
        endpoint = Endpoint()
        executor = make(endpoint.client(), model="small", prices=self.PRICES, max_cost_usd=5)
        unknown, known = executor.execute_batch(
            [SimpleLLMTask(prompt="x", model="?"), SimpleLLMTask(prompt="y")]
        ).task_results
        assert (unknown.error or "").startswith("TaskError: the price of ? is not known")
        assert known.success
        assert [each["model"] for each in endpoint.bodies] == ["small"]

    def test_a_client_of_ones_own_prices_each_model_itself(self, make: Make) -> None:
        tasks = [SimpleLLMTask(prompt="x"), SimpleLLMTask(prompt="y", model="longer")]
        assert [each.cost for each in make(Family()).execute_batch(tasks).task_results] == [4, 6]
        with pytest.raises(SettingsError, match=r"has its own price\(reply\)"):
            make(Family(), prices=self.PRICES)

    @pytest.mark.parametrize(
        ("entry", "told"),
        [
            ({"input": "1"}, "prices of 'm' are wrong: give input and output"),
            ({"input": "1", "output": "2", "cached": "0"}, "prices of 'm' are wrong"),
            ({"input": 0.15, "output": "2"}, "input price of 'm' is wrong: it takes a Decimal or a text"),
            ({"input": "1", "output": "-2"}, "output price of 'm' is wrong"),
            ({"input": "NaN", "output": "2"}, "input price of 'm' is wrong"),
            ({"input": "cheap", "output": "2"}, "input price of 'm' is wrong"),
            ("1", "prices of 'm' are wrong"),
        ],
    )
    def test_a_wrong_price_is_named(self, entry: Any, told: str) -> None:
        with pytest.raises(SettingsError, match=told):
            create_executor(Endpoint().client(), prices={"m": entry})


class TestRefusals:
    def test_a_client_with_one_model(self, make: Make) -> None:
        with pytest.raises(SettingsError, match="has the model fake alone"):
            create_executor(FakeLLM(), model="other")
        batch = make(FakeLLM(), model="fake").execute_batch(
            [SimpleLLMTask(prompt="x", model="other"), SimpleLLMTask(prompt="y", model="fake")]
        )
        assert "has the model fake alone" in (batch.task_results[0].error or "")
        assert batch.task_results[1].success

    def test_a_client_whose_complete_is_async(self) -> None:
        class Async(FakeLLM):
            async def complete(self, request: LLMRequest, images: Mapping[str, bytes]) -> Reply:  # type: ignore[override]
                return answer("never")

        with pytest.raises(SettingsError, match="whose complete is async: give one with a plain complete"):
            create_executor(Async())

    @pytest.mark.parametrize(
        ("given", "told"),
        [
            ({"max_workers": 2.0}, "max_workers is wrong: it takes a whole number from 1 to 10000"),
            ({"max_workers": "5"}, "max_workers is wrong"),
            ({"max_workers": True}, "max_workers is wrong"),
            ({"max_workers": 0}, "max_workers is wrong"),
            ({"rate_limit": True}, "rate_limit is wrong"),
            ({"rate_limit_tpm": "9"}, "rate_limit_tpm is wrong: it takes a number from 0"),
            ({"rate_limit_tpm": -1}, "rate_limit_tpm is wrong"),
            ({"burst": 0}, "burst is wrong: it takes a whole number from 1"),
            ({"burst": 5, "rate_limit": 0}, "burst needs a rate"),
            ({"max_cost_usd": 0}, "max_cost_usd is wrong: it takes a number of US dollars"),
            ({"max_cost_usd": "much"}, "max_cost_usd is wrong"),
            ({"max_cost_usd": True}, "max_cost_usd is wrong"),
            ({"enable_checkpointing": "yes"}, "enable_checkpointing is wrong: it takes true or false"),
            ({"show_progress": 1}, "show_progress is wrong: it takes true or false"),
            ({"prices": "0.15"}, "prices is a str: it takes the prices by the model's name"),
            ({"model": ""}, "model is wrong: it takes the name"),
            ({"temperature": -0.1}, "temperature is wrong: it takes a number from 0 up"),
            ({"temperature": float("nan")}, "temperature is wrong"),
            ({"temperature": "warm"}, "temperature is wrong"),
            ({"max_tokens": 0}, "max_tokens is wrong: it takes a whole number from 1 up"),
            ({"max_tokens": 9.0}, "max_tokens is wrong"),
        ],
    )
    def test_a_wrong_argument_is_named(self, given: dict[str, Any], told: str) -> None:
        with pytest.raises(SettingsError, match=told):
            create_executor(FakeLLM(), **given)

    @pytest.mark.parametrize(
        "given",
        [
            {"max_workers": 50},
            {"rate_limit": 0},
            {"rate_limit": None},
            {"rate_limit_tpm": 0},
            {"burst": 5},
            {"enable_checkpointing": False},
            {"show_progress": False},
            {"max_cost_usd": 5},
        ],
    )
    def test_what_a_config_has_is_not_given_beside_it(self, given: dict[str, Any]) -> None:
        with pytest.raises(SettingsError, match=f"{next(iter(given))} stands beside a config: give it to the Parallel"):
            create_executor(FakeLLM(), config=ParallelExecutionConfig(), **given)

    @pytest.mark.parametrize(
        "given", [{"model": "m"}, {"prices": {}}, {"temperature": 1}, {"max_tokens": 5}, {"burst": 5}]
    )
    def test_what_the_stack_has_itself(self, given: dict[str, Any]) -> None:
        with pytest.raises(SettingsError, match=f"{next(iter(given))} is not for backend 'stack'"):
            create_executor(backend="stack", **given)

    @pytest.mark.parametrize("given", [{"temperature": -1}, {"max_tokens": 0}, {"response_model": str}, {"model": 3}])
    def test_a_tasks_own_wrong_value(self, given: dict[str, Any]) -> None:
        with pytest.raises(ValueError, match=next(iter(given))):
            SimpleLLMTask(prompt="x", **given)


class TestLimits:
    def test_a_burst_is_made_at_once_and_the_rest_at_the_rate(self, make: Make) -> None:
        executor = make(FakeLLM(), rate_limit=2, burst=4)
        executor.limiter.now = lambda: 100.0
        slots = [executor.limiter.reserve(Rates(2.0), 0).available_at for _ in range(6)]
        assert [round(at - slots[0], 3) for at in slots] == [0, 0, 0, 0, 0.5, 1]

    def test_tokens_a_minute_and_the_cap_are_the_configs(self, make: Make) -> None:
        llm = type("Priced", (FakeLLM,), {"highest_cost": lambda *_: Decimal(0)})()
        config = make(llm, rate_limit_tpm=900, max_cost_usd="2.50").config
        assert (config.rate_limit_tpm, config.max_cost_usd) == (900, Decimal("2.50"))

    def test_the_variables_are_texts(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("AITA_BURST", "7")
        monkeypatch.setenv("AITA_MAX_WORKERS", "5")
        config = ParallelExecutionConfig()
        assert (config.burst, config.max_workers) == (7, 5)
