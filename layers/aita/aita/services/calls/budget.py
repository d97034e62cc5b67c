"""What a run may cost, kept by committing each call's highest cost before it is made."""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from aita.errors import BudgetReached
from aita.models.run import ItemEvent, Run, Usage
from aita.ports import RunStore
from aita.services.runs.run_cache import RunCache
from aita.tasks.request import LLMRequest


@dataclass(frozen=True, slots=True)
class Budget:
    """Keeps runs within their caps, however many functions call at once; a run without one costs no request.

    A function that dies in a call leaves what it committed standing, as the call may have been paid; a
    resume counts again from what was spent.

    Parameters
    ----------
    highest_cost
        Returns the most that a call can cost, in USD, or ``None`` if the model has no known price.
    """

    runs: RunStore
    watch: RunCache
    highest_cost: Callable[[LLMRequest], Decimal | None]

    def commit(self, run: Run, event: ItemEvent, request: LLMRequest) -> Decimal:
        """Commit what a call may cost, and return it.

        Raises
        ------
        BudgetReached
            If the run's cap leaves no room for it.
        """
        cap = run.settings.max_cost_usd
        if cap is None:
            return Decimal(0)
        amount = self.highest_cost(request)
        if amount is None:
            raise BudgetReached("the model has no known price, so that the run's cap can't be kept")
        if amount and not self.runs.reserve_cost(run.run_id, event.attempt, amount, cap):
            spent = self.runs.get(run.run_id).usage.cost_usd
            raise BudgetReached(
                f"{spent:.4f} of {cap:f} USD are spent, and another call could pass that: resume with a higher cap "
                f"(aita resume {run.run_id} --max-cost USD)"
            )
        return amount

    def settle(self, run: Run, committed: Decimal, usage: Usage | None) -> None:
        """Give back what a call did not cost."""
        rest = given_back(committed, usage)
        if committed and rest:
            self.runs.release_cost(run.run_id, rest)


def given_back(committed: Decimal, usage: Usage | None) -> Decimal:
    """Return what of the money set aside for a call it did not cost.

    That is all of it if the call was not paid (``usage`` is ``None``), and nothing if its cost is not known.
    """
    if usage is None:
        return committed
    return Decimal(0) if usage.unpriced_calls else committed - usage.cost_usd
