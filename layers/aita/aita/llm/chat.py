"""Chat completions of any OpenAI-compatible endpoint."""

import base64
import json
import logging
import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

import httpx2
import openai

from aita.errors import CallError, RunStopped, TaskError
from aita.forks import renew_in_children
from aita.llm.completion import Completion, bounded, read_completion, read_stream
from aita.llm.connections import forget_connections, http_client
from aita.llm.failures import BAD_KEY, classify, refusal_text
from aita.llm.headers import limits
from aita.llm.pricing import highest_cost, usage_of
from aita.models.effort import EFFORTS, NOT_SENT, ReasoningEffort, room_for_thoughts
from aita.models.run import Usage
from aita.ports import Reply
from aita.tasks.request import LLMRequest, Message
from aita.tasks.tokens import input_tokens

logger = logging.getLogger(__name__)

RESPONSE_FORMATS = ("json_schema", "json_object", "text")
"""From the strictest to what every server has; an endpoint that lacks one is asked with the next from then on."""

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
"""What an endpoint that refuses it by name is asked without from then on; "upstream" is no such name."""

_MUST_THINK = re.compile(r"mandatory|can(?:'t|not) be disabled|only works in thinking", re.IGNORECASE)
_QUOTED = re.compile(r"['\"`](\w+)['\"`]")

_SIGNATURES = {b"\xff\xd8\xff": "jpeg", b"\x89PNG\r\n\x1a\n": "png", b"GIF8": "gif", b"RIFF": "webp"}


@dataclass(slots=True)
class ChatModel:
    """A model behind chat completions. What its endpoint lacks is learnt once and kept for the object's lifetime.

    It may be called from many threads: what they learn at once is the same, and is kept without a lock. A process that
    is forked has connections of its own.

    Parameters
    ----------
    client
        An openai client with ``max_retries=0``: a failure's owner is the state machine.
    model
        The model's name.
    forget_key
        Called when the key was refused, so that one that is set anew is read anew.
    reasoning_effort
        How long the model is to think; each call has room for that beside its reply.
    """

    client: openai.OpenAI
    model: str
    forget_key: Callable[[], None]
    now: Callable[[], float] = time.monotonic
    reasoning_effort: ReasoningEffort = NOT_SENT
    _format: int = field(default=0)
    _lacks: set[str] = field(default_factory=set)
    _refused_efforts: set[str] = field(default_factory=set)
    _effort: ReasoningEffort | None = None  # what is sent instead of one that was refused

    def __post_init__(self) -> None:
        renew_in_children(self.client._client, forget_connections)  # openai shows it nowhere else

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
        ceiling = self._ceiling(request)
        while True:
            started = self.now()
            arguments = self._arguments(request, images, ceiling)
            try:
                return self._call(arguments, request.parameters.max_reply_characters, started)
            except CallError as error:
                failure, wrong = error, refusal_text(error)
            except (openai.APIError, httpx2.RequestError) as error:
                failure, wrong = classify(error), refusal_text(error)
            if self._learns(wrong, arguments):
                continue
            if isinstance(failure, RunStopped):
                self.forget_key()
            raise failure from None

    def price(self, reply: Reply) -> Usage:
        """Return what the reply used and cost."""
        return usage_of(reply.usage, self.provider, self.model)

    def highest_cost(self, request: LLMRequest) -> Decimal | None:
        """Return the most that a call can cost in USD; ``None`` if the model has no known price."""
        return highest_cost(input_tokens(request), self._ceiling(request), self.provider, self.model)

    def _call(self, arguments: dict[str, Any], longest: int | None, started: float) -> Reply:
        deadline = started + _seconds(self.client.timeout)
        response = self._post(_json(arguments))
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
            lacks=self._told_to_lack(),
        )

    def _post(self, body: bytes) -> httpx2.Response:
        """Return the answer with its body still to be read.

        It leaves out openai's typed layer, which costs more than all the rest of a call; and it reads in pieces,
        as openai would take a body of any size and wait for any number of its pieces.
        """
        with suppress(TypeError, UnicodeEncodeError):  # for no key, and for one that fits no header
            return self.client.post("/chat/completions", cast_to=httpx2.Response, content=body, stream=True)
        raise RunStopped(BAD_KEY)

    def _arguments(self, request: LLMRequest, images: Mapping[str, bytes], ceiling: int) -> dict[str, Any]:
        arguments: dict[str, Any] = {
            "model": self.model,
            "messages": [_message(message, images) for message in request.sent],
            "max_completion_tokens": ceiling,
        }
        if "temperature" not in self._lacks:
            arguments["temperature"] = request.parameters.temperature
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

    def _learns(self, wrong: str, asked: Mapping[str, Any]) -> bool:
        """Tell whether a refusal was about something the endpoint lacks and the next call does without.

        It goes by what this call had asked for, not by what is known by now: of many calls under way each is
        refused the same, and each is made again.
        """
        for name, pattern in _DISPENSABLE.items():
            if name in asked and pattern.search(wrong):
                if name == "reasoning_effort" and self._takes_another(asked[name], wrong):
                    return True
                self._lacks.add(name)
                logger.info("the endpoint lacks %s: now without it", name)
                return True
        form = asked.get("response_format")
        if form is not None and ("response_format" in wrong or "json_schema" in wrong):
            self._format = max(self._format, RESPONSE_FORMATS.index(form["type"]) + 1)
            logger.info("the endpoint lacks what was asked: now %s", RESPONSE_FORMATS[self._format])
            return True
        return False

    def _takes_another(self, refused: str, wrong: str) -> bool:
        """Tell whether a refusal of a reasoning effort leaves others that the model takes: the nearest is sent now.

        It names them, or says that the model must think. Left out, a model thinks as long as it does by default, which
        is longer than none or little.
        """
        self._refused_efforts.add(refused)
        quoted = EFFORTS if _MUST_THINK.search(wrong) else _QUOTED.findall(wrong)
        named = [effort for effort in EFFORTS if effort in quoted and effort not in self._refused_efforts]
        if not named:
            return False
        wanted = EFFORTS.index(self.reasoning_effort)
        self._effort = min(named, key=lambda each: abs(EFFORTS.index(each) - wanted))
        logger.info("the endpoint lacks the reasoning effort %s: now %s", refused, self._effort)
        return True

    def _ceiling(self, request: LLMRequest) -> int:
        """Return how many tokens a reply may take with the thoughts before it.

        An effort that is learnt counts from the next call on: the call that learns it has this much set aside.
        """
        return request.parameters.max_output_tokens + room_for_thoughts(self._effort or self.reasoning_effort)

    def _told_to_lack(self) -> tuple[str, ...]:
        efforts = {f"reasoning_effort {effort}" for effort in self._refused_efforts}
        if "reasoning_effort" in self._lacks:
            efforts.clear()
        return (*sorted(self._lacks | efforts), *RESPONSE_FORMATS[: self._format])


def _read(parts: Iterator[bytes], content_type: str, longest: int | None, *, streamed: bool) -> Completion:
    form = content_type.lower()
    if streamed and longest is not None and "json" not in form and "html" not in form:
        return read_stream(parts, longest)
    completion = read_completion(b"".join(parts), form)
    if longest is not None and len(completion.text) > longest:  # of an endpoint that does not stream
        return replace(completion, finish_reason="length")
    return completion


def _json(arguments: dict[str, Any]) -> bytes:
    """Return a request's body.

    Raises
    ------
    TaskError
        If there is half a character in it, or a number that JSON does not have.
    """
    try:
        return json.dumps(arguments, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()
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
        How many calls threads make at once; ``None`` has openai's own pool.
    """
    http = None if connections is None else http_client(base_url, timeout, connections)
    return openai.OpenAI(base_url=base_url, api_key=api_key, timeout=timeout, max_retries=0, http_client=http)
