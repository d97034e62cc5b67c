"""What a batch in process may cost, kept by setting each call's highest cost aside before it is made."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal

from aita.errors import BudgetReached, SettingsError
from aita.models.run import Usage
from aita.ports import LLM
from aita.services.calls.budget import unspent
from aita.tasks.request import LLMRequest, Parameters


@dataclass
class Cap:
    """Keeps one batch within its cap, from however many threads it calls.

    Parameters
    ----------
    most
        What the batch may cost, in USD.
    highest_cost
        Returns the most that a call can cost, in USD, or ``None`` if the model has no known price.
    spent
        What it has cost by now, as far as that is known, and what is set aside for the calls under way.
    """

    most: Decimal
    highest_cost: Callable[[LLMRequest], Decimal | None]
    spent: Decimal = Decimal(0)
    _calls: int = 0
    _settled: threading.Condition = field(default_factory=threading.Condition)

    @classmethod
    def of(cls, llm: LLM, most: Decimal, spent: Decimal = Decimal(0)) -> "Cap":
        """Return the cap of a batch on a model.

        Raises
        ------
        SettingsError
            If the price of its calls can't be known, or is no Decimal.
        """
        highest: Callable[[LLMRequest], Decimal | None] | None = getattr(llm, "highest_cost", None)
        amount = None if highest is None else highest(LLMRequest((), "", None, Parameters()))
        if amount is not None and not isinstance(amount, Decimal):
            raise SettingsError(f"your llm_client's highest_cost returns {type(amount).__name__}: give a Decimal")
        if highest is None or amount is None:
            raise SettingsError(
                f"the price of {llm.model} at {llm.provider} is not known, so a cap on a batch's cost can't be kept: "
                "unset AITA_MAX_COST_USD (max_cost_usd), or give your llm_client a highest_cost(request)"
            )
        return cls(most, highest, spent)

    def commit(self, request: LLMRequest) -> Decimal:
        """Set aside what a call may cost, once there is room for it, and return it.

        What the calls under way did not cost makes room, so they are waited for.

        Raises
        ------
        BudgetReached
            If there is no room, and no call under way that could make some.
        """
        amount = self.highest_cost(request)
        if amount is None:
            raise BudgetReached("the model has no known price, so that the batch's cap can't be kept")
        with self._settled:
            while self.spent + amount > self.most:
                if not self._calls:
                    raise BudgetReached(
                        f"{self.spent:.4f} of {self.most:f} USD are spent, and another call could cost {amount:.4f}: "
                        "resume the batch with a higher AITA_MAX_COST_USD"
                    )
                self._settled.wait()
            self.spent += amount
            self._calls += 1
        return amount

    def settle(self, committed: Decimal, usage: Usage | None) -> None:
        """Make room of what a call did not cost: all of it if it was not paid, none if its cost is not known."""
        with self._settled:
            self.spent -= unspent(committed, usage)
            self._calls -= 1
            self._settled.notify_all()
