"""Chat completions of any OpenAI-compatible endpoint."""

import base64
import json
import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import openai

from aita.errors import ProviderBusy, RunStopped, TaskError
from aita.llm.failures import NO_COMPLETION, classify
from aita.llm.pricing import usage_of
from aita.models.run import Usage
from aita.services.protocols import Reply, TokenUsage
from aita.tasks.request import LLMRequest, Message

logger = logging.getLogger(__name__)

RESPONSE_FORMATS = ("json_schema", "json_object", "text")
"""From the strictest to what every server has; an endpoint that lacks one is asked with the next from then on."""


@dataclass(slots=True)
class ChatModel:
    """A model behind chat completions. What its endpoint lacks is learnt once and kept for the object's lifetime.

    Parameters
    ----------
    client
        An openai client with ``max_retries=0``: a failure's owner is the state machine.
    model
        The model's name.
    forget_key
        Called when the key was refused, so that one that is set anew is read anew.
    """

    client: openai.OpenAI
    model: str
    forget_key: Callable[[], None]
    now: Callable[[], float] = time.monotonic
    _format: int = field(default=0)
    _takes_temperature: bool = field(default=True)

    @property
    def provider(self) -> str:
        """The endpoint's base URL."""
        return str(self.client.base_url).rstrip("/")

    def complete(self, request: LLMRequest, images: Mapping[str, bytes]) -> Reply:
        """Make one call and return the reply as it came.

        Raises
        ------
        ProviderBusy, RunStopped, TaskError
            As ``failures.classify`` says.
        """
        while True:
            started = self.now()
            try:
                completion = self.client.chat.completions.create(**self._arguments(request, images))
            except openai.APIError as error:
                if isinstance(error, openai.APIStatusError) and self._learns(error):
                    continue
                failure = classify(error)
            except (json.JSONDecodeError, UnicodeDecodeError):  # a body that says it is JSON, and is not
                failure = ProviderBusy("the provider's answer was cut off")
            else:
                return _reply(completion, round((self.now() - started) * 1000))
            if isinstance(failure, RunStopped):
                self.forget_key()
            raise failure from None

    def price(self, reply: Reply) -> Usage:
        """Return what the reply used and cost."""
        return usage_of(reply.usage, self.provider, self.model)

    def _arguments(self, request: LLMRequest, images: Mapping[str, bytes]) -> dict[str, Any]:
        arguments: dict[str, Any] = {
            "model": self.model,
            "messages": [_message(message, images) for message in request.messages],
            "max_completion_tokens": request.parameters.max_output_tokens,
        }
        if self._takes_temperature:
            arguments["temperature"] = request.parameters.temperature
        match RESPONSE_FORMATS[self._format]:
            case "json_schema":
                schema = {"name": request.schema_name, "schema": request.schema, "strict": True}
                arguments["response_format"] = {"type": "json_schema", "json_schema": schema}
            case "json_object":
                arguments["response_format"] = {"type": "json_object"}
        return arguments

    def _learns(self, error: openai.APIStatusError) -> bool:
        """Tell whether the refusal was about something the endpoint lacks and the next call does without."""
        if not isinstance(error, openai.BadRequestError | openai.UnprocessableEntityError):
            return False
        told = f"{error.param} {error.message}"
        if self._takes_temperature and "temperature" in told:
            self._takes_temperature = False
        elif self._format + 1 < len(RESPONSE_FORMATS) and ("response_format" in told or "json_schema" in told):
            self._format += 1
        else:
            return False
        logger.info("the endpoint lacks what was asked: now %s", RESPONSE_FORMATS[self._format])
        return True


def _message(message: Message, images: Mapping[str, bytes]) -> dict[str, Any]:
    if not message.images:
        return {"role": message.role, "content": message.text}
    parts: list[dict[str, Any]] = [
        {"type": "image_url", "image_url": {"url": _data_url(images[image.sha256]), "detail": "high"}}
        for image in message.images
    ]
    return {"role": message.role, "content": [*parts, {"type": "text", "text": message.text}]}


def _data_url(jpeg: bytes) -> str:
    return f"data:image/jpeg;base64,{base64.b64encode(jpeg).decode()}"


def _reply(completion: Any, latency_ms: int) -> Reply:
    if getattr(completion, "error", None):  # as gateways say that who is behind them failed
        raise ProviderBusy("the provider answered with an error instead of a reply")
    if not getattr(completion, "choices", None) or completion.choices[0].message is None:
        raise TaskError(NO_COMPLETION)
    choice = completion.choices[0]
    content = choice.message.content
    return Reply(
        text=content.encode("utf-8", "replace").decode() if isinstance(content, str) else "",  # no lone surrogates
        finish_reason=choice.finish_reason or "",
        refusal=bool(choice.message.refusal),
        model=completion.model or "",
        usage=_tokens(completion.usage),
        latency_ms=latency_ms,
    )


def _tokens(usage: Any) -> TokenUsage | None:
    if usage is None or usage.prompt_tokens is None or usage.completion_tokens is None:
        return None
    details = usage.prompt_tokens_details
    return TokenUsage(
        input_tokens=usage.prompt_tokens,
        cached_input_tokens=min((details and details.cached_tokens) or 0, usage.prompt_tokens),
        output_tokens=usage.completion_tokens,
    )


def connect(base_url: str, api_key: Callable[[], str], timeout: float) -> openai.OpenAI:
    """Return a client that never retries by itself; the key is asked for before each call.

    Parameters
    ----------
    timeout
        Seconds that one call may take.
    """
    return openai.OpenAI(base_url=base_url, api_key=api_key, timeout=timeout, max_retries=0)
