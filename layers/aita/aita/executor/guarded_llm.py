"""Guard around a model in process, which may be the caller's own implementation."""

import asyncio
import logging
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from operator import attrgetter

from aita.errors import AitaError, ProviderBusy, TaskError
from aita.models.effort import ReasoningEffort
from aita.models.rate_limits import Rates
from aita.models.run import UNPRICED_CALL, Usage
from aita.ports import LLM, Reply, TokenUsage
from aita.services.calls.model_identity import defaults_of, effort_of
from aita.tasks.request import LLMRequest, Parameters

logger = logging.getLogger(__name__)

FOREIGN = (Exception, SystemExit, GeneratorExit, asyncio.CancelledError)
"""What the caller's own code may raise at the cost of one task; a KeyboardInterrupt ends the batch."""


@dataclass(eq=False, slots=True)
class GuardedLLM:
    """Model whose unforeseen exceptions fail only their task: it may be the caller's own implementation.

    A batch has one. Its identity is the model's when the batch begins.
    """

    llm: LLM
    provider: str = field(init=False)
    model: str = field(init=False)
    reasoning_effort: ReasoningEffort = field(init=False)
    defaults: Parameters = field(init=False)

    def __post_init__(self) -> None:
        self.provider, self.model = self.llm.provider, self.llm.model
        self.reasoning_effort, self.defaults = effort_of(self.llm), defaults_of(self.llm)

    def complete(self, request: LLMRequest, images: Mapping[str, bytes]) -> Reply:
        """Make one call.

        Raises
        ------
        TaskError
            For an exception that is none of aita's, a ProviderBusy with a value of a wrong type, and what is no whole
            reply, which may be paid.
        """
        try:
            reply = self.llm.complete(request, images)
        except ProviderBusy as busy:
            _check(busy)
            raise
        except AitaError:
            raise
        except FOREIGN as error:
            raise _unforeseen(error) from error
        if (fault := _fault_of(reply)) is not None:
            wrong = TaskError(f"the llm_client's complete returned {fault}; a Reply needs {_NEEDS}")
            wrong.may_be_paid = True
            raise wrong
        return reply

    def price(self, reply: Reply) -> Usage:
        """Return the tokens and the cost of a reply; of unknown cost if the client can't tell, as the reply is paid."""
        try:
            usage: object = self.llm.price(reply)
        except FOREIGN as error:
            logger.warning("a reply is of unknown cost: the llm_client's price raised %s", type(error).__name__)
            return UNPRICED_CALL
        if not isinstance(usage, Usage):
            logger.warning("a reply is of unknown cost: the llm_client's price returned a %s", type(usage).__name__)
            return UNPRICED_CALL
        if not _is_cost(usage.cost_usd):
            logger.warning("a reply is of unknown cost: the llm_client's price returned %s USD", usage.cost_usd)
            return usage.model_copy(update={"cost_usd": Decimal(0), "unpriced_calls": max(1, usage.calls)})
        return usage

    def highest_cost(self, request: LLMRequest) -> Decimal | None:
        """Return the highest possible cost of a call in USD; ``None`` if the model has no known price.

        Raises
        ------
        TaskError
            For an exception that is none of aita's, and what is no cost.
        """
        highest: Callable[[LLMRequest], object] | None = getattr(self.llm, "highest_cost", None)
        try:
            amount = None if highest is None else highest(request)
        except AitaError:
            raise
        except FOREIGN as error:
            raise TaskError(f"the llm_client's highest_cost raised {type(error).__name__}: {_GIVE}") from error
        if amount is None or (isinstance(amount, Decimal) and _is_cost(amount)):
            return amount
        returned = str(amount) if isinstance(amount, Decimal) else f"a {type(amount).__name__}"
        raise TaskError(f"the llm_client's highest_cost returned {returned}: {_GIVE}")


_GIVE = "a cap needs a Decimal from 0 up, in USD, or None if the price is not known"


def _is_cost(amount: Decimal) -> bool:
    return amount.is_finite() and amount >= 0


_NEEDS = (
    "text, finish_reason and model as str, refusal as bool, latency_ms as int, limits as Rates, and usage as None or a "
    "TokenUsage of counts from 0 up"
)
_TYPES = {"text": str, "finish_reason": str, "model": str, "refusal": bool, "latency_ms": int, "limits": Rates}
_typed = attrgetter(*_TYPES)


def _fault_of(reply: object) -> str | None:
    """Return what is wrong with the type of a reply, without its content; ``None`` if nothing is."""
    if not isinstance(reply, Reply):
        return f"a {type(reply).__name__}"
    values = _typed(reply)
    if not all(map(isinstance, values, _TYPES.values())):
        wrong = dict(zip(_TYPES, values, strict=True))
        name = next(name for name, kind in _TYPES.items() if not isinstance(wrong[name], kind))
        return f"a Reply whose {name} is a {type(wrong[name]).__name__}"
    limits = reply.limits
    if not (_is_number_or_none(limits.requests_per_second) and _is_number_or_none(limits.tokens_per_minute)):
        return "a Reply whose limits are no numbers"
    if reply.usage is not None and not (isinstance(reply.usage, TokenUsage) and _counts(reply.usage)):
        return "a Reply whose usage is wrong"
    return None


def _counts(usage: TokenUsage) -> bool:
    counts = (usage.input_tokens, usage.cached_input_tokens, usage.output_tokens, usage.cache_write_tokens)
    return all(isinstance(count, int) and count >= 0 for count in counts)


def _is_number_or_none(value: object) -> bool:
    if isinstance(value, bool):
        return False
    return value is None or (isinstance(value, int | float) and math.isfinite(value))


def _check(busy: ProviderBusy) -> None:
    for name in ("limited", "timed_out"):
        if not isinstance(getattr(busy, name), bool):
            raise TaskError(f"the llm_client raised a ProviderBusy whose {name} is no bool") from busy
    for name in ("retry_after", "requests_per_second", "tokens_per_minute"):
        if not _is_number_or_none(getattr(busy, name)):
            raise TaskError(f"the llm_client raised a ProviderBusy whose {name} is no finite number") from busy


def _unforeseen(error: BaseException) -> TaskError:
    return TaskError(f"the llm_client raised {type(error).__name__}, which is no error of aita's")
