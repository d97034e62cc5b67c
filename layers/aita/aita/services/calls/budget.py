"""Cost caps of runs, kept by committing each call's highest cost before the call."""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from aita.errors import BudgetReached
from aita.models.run import ItemEvent, Run, Usage
from aita.ports import RunStore
from aita.services.runs.run_cache import RunCache
from aita.tasks.request import LLMRequest


@dataclass(frozen=True, slots=True)
class RunBudget:
    """Keeps runs within their caps, however many functions call at once. A run without a cap costs no request.

    The commitment of a function that dies during a call remains, as the call may have been paid. A resume starts
    again from the cost so far.

    Parameters
    ----------
    highest_cost
        Returns the highest possible cost of a call in USD, or ``None`` if the model has no known price.
    """

    runs: RunStore
    watch: RunCache
    highest_cost: Callable[[LLMRequest], Decimal | None]

    def commit(self, run: Run, event: ItemEvent, request: LLMRequest) -> Decimal:
        """Commit the highest cost of a call, and return it in USD; 0 for a run without a cap.

        Raises
        ------
        BudgetReached
            If the committed cost would exceed the run's cap, or the model has no known price.
        """
        cap = run.settings.max_cost_usd
        if cap is None:
            return Decimal(0)
        amount = self.highest_cost(request)
        if amount is None:
            raise BudgetReached("the model has no known price, so that the run's cap can't be kept")
        if amount and not self.runs.reserve_cost(run.run_id, event.attempt, amount, cap):
            now = self.runs.get(run.run_id)
            spent, unpriced = now.usage.cost_usd, now.usage.unpriced_calls
            unknown = f", {now.committed_usd - spent:.4f} more set aside as {unpriced} calls are of unknown cost"
            raise BudgetReached(
                f"{spent:.4f} of {cap:f} USD are spent{unknown if unpriced else ''}, and another call could pass that: "
                "resume with a higher cap "
                f"(aita resume {run.run_id} --max-cost USD)"
            )
        return amount

    def settle(self, event: ItemEvent, committed: Decimal, usage: Usage | None) -> None:
        """Release the unspent part of a commitment; ``usage`` is ``None`` if the call was not paid.

        If the run was resumed during the call, the commitment is gone, and what the call cost is committed anew.
        """
        if not committed:
            return
        rest = unspent(committed, usage)
        if not self.runs.release_cost(event.run_id, event.attempt, rest):
            self.runs.release_cost(event.run_id, self.runs.get(event.run_id).attempt, rest - committed)


def unspent(committed: Decimal, usage: Usage | None) -> Decimal:
    """Return the unspent part of a call's commitment, in USD.

    All of it is unspent if the call was not paid (``usage`` is ``None``), and none of it if the cost is unknown.
    """
    if usage is None:
        return committed
    return Decimal(0) if usage.unpriced_calls else committed - usage.cost_usd
