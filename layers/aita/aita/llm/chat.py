"""Model behind the chat completions of an OpenAI-compatible endpoint."""

import base64
import json
import logging
import re
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

import httpx2
import openai

from aita.errors import CallError, RunStopped, TaskError
from aita.llm.completion import Completion, bounded, read_completion, read_stream
from aita.llm.endpoint import Endpoint, http_client
from aita.llm.headers import limits
from aita.llm.price_table import Price
from aita.llm.pricing import highest_cost, usage_of
from aita.llm.provider_errors import classify, refusal_text
from aita.models.effort import EFFORTS, NOT_SENT, ReasoningEffort, room_for_thoughts
from aita.models.file_type import shown_image_ending
from aita.models.names import IMAGE_TYPES
from aita.models.run import Usage
from aita.ports import Reply
from aita.tasks.request import LLMRequest, Message
from aita.tasks.tokens import input_tokens

logger = logging.getLogger(__name__)

RESPONSE_FORMATS = ("json_schema", "json_object", "text")
"""Response formats, from the strictest to the one that every endpoint supports. If one is refused, the next is sent."""

_DISPENSABLE = {
    "temperature": re.compile(r"\btemperature\b", re.IGNORECASE),
    "reasoning_effort": re.compile(
        r"reasoning.?effort|\breasoning (?:is mandatory|value)"
        r"|\bthinking(?:[_ .](?:config|budget|mode)\b| is | can(?:'t|not) be )|\bnot support (?:thinking|reasoning)\b",
        re.IGNORECASE,
    ),
    "stream_options": re.compile(r"\bstream_options\b", re.IGNORECASE),
    "stream": re.compile(r"\bstream(ing)?\b", re.IGNORECASE),
}
"""Parameters that later calls leave out once an endpoint refuses them by name ("upstream" does not name "stream")."""

_encoder = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False)

_MUST_THINK = re.compile(r"mandatory|can(?:'t|not) be disabled|only works in thinking", re.IGNORECASE)
_QUOTED = re.compile(r"['\"`](\w+)['\"`]")


@dataclass(slots=True)
class ChatModel:
    """Model behind chat completions. It adapts to parameters that its endpoint refuses, once for the object's lifetime.

    Threads may share the object: concurrent calls adapt to the same refusals, which needs no lock. A forked process
    gets connections of its own.

    Parameters
    ----------
    client
        openai client. Its ``max_retries`` are not used, as the callers of ``complete`` retry.
    model
        Name of the model.
    forget_key
        Called when the key is refused, so that the next call reads it again.
    now
        Returns seconds.
    reasoning_effort
        Reasoning effort of each call, whose token limit includes room for it.
    given_price
        Price of the model's tokens, in place of the table's.
    """

    client: openai.OpenAI
    model: str
    forget_key: Callable[[], None]
    now: Callable[[], float] = time.monotonic
    reasoning_effort: ReasoningEffort = NOT_SENT
    given_price: Price | None = None
    _format: int = field(default=0)
    _lacks: set[str] = field(default_factory=set)
    _refused_efforts: set[str] = field(default_factory=set)
    _effort: ReasoningEffort | None = None  # sent instead of a refused effort
    _endpoint: Endpoint = field(init=False)

    def __post_init__(self) -> None:
        self._endpoint = Endpoint(self.client, self.model)

    @property
    def provider(self) -> str:
        """Base URL of the endpoint."""
        return self._endpoint.base_url

    def complete(self, request: LLMRequest, images: Mapping[str, bytes]) -> Reply:
        """Make one call; repeat it at once only without a parameter that the endpoint refuses.

        Raises
        ------
        ProviderBusy, RunStopped, TaskError
            As ``failures.classify`` returns them.
        """
        ceiling = self._ceiling(request)
        while True:
            started = self.now()
            arguments = self._arguments(request, images, ceiling)
            try:
                return self._call(arguments, request.parameters.max_reply_characters, started)
            except CallError as error:
                failure, text = error, refusal_text(error)
            except (openai.APIError, httpx2.RequestError) as error:
                failure, text = classify(error), refusal_text(error)
            if self._adapt(text, arguments):
                continue
            if isinstance(failure, RunStopped):
                self.forget_key()
            raise failure from None

    def price(self, reply: Reply) -> Usage:
        """Return the tokens and the cost of a reply."""
        return usage_of(reply.usage, self.provider, self.model, self.given_price)

    def highest_cost(self, request: LLMRequest) -> Decimal | None:
        """Return the highest possible cost of a call in USD; ``None`` if the model has no known price."""
        return highest_cost(input_tokens(request), self._ceiling(request), self.provider, self.model, self.given_price)

    def with_model(self, model: str, price: Price | None = None) -> "ChatModel":
        """Return another model at the same endpoint, over the same connections; it has refusals of its own to learn."""
        return ChatModel(self.client, model, self.forget_key, self.now, self.reasoning_effort, price)

    def _call(self, arguments: dict[str, Any], longest: int | None, started: float) -> Reply:
        seconds = _seconds(self.client.timeout)
        deadline = started + seconds
        response = self._endpoint.post(arguments, _json(arguments), time.monotonic() + seconds)
        try:
            parts = bounded(response.iter_bytes(), lambda: self.now() > deadline)
            completion = _read(parts, response.headers.get("content-type", ""), longest, streamed="stream" in arguments)
        finally:
            response.close()
        return Reply(
            text=completion.text,
            finish_reason=completion.finish_reason,
            refusal=completion.refusal,
            model=completion.model,
            usage=completion.usage,
            latency_ms=round((self.now() - started) * 1000),
            limits=limits(response.headers),
            lacks=self._left_out(),
        )

    def _arguments(self, request: LLMRequest, images: Mapping[str, bytes], ceiling: int) -> dict[str, Any]:
        arguments: dict[str, Any] = {
            "model": self.model,
            "messages": [_message(message, images) for message in request.sent],
            "max_completion_tokens": ceiling,
        }
        if "temperature" not in self._lacks:
            arguments["temperature"] = request.temperature
        if self.reasoning_effort != NOT_SENT and "reasoning_effort" not in self._lacks:
            arguments["reasoning_effort"] = self._effort or self.reasoning_effort
        if request.parameters.max_reply_characters is not None and "stream" not in self._lacks:
            arguments["stream"] = True
            if "stream_options" not in self._lacks:
                arguments["stream_options"] = {"include_usage": True}
        if request.schema is None:
            return arguments
        match RESPONSE_FORMATS[self._format]:
            case "json_schema":
                schema = {"name": request.schema_name, "schema": request.schema, "strict": True}
                arguments["response_format"] = {"type": "json_schema", "json_schema": schema}
            case "json_object":
                arguments["response_format"] = {"type": "json_object"}
        return arguments

    def _adapt(self, text: str, arguments: Mapping[str, Any]) -> bool:
        """Leave out or replace the parameter that a refusal names; return whether the call can be repeated.

        The refusal is compared with the arguments of its own call, not with the present state: of several concurrent
        calls each is refused in the same way, and each is repeated.
        """
        for name, pattern in _DISPENSABLE.items():
            if name in arguments and pattern.search(text):
                if name == "reasoning_effort" and self._replace_effort(arguments[name], text):
                    return True
                self._lacks.add(name)
                logger.info("the endpoint lacks %s: now without it", name)
                return True
        form = arguments.get("response_format")
        if form is not None and ("response_format" in text or "json_schema" in text):
            self._format = max(self._format, RESPONSE_FORMATS.index(form["type"]) + 1)
            logger.info(
                "the endpoint lacks the response format %s: now %s", form["type"], RESPONSE_FORMATS[self._format]
            )
            return True
        return False

    def _replace_effort(self, refused: str, text: str) -> bool:
        """Replace a refused reasoning effort by the nearest one that the model accepts; return whether there is one.

        The refusal names the accepted efforts, or says that the model must reason. Leaving the effort out comes last,
        as a model then uses its default, which is more than none or little.
        """
        self._refused_efforts.add(refused)
        quoted = EFFORTS if _MUST_THINK.search(text) else _QUOTED.findall(text)
        named = [effort for effort in EFFORTS if effort in quoted and effort not in self._refused_efforts]
        if not named:
            return False
        wanted = EFFORTS.index(self.reasoning_effort)
        self._effort = min(named, key=lambda each: abs(EFFORTS.index(each) - wanted))
        logger.info("the endpoint lacks the reasoning effort %s: now %s", refused, self._effort)
        return True

    def _ceiling(self, request: LLMRequest) -> int:
        """Return the token limit of a reply, reasoning included.

        A replaced effort counts from the next call on, as this much was committed for the present one.
        """
        return request.max_output_tokens + room_for_thoughts(self._effort or self.reasoning_effort)

    def _left_out(self) -> tuple[str, ...]:
        """Return the refused parameters, efforts and response formats."""
        efforts = {f"reasoning_effort {effort}" for effort in self._refused_efforts}
        if "reasoning_effort" in self._lacks:
            efforts.clear()
        return (*sorted(self._lacks | efforts), *RESPONSE_FORMATS[: self._format])


def _read(parts: Iterator[bytes], content_type: str, longest: int | None, *, streamed: bool) -> Completion:
    form = content_type.lower()
    if streamed and longest is not None and "json" not in form and "html" not in form:
        return read_stream(parts, longest)
    completion = read_completion(b"".join(parts), form)
    if longest is not None and len(completion.text) > longest:  # from an endpoint that does not stream
        return replace(completion, finish_reason="length")
    return completion


def _json(arguments: dict[str, Any]) -> bytes:
    """Return a request's body.

    Raises
    ------
    TaskError
        If the arguments hold an unpaired surrogate, or a number that JSON does not have.
    """
    try:
        return _encoder.encode(arguments).encode()
    except ValueError:
        raise TaskError("the prompt holds half a character, or a parameter is no number") from None


def _message(message: Message, images: Mapping[str, bytes]) -> dict[str, Any]:
    if not message.images:
        return {"role": message.role, "content": message.text}
    parts: list[dict[str, Any]] = [
        {"type": "image_url", "image_url": {"url": _data_url(images[image.sha256]), "detail": "high"}}
        for image in message.images
    ]
    return {"role": message.role, "content": [*parts, {"type": "text", "text": message.text}]}


def _data_url(image: bytes) -> str:
    """Return an image as a data URL.

    Raises
    ------
    TaskError
        If models do not accept the image's format.
    """
    content_type = IMAGE_TYPES[shown_image_ending(image)]
    return f"data:{content_type};base64,{base64.b64encode(image).decode()}"


def _seconds(timeout: object) -> float:
    read = timeout.read if isinstance(timeout, httpx2.Timeout) else timeout
    return float(read) if isinstance(read, int | float) else float("inf")


def connect(base_url: str, api_key: Callable[[], str], timeout: float) -> openai.OpenAI:
    """Return a client without retries.

    Parameters
    ----------
    api_key
        Returns the key; called before each call.
    timeout
        Time-out of one call, in seconds.
    """
    http = http_client(base_url, timeout)
    return openai.OpenAI(base_url=base_url, api_key=api_key, timeout=timeout, max_retries=0, http_client=http)
