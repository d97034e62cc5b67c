"""Chat completions of any OpenAI-compatible endpoint."""

import base64
import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx2
import openai

from aita.errors import ProviderBusy, RunStopped, TaskError
from aita.llm.completion import read_completion, read_stream
from aita.llm.failures import classify
from aita.llm.headers import limits
from aita.llm.pricing import usage_of
from aita.models.run import Usage
from aita.services.protocols import Reply
from aita.tasks.request import LLMRequest, Message

logger = logging.getLogger(__name__)

RESPONSE_FORMATS = ("json_schema", "json_object", "text")
"""From the strictest to what every server has; an endpoint that lacks one is asked with the next from then on."""

_DISPENSABLE = ("temperature", "stream_options", "stream")
"""What an endpoint that refuses it by name is asked without from then on."""

_SIGNATURES = {b"\xff\xd8\xff": "jpeg", b"\x89PNG\r\n\x1a\n": "png", b"GIF8": "gif", b"RIFF": "webp"}


@dataclass(slots=True)
class ChatModel:
    """A model behind chat completions. What its endpoint lacks is learnt once and kept for the object's lifetime.

    It may be called from many threads: two that learn the same at once do no harm.

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
    _lacks: set[str] = field(default_factory=set)

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
                return self._call(request, images, started)
            except openai.APIError as error:
                if isinstance(error, openai.APIStatusError) and self._learns(error):
                    continue
                failure = classify(error)
            except httpx2.TransportError:  # while a stream was read
                failure = ProviderBusy("the provider's answer was cut off")
            if isinstance(failure, RunStopped):
                self.forget_key()
            raise failure from None

    def price(self, reply: Reply) -> Usage:
        """Return what the reply used and cost."""
        return usage_of(reply.usage, self.provider, self.model)

    def _call(self, request: LLMRequest, images: Mapping[str, bytes], started: float) -> Reply:
        """Post the request and read the answer without openai's typed layer, which costs more than all the rest."""
        longest = request.parameters.max_reply_characters
        streamed = longest is not None and "stream" not in self._lacks
        arguments = self._arguments(request, images)
        if streamed:
            arguments["stream"] = True
            if "stream_options" not in self._lacks:
                arguments["stream_options"] = {"include_usage": True}
        response = self.client.post("/chat/completions", cast_to=httpx2.Response, body=arguments, stream=streamed)
        try:
            if streamed and longest is not None:
                deadline = started + _seconds(self.client.timeout)
                completion = read_stream(response.iter_lines(), longest, lambda: self.now() > deadline)
            else:
                completion = read_completion(response.content, response.headers.get("content-type", ""))
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
        )

    def _arguments(self, request: LLMRequest, images: Mapping[str, bytes]) -> dict[str, Any]:
        arguments: dict[str, Any] = {
            "model": self.model,
            "messages": [_message(message, images) for message in request.messages],
            "max_completion_tokens": request.parameters.max_output_tokens,
        }
        if "temperature" not in self._lacks:
            arguments["temperature"] = request.parameters.temperature
        if request.schema is None:
            return arguments
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
        for name in _DISPENSABLE:
            if name in told and name not in self._lacks:
                self._lacks.add(name)
                logger.info("the endpoint lacks %s: now without it", name)
                return True
        if self._format + 1 < len(RESPONSE_FORMATS) and ("response_format" in told or "json_schema" in told):
            self._format += 1
            logger.info("the endpoint lacks what was asked: now %s", RESPONSE_FORMATS[self._format])
            return True
        return False


def _message(message: Message, images: Mapping[str, bytes]) -> dict[str, Any]:
    if not message.images:
        return {"role": message.role, "content": message.text}
    parts: list[dict[str, Any]] = [
        {"type": "image_url", "image_url": {"url": _data_url(images[image.sha256]), "detail": "high"}}
        for image in message.images
    ]
    return {"role": message.role, "content": [*parts, {"type": "text", "text": message.text}]}


def _data_url(image: bytes) -> str:
    """Return an image as a URL.

    Raises
    ------
    TaskError
        If it is of no format that models take.
    """
    kind = next((kind for start, kind in _SIGNATURES.items() if image.startswith(start)), None)
    if kind == "webp" and image[8:12] != b"WEBP":
        kind = None
    if kind is None:
        raise TaskError("an image of this task is neither JPEG, PNG, GIF nor WebP")
    return f"data:image/{kind};base64,{base64.b64encode(image).decode()}"


def _seconds(timeout: object) -> float:
    read = timeout.read if isinstance(timeout, httpx2.Timeout) else timeout
    return float(read) if isinstance(read, int | float) else float("inf")


def connect(base_url: str, api_key: Callable[[], str], timeout: float, connections: int | None = None) -> openai.OpenAI:
    """Return a client that never retries by itself; the key is asked for before each call.

    Parameters
    ----------
    timeout
        Seconds that one call may take.
    connections
        How many calls are made at once, where that is more than openai keeps connections for (100).
    """
    http = None
    if connections is not None:
        limit = httpx2.Limits(max_connections=connections, max_keepalive_connections=connections)
        http = openai.DefaultHttpxClient(base_url=base_url, timeout=timeout, limits=limit)
    return openai.OpenAI(base_url=base_url, api_key=api_key, timeout=timeout, max_retries=0, http_client=http)
