"""Cost cap of a batch in process, kept by committing each call's highest cost before the call."""

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from aita.errors import BudgetReached, NotRun, SettingsError, TaskError
from aita.executor.guarded_llm import GuardedLLM
from aita.models.run import Usage
from aita.services.calls.budget import unspent
from aita.tasks.llm_task import LLMTask
from aita.tasks.request import LLMRequest, Parameters


def _no_price(_: LLMRequest) -> None:
    """Return that the model has no known price."""


@dataclass
class Cap:
    """Keeps one batch within its cap; thread-safe.

    Parameters
    ----------
    most
        Cap of the batch's cost, in USD; ``None`` for none.
    highest_cost
        Returns the highest possible cost of a call in USD, or ``None`` if the model has no known price.
    spent
        Known cost so far plus the commitments of the calls in flight and of those of unknown cost, in USD.
    unknown
        Part of it that is committed for calls of unknown cost.
    stopping
        Set when the batch stops, after which there is room for no call.
    """

    most: Decimal | None = None
    highest_cost: Callable[[LLMRequest], Decimal | None] = _no_price
    spent: Decimal = Decimal(0)
    unknown: Decimal = Decimal(0)
    stopping: threading.Event = field(default_factory=threading.Event)
    _calls: int = 0
    _settled: threading.Condition = field(default_factory=threading.Condition)

    @classmethod
    def of(
        cls,
        llm: GuardedLLM,
        most: Decimal,
        before: Iterable[tuple[LLMTask[Any], Usage]] = (),
        stopping: threading.Event | None = None,
    ) -> "Cap":
        """Return the cap of a batch with this model.

        Parameters
        ----------
        before
            Tasks that ran before, with their usage. A call of unknown cost counts as the most that one could cost now.

        Raises
        ------
        SettingsError
            If the price of the model's calls is unknown, or the client's ``highest_cost`` fails.
        """
        try:
            amount = llm.highest_cost(LLMRequest((), "", None, Parameters()))
        except TaskError as error:
            raise SettingsError(str(error)) from error
        if amount is None:
            raise SettingsError(
                f"the price of {llm.model} at {llm.provider} is not known, so a cap on a batch's cost can't be kept: "
                f"unset AITA_MAX_COST_USD (max_cost_usd), give create_executor prices={{{llm.model!r}: {{'input': "
                "'0.10', 'output': '0.50'}} with the provider's figures in USD per million tokens (or the same in a "
                "file that AITA_PRICES names), or your llm_client a highest_cost(request)"
            )
        known = unknown = Decimal(0)
        for task, usage in before:
            known += usage.cost_usd
            if usage.unpriced_calls:
                unknown += usage.unpriced_calls * _highest(llm, task)
        return cls(most, llm.highest_cost, known + unknown, unknown, stopping or threading.Event())

    def commit(self, request: LLMRequest) -> Decimal:
        """Commit the highest cost of a call, once the cap has room for it, and return it in USD; 0 without a cap.

        Without room, wait for calls in flight, whose unspent commitments are released.

        Raises
        ------
        BudgetReached
            If there is no room, and no call in flight that could release some.
        NotRun
            If the batch stopped meanwhile.
        """
        if self.most is None:
            return Decimal(0)
        amount = self.highest_cost(request)
        if amount is None:
            raise BudgetReached("the model has no known price, so that the batch's cap can't be kept")
        with self._settled:
            while self.spent + amount > self.most and not self.stopping.is_set():
                if not self._calls:
                    smaller = ", or give the task a smaller max_tokens," if amount > self.most else ""
                    unknown = f" or set aside, {self.unknown:.4f} for calls of unknown cost" if self.unknown else ""
                    raise BudgetReached(
                        f"{self.spent:.4f} of {self.most:f} USD are spent{unknown}, and another call could cost "
                        f"{amount:.4f}: make a new executor with a higher max_cost_usd (AITA_MAX_COST_USD){smaller} "
                        "and execute the same batch with it"
                    )
                self._settled.wait()
            if self.stopping.is_set():
                raise NotRun("the batch stopped")
            self.spent += amount
            self._calls += 1
        return amount

    def settle(self, committed: Decimal, usage: Usage | None) -> None:
        """Release the unspent part of a call's commitment; ``usage`` is ``None`` if the call was not paid."""
        if self.most is None:
            return
        with self._settled:
            self.spent -= unspent(committed, usage)
            if usage is not None and usage.unpriced_calls:
                self.unknown += committed
            self._calls -= 1
            self._settled.notify_all()


def _highest(llm: GuardedLLM, task: LLMTask[Any]) -> Decimal:
    """Return the most that a call of a task can cost; 0 for a model of unknown price, which a cap lets no task call."""
    try:
        return llm.highest_cost(task.request()) or Decimal(0)
    except TaskError:
        return Decimal(0)
