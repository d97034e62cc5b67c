"""Model of Amazon Bedrock, called by the credentials of AWS instead of an API key."""

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

from aita.errors import RefusalError, RunStopped, TaskError
from aita.llm.bedrock_client import BedrockClient
from aita.llm.converse import Abilities, converse_body, read_reply
from aita.llm.price_table import Price
from aita.llm.pricing import highest_cost, usage_of
from aita.models.call_limits import CallLimits
from aita.models.effort import DEFAULT_EFFORT, ReasoningEffort, is_plain
from aita.models.run import Usage
from aita.ports import Reply
from aita.settings import BEDROCK
from aita.tasks.request import LLMRequest
from aita.tasks.tokens import input_tokens

logger = logging.getLogger(__name__)

_NO_LIMITS = CallLimits(seconds={})


@dataclass(slots=True)
class BedrockModel:
    """Model of Amazon Bedrock. It adapts to what its model refuses, once for the object's lifetime.

    Threads may share the object: concurrent calls adapt to the same refusals, which needs no lock.

    Parameters
    ----------
    model
        Id of a model or an inference profile, such as ``us.anthropic.claude-haiku-4-5-20251001-v1:0``.
    now
        Returns seconds.
    reasoning_effort
        Reasoning effort of the run. Converse has no parameter for it that all models take, so it is not sent.
    given_price
        Price of the model's tokens, in place of the table's.
    call_limits
        Time-outs, in place of the client's, and limits of replies' tokens, both by kind of task.
    """

    client: BedrockClient
    model: str
    now: Callable[[], float] = time.monotonic
    reasoning_effort: ReasoningEffort = DEFAULT_EFFORT
    given_price: Price | None = None
    call_limits: CallLimits = _NO_LIMITS
    _abilities: Abilities = field(default_factory=Abilities)

    @property
    def provider(self) -> str:
        """Name of the provider in place of a base URL, whatever the region."""
        return BEDROCK

    def complete(self, request: LLMRequest, images: Mapping[str, bytes]) -> Reply:
        """Make one call; repeat it at once only without what the model refuses.

        Raises
        ------
        ProviderBusy, RunStopped, TaskError
            As ``bedrock_errors.classify`` returns them.
        """
        abilities = self._abilities
        refusals: list[tuple[str, Mapping[str, Any]]] = []
        while True:
            started = self.now()
            body = converse_body(self.model, request, images, self._ceiling(request, abilities), abilities)
            try:
                answer = self.client.converse(body, self.call_limits.timeout(request.kind))
            except RefusalError:
                raise
            except (TaskError, RunStopped) as refusal:
                learned = abilities.learned(refusal.said, body)
                if learned is None:
                    raise
                abilities = learned
                refusals.append((refusal.said, body))
                logger.info("the model refuses the form of a call, which is repeated in another one")
                continue
            latency = round((self.now() - started) * 1000)
            reply = read_reply(answer, self.model, request.parameters.max_reply_characters, latency)
            self._learn(refusals)
            return replace(reply, lacks=self._left_out())

    def _learn(self, refusals: list[tuple[str, Mapping[str, Any]]]) -> None:
        """Learn from the refusals of a call that was answered in the end."""
        for said, body in refusals:
            self._abilities = self._abilities.learned(said, body) or self._abilities
        if refusals:
            logger.info("the model lacks: %s", ", ".join(self._left_out()))

    def price(self, reply: Reply) -> Usage:
        """Return the tokens and the cost of a reply."""
        return usage_of(reply.usage, self.provider, self.model, self.given_price)

    def highest_cost(self, request: LLMRequest) -> Decimal | None:
        """Return the highest possible cost of a call in USD; ``None`` if the model has no known price."""
        return highest_cost(
            input_tokens(request), self._ceiling(request, self._abilities), self.provider, self.model, self.given_price
        )

    def with_model(self, model: str, price: Price | None = None) -> "BedrockModel":
        """Return another model of the same client; it has refusals of its own to learn."""
        return BedrockModel(self.client, model, self.now, self.reasoning_effort, price, self.call_limits)

    def _ceiling(self, request: LLMRequest, abilities: Abilities) -> int:
        """Return the most tokens of a reply: those of the request, of its kind, or as many as the model has."""
        wanted = self.call_limits.reply_tokens(request.kind, request.max_output_tokens)
        most = abilities.ceiling
        return wanted if most is None else min(wanted, most)

    def _left_out(self) -> tuple[str, ...]:
        effort = () if is_plain(self.reasoning_effort) else ("reasoning_effort",)
        return (*effort, *self._abilities.left_out())
