"""Guard around a model in process, which may be the caller's own implementation."""

import asyncio
import logging
import math
from collections.abc import Mapping
from dataclasses import dataclass

from aita.errors import AitaError, ProviderBusy, TaskError
from aita.models.rate_limits import Rates
from aita.models.run import UNPRICED_CALL, Usage
from aita.ports import LLM, Reply, TokenUsage
from aita.services.calls.model_identity import SameModel, defaults_of
from aita.tasks.request import LLMRequest, Parameters

logger = logging.getLogger(__name__)

FOREIGN = (Exception, SystemExit, GeneratorExit, asyncio.CancelledError)
"""What the caller's own code may raise at the cost of one task; a KeyboardInterrupt ends the batch."""


@dataclass(frozen=True, slots=True)
class GuardedLLM(SameModel):
    """Model whose unforeseen exceptions fail only their task: it may be the caller's own implementation."""

    llm: LLM

    @property
    def defaults(self) -> Parameters:
        """Parameters of the requests that have none, which belong to the model's identity."""
        return defaults_of(self.llm)

    def complete(self, request: LLMRequest, images: Mapping[str, bytes]) -> Reply:
        """Make one call.

        Raises
        ------
        TaskError
            For an exception that is none of aita's, a ProviderBusy with what is no number, and what is no whole reply,
            which may be paid.
        """
        try:
            reply = self.llm.complete(request, images)
        except ProviderBusy as busy:
            _check_numbers(busy)
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
        return usage


_NEEDS = (
    "text, finish_reason and model as str, refusal as bool, latency_ms as int, limits as Rates, and usage as None or a "
    "TokenUsage of counts from 0 up"
)
_TYPES = {"text": str, "finish_reason": str, "model": str, "refusal": bool, "latency_ms": int, "limits": Rates}


def _fault_of(reply: object) -> str | None:
    """Return what is wrong with the type of a reply, without its content; ``None`` if nothing is."""
    if not isinstance(reply, Reply):
        return f"a {type(reply).__name__}"
    for name, kind in _TYPES.items():
        if not isinstance(value := getattr(reply, name), kind):
            return f"a Reply whose {name} is a {type(value).__name__}"
    if not all(map(_is_number_or_none, (reply.limits.requests_per_second, reply.limits.tokens_per_minute))):
        return "a Reply whose limits are no numbers"
    if reply.usage is not None and not (isinstance(reply.usage, TokenUsage) and _counts(reply.usage)):
        return "a Reply whose usage is wrong"
    return None


def _counts(usage: TokenUsage) -> bool:
    counts = (usage.input_tokens, usage.cached_input_tokens, usage.output_tokens, usage.cache_write_tokens)
    return all(isinstance(count, int) and count >= 0 for count in counts)


def _is_number_or_none(value: object) -> bool:
    return value is None or (isinstance(value, int | float) and math.isfinite(value))


def _check_numbers(busy: ProviderBusy) -> None:
    for name in ("retry_after", "requests_per_second", "tokens_per_minute"):
        if not _is_number_or_none(getattr(busy, name)):
            raise TaskError(f"the llm_client raised a ProviderBusy whose {name} is no finite number") from busy


def _unforeseen(error: BaseException) -> TaskError:
    return TaskError(f"the llm_client raised {type(error).__name__}, which is no error of aita's")
