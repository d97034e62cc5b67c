"""Router of an executor's requests: to the model that a request names, and with the executor's parameters."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal

from aita.errors import TaskError
from aita.forks import renew_in_children
from aita.models.effort import ReasoningEffort
from aita.models.run import Usage
from aita.ports import LLM, Reply
from aita.services.calls.model_identity import effort_of
from aita.tasks.request import DEFAULT_MAX_OUTPUT_TOKENS, DEFAULT_TEMPERATURE, LLMRequest, Parameters


@dataclass(eq=False)
class ModelRouter:
    """Models at one endpoint, as one ``LLM``. Threads may share it.

    Parameters
    ----------
    llm
        Model of the requests that name none.
    defaults
        Temperature and limit of tokens of the requests that have none.
    choose
        Returns the model of a name; ``None`` if the client has one model only.
    """

    llm: LLM
    defaults: Parameters = field(default_factory=Parameters)
    choose: Callable[[str], LLM] | None = None
    _chosen: dict[str, LLM] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        # Whole, so that a client never sees a request without them.
        own = Parameters(temperature=DEFAULT_TEMPERATURE, max_output_tokens=DEFAULT_MAX_OUTPUT_TOKENS)
        self.defaults = self.defaults.over(own)
        renew_in_children(self, type(self)._renew)

    @property
    def provider(self) -> str:
        """Base URL of the endpoint."""
        return self.llm.provider

    @property
    def model(self) -> str:
        """Name of the model of the requests that name none."""
        return self.llm.model

    @property
    def reasoning_effort(self) -> ReasoningEffort:
        """Reasoning effort of the models."""
        return effort_of(self.llm)

    def complete(self, request: LLMRequest, images: Mapping[str, bytes]) -> Reply:
        """Make one call of the request's model.

        Raises
        ------
        ProviderBusy, RunStopped, TaskError
            As the model raises them; TaskError also if the client has one model only and the request names another, or
            if a message can't be sent.
        """
        request.check_text()
        name = request.parameters.model
        reply = self._model(name).complete(self._whole(request), images)
        return replace(reply, asked=name) if name else reply

    def price(self, reply: Reply) -> Usage:
        """Return the tokens and the cost of a reply."""
        return self._model(reply.asked).price(reply)

    def highest_cost(self, request: LLMRequest) -> Decimal | None:
        """Return the highest possible cost of a call in USD; ``None`` if the executor's model has no known price.

        Raises
        ------
        TaskError
            If the request names another model, whose price is unknown.
        """
        name = request.parameters.model
        highest: Callable[[LLMRequest], Decimal | None] | None = getattr(self._model(name), "highest_cost", None)
        amount = None if highest is None else highest(self._whole(request))
        if amount is None and name not in ("", self.model):
            raise TaskError(
                f"the price of {name} is not known, so the batch's cap can't be kept: give create_executor its prices"
            )
        return amount

    def _whole(self, request: LLMRequest) -> LLMRequest:
        whole = request.parameters.over(self.defaults)
        return request if whole is request.parameters else replace(request, parameters=whole)

    def _model(self, name: str) -> LLM:
        if name in ("", self.llm.model):
            return self.llm
        if self.choose is None:
            raise TaskError(
                f"the llm_client has the model {self.model} alone: leave the task's model out, or give the client a "
                "with_model(name)"
            )
        with self._lock:
            if name not in self._chosen:
                self._chosen[name] = self.choose(name)
            return self._chosen[name]

    def _renew(self) -> None:
        self._lock = threading.Lock()
