"""A batch in process never costs more than its cap, however many threads call, and says why it stopped."""

import threading
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aita import (
    BatchExecutionResult,
    BatchInterrupted,
    ParallelExecutionConfig,
    SettingsError,
    SimpleLLMTask,
    create_executor,
)
from aita.errors import BudgetReached, CallError, ProviderBusy, TaskError
from aita.executor.cap import Cap
from aita.models.run import Usage
from aita.ports import Reply
from aita.tasks.request import LLMRequest
from tests.support.fake_llm import COST, FakeLLM
from tests.unit.executor.conftest import Make

HIGHEST = Decimal("0.03")
REQUEST = SimpleLLMTask(prompt="p").request()


class PricedLLM(FakeLLM):
    """A fake model whose calls cost 0.01 USD and could cost 0.03."""

    def highest_cost(self, request: LLMRequest) -> Decimal | None:
        return HIGHEST


def tasks(count: int) -> list[SimpleLLMTask]:
    return [SimpleLLMTask(task_id=str(number), prompt=str(number)) for number in range(count)]


@pytest.mark.parametrize("workers", [1, 8])
def test_a_batch_stops_before_it_would_pass_it(make: Make, workers: int) -> None:
    llm = PricedLLM()
    executor = make(llm, config=ParallelExecutionConfig(max_cost_usd="0.1", max_workers=workers, rate_limit_rps=0))
    batch = executor.execute_batch(tasks(20))
    # An eighth call could cost 0.03 when 0.07 are spent; a ninth could make it 0.11.
    assert (len(batch.successful_results), batch.metrics.cost) == (8, Decimal("0.08"))
    assert sum(llm.calls.values()) == 8
    assert "0.0800 of 0.1 USD are spent" in (batch.stopped or "")
    assert all((result.error or "").startswith("NotRun: 0.08") for result in batch.failed_results)


def test_the_environment_s_counts(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AITA_MAX_COST_USD", "0.03")
    batch = make(PricedLLM()).execute_batch(tasks(5))
    assert (len(batch.successful_results), batch.metrics.cost) == (1, COST)
    assert "AITA_MAX_COST_USD" in (batch.stopped or "")


def test_a_resume_goes_on_and_pays_nothing_twice(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AITA_MAX_COST_USD", "0.04")
    llm = PricedLLM()
    assert len(make(llm).execute_batch(tasks(5), "week").successful_results) == 2
    monkeypatch.setenv("AITA_MAX_COST_USD", "1")
    assert len(make(llm).execute_batch(tasks(5), "week", resume_from_checkpoint=True).successful_results) == 5
    assert set(llm.calls.values()) == {1}


def test_one_that_leaves_room_changes_nothing(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AITA_MAX_COST_USD", "1")
    batch = make(PricedLLM(), max_workers=4).execute_batch(tasks(12))
    assert (len(batch.successful_results), batch.stopped) == (12, None)


def test_a_call_that_could_cost_more_than_all_of_it_is_not_made(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AITA_MAX_COST_USD", "0.02")
    llm = PricedLLM()
    batch = make(llm).execute_batch(tasks(3))
    assert (batch.successful_results, dict(llm.calls)) == ((), {})
    assert "another call could cost 0.0300" in (batch.stopped or "")
    assert "a smaller max_tokens" in (batch.stopped or "")


def test_what_it_left_out_says_how_to_go_on(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AITA_MAX_COST_USD", "0.04")
    batch = make(PricedLLM()).execute_batch(tasks(3), "week")
    (result,) = batch.failed_results
    assert (result.error or "").endswith(
        "make a new executor with a higher max_cost_usd (AITA_MAX_COST_USD) and execute the same batch with it: "
        "execute_batch(tasks, 'week') goes on"
    )


@pytest.mark.parametrize("backing", [FakeLLM, type("Unknown", (PricedLLM,), {"highest_cost": lambda *_: None})])
def test_a_model_without_a_price_is_refused_before_anything_is_paid(
    monkeypatch: pytest.MonkeyPatch, backing: Callable[[], FakeLLM]
) -> None:
    monkeypatch.setenv("AITA_MAX_COST_USD", "5")
    with pytest.raises(SettingsError, match=r"price of fake at https://model\.test/v1 is not known.*AITA_MAX_COST_USD"):
        create_executor(backing())


def test_a_client_of_an_unknown_endpoint_is_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:1/v1")
    monkeypatch.setenv("AITA_MAX_COST_USD", "5")
    with pytest.raises(SettingsError, match="is not known"):
        create_executor()
    monkeypatch.setenv("OPENAI_BASE_URL", "https://api.openai.com/v1")
    monkeypatch.setenv("OPENAI_API_KEY", "k")
    create_executor()


@pytest.mark.parametrize(
    ("failure", "left"), [(ProviderBusy("429", retry_after=0.001), Decimal("0.02")), (TaskError("400"), Decimal(0))]
)
def test_a_call_that_was_refused_takes_nothing(make: Make, failure: Exception, left: Decimal) -> None:
    refused = iter([failure])

    def say(request: LLMRequest) -> str:
        for error in refused:
            raise error
        return "yes"

    config = ParallelExecutionConfig(max_cost_usd="0.04", max_workers=1, rate_limit_rps=0)
    batch = make(PricedLLM(say), config=config).execute_batch(tasks(2 if left else 3))
    assert (len(batch.successful_results), batch.metrics.cost, batch.stopped) == (2, Decimal("0.02"), None)


@pytest.mark.parametrize("failure", [ProviderBusy("too late", retry_after=0.001), TaskError("too long")])
def test_a_call_whose_reply_was_lost_keeps_what_was_set_aside(make: Make, failure: CallError) -> None:
    failure.may_be_paid = True
    lost = iter([failure])

    def say(request: LLMRequest) -> str:
        for error in lost:
            raise error
        return "yes"

    config = ParallelExecutionConfig(max_cost_usd="0.06", max_workers=1, rate_limit_rps=0)
    batch = make(PricedLLM(say), config=config).execute_batch(tasks(9))
    assert len(batch.successful_results) == 1
    assert "0.0400 of 0.06 USD are spent" in (batch.stopped or "")
    assert batch.task_results[0].usage.unpriced_calls == 1


def test_a_cap_is_for_all_that_is_resumed(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AITA_MAX_COST_USD", "0.05")
    llm = PricedLLM()
    for _ in range(3):
        batch = make(llm).execute_batch(tasks(9), "week", resume_from_checkpoint=True)
        assert (len(batch.successful_results), llm.calls.total()) == (3, 3)
        assert "0.0300 of 0.05 USD are spent" in (batch.stopped or "")


def test_a_price_that_is_no_decimal_is_refused_at_once(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AITA_MAX_COST_USD", "5")
    with pytest.raises(SettingsError, match="highest_cost returned a float: a cap needs a Decimal"):
        create_executor(type("Floating", (PricedLLM,), {"highest_cost": lambda *_: 0.02})())


@pytest.mark.parametrize(
    ("later", "told"),
    [
        (lambda: Decimal("nan"), "returned NaN"),
        (lambda: Decimal(-1), "returned -1"),
        (lambda: 0.02, "returned a float"),
        (lambda: 1 // 0, "raised ZeroDivisionError"),
    ],
)
def test_a_highest_cost_that_fails_is_the_clients_fault(make: Make, later: Callable[[], object], told: str) -> None:
    class Wrong(PricedLLM):
        def highest_cost(self, request: LLMRequest) -> Any:
            return later() if request.messages else HIGHEST

    llm = Wrong()
    (result,) = make(llm, max_cost_usd=5).execute_batch(tasks(1)).task_results
    assert (result.error or "").startswith(f"TaskError: the llm_client's highest_cost {told}: a cap needs a Decimal")
    assert llm.calls.total() == 0
    with pytest.raises(SettingsError, match=f"highest_cost {told}"):
        make(type("Worse", (PricedLLM,), {"highest_cost": lambda *_: later()})(), max_cost_usd=5)


def test_a_call_of_unknown_cost_keeps_what_was_set_aside(make: Make) -> None:
    class Silent(PricedLLM):
        def price(self, reply: Reply) -> Usage:
            return Usage(calls=1, unpriced_calls=1)

    config = ParallelExecutionConfig(max_cost_usd="0.07", max_workers=1, rate_limit_rps=0)
    assert len(make(Silent(), config=config).execute_batch(tasks(9)).successful_results) == 2


def test_calls_under_way_are_waited_for_as_they_may_make_room() -> None:
    cap = Cap(Decimal("0.05"), lambda request: HIGHEST)
    first = cap.commit(REQUEST)
    entered = threading.Event()
    amounts: list[Decimal] = []

    def second() -> None:
        entered.set()
        amounts.append(cap.commit(REQUEST))

    thread = threading.Thread(target=second)
    thread.start()
    assert entered.wait(60)
    cap.settle(first, Usage(calls=1, cost_usd=Decimal("0.01")))
    thread.join(10)
    assert amounts == [HIGHEST]
    cap.settle(HIGHEST, Usage(calls=1, cost_usd=HIGHEST))
    with pytest.raises(BudgetReached, match=r"0\.0400 of 0\.05 USD"):
        cap.commit(REQUEST)


@given(
    most=st.decimals("0.1", 3, places=2),
    calls=st.lists(
        st.tuples(st.integers(1, 50), st.sampled_from(["paid", "cheap", "refused", "unknown"])), max_size=40
    ),
)
def test_no_order_of_calls_passes_it(most: Decimal, calls: list[tuple[int, str]]) -> None:
    asked = iter(Decimal(cents) / 100 for cents, _ in calls)
    cap = Cap(most, lambda request: next(asked))
    paid = Decimal(0)
    for _, end in calls:
        try:
            amount = cap.commit(REQUEST)
        except BudgetReached:
            continue
        cost = {"paid": amount, "cheap": amount / 3, "refused": Decimal(0), "unknown": amount}[end]
        paid += cost
        usages = {"refused": None, "unknown": Usage(calls=1, unpriced_calls=1)}
        cap.settle(amount, usages.get(end, Usage(calls=1, cost_usd=cost)))
        assert paid <= most


def test_nor_do_many_threads(tmp_path: Path, make: Make) -> None:
    config = ParallelExecutionConfig(max_cost_usd="0.5", max_workers=30, rate_limit_rps=0)
    batch = make(PricedLLM(), config=config).execute_batch(tasks(200))
    assert batch.metrics.cost is not None
    assert Decimal("0.47") < batch.metrics.cost <= Decimal("0.5")


WORKERS = 4


class Crowded(PricedLLM):
    """Its first call ends in this way, when all workers want to call. There is room under the cap for one of them."""

    def __init__(self, end: Callable[[], None], price: Callable[[], None] = lambda: None) -> None:
        super().__init__(self._say)
        self._wanting, self._end, self._price = threading.Semaphore(0), end, price

    def highest_cost(self, request: LLMRequest) -> Decimal | None:
        if request.messages:
            self._wanting.release()
        return HIGHEST

    def _say(self, request: LLMRequest) -> str:
        if self.calls.total() == 1:
            for _ in range(WORKERS):
                assert self._wanting.acquire(timeout=60)
            self._end()
        return "yes"

    def price(self, reply: Reply) -> Usage:
        self._price()
        return super().price(reply)


def interrupt() -> None:
    raise KeyboardInterrupt


class TestWaitingForRoom:
    def execute(self, make: Make, llm: Crowded, **options: Any) -> BatchExecutionResult:
        self.executor = make(llm, max_cost_usd="0.05", max_workers=WORKERS)
        return self.executor.execute_batch(tasks(WORKERS), **options)

    def test_a_stop_lets_none_call(self, make: Make) -> None:
        def stop() -> None:
            self.executor.stop()  # made only when the batch is executed

        llm = Crowded(stop)
        batch = self.execute(make, llm)
        assert (batch.stopped, llm.calls.total(), len(batch.successful_results)) == ("it was stopped", 1, 1)

    @pytest.mark.parametrize("price", [False, True])
    def test_an_interrupt_in_the_clients_own_code_leaves_none_waiting(self, make: Make, price: bool) -> None:
        llm = Crowded(lambda: None, interrupt) if price else Crowded(interrupt)
        with pytest.raises(BatchInterrupted):
            self.execute(make, llm)
        assert llm.calls.total() == 1
