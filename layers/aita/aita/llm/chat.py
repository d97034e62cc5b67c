"""Model behind the chat completions of an OpenAI-compatible endpoint."""

import json
import logging
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

import httpx2
import openai

from aita.errors import CallError, RefusalError, RunStopped, TaskError
from aita.llm.arguments import arguments_of, parts_of
from aita.llm.completion import Completion, bounded, read_completion, read_stream
from aita.llm.dialect import RESPONSE_FORMATS as RESPONSE_FORMATS  # noqa: PLC0414 - with the model whose they are
from aita.llm.dialect import Dialect, Form
from aita.llm.endpoint import Endpoint, http_client
from aita.llm.headers import limits
from aita.llm.price_table import Price
from aita.llm.pricing import highest_cost, usage_of
from aita.llm.provider_errors import classify, embedded_error
from aita.llm.quotes import without_quotes
from aita.llm.refusal_text import no_eyes, refusal_text
from aita.llm.refused import says_no_eyes
from aita.llm.response_body import whole_body
from aita.models.call_limits import CallLimits
from aita.models.effort import NOT_SENT, ReasoningEffort
from aita.models.run import Usage
from aita.ports import Reply
from aita.tasks.request import LLMRequest
from aita.tasks.tokens import input_tokens

logger = logging.getLogger(__name__)

_NO_LIMITS = CallLimits(seconds={})
_encoder = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False)


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
    call_limits
        Time-outs, in place of the client's, and limits of replies' tokens, both by kind of task.
    """

    client: openai.OpenAI
    model: str
    forget_key: Callable[[], None]
    now: Callable[[], float] = time.monotonic
    reasoning_effort: ReasoningEffort = NOT_SENT
    given_price: Price | None = None
    call_limits: CallLimits = _NO_LIMITS
    _format: int = 0  # of ``RESPONSE_FORMATS``, the first that is sent
    _dialect: Dialect = field(init=False)
    _endpoint: Endpoint = field(init=False)

    def __post_init__(self) -> None:
        self._dialect = Dialect(self.reasoning_effort, self._format, self.call_limits)
        self._endpoint = Endpoint(self.client, self.model)

    @property
    def provider(self) -> str:
        """Base URL of the endpoint."""
        return self._endpoint.base_url

    def complete(self, request: LLMRequest, images: Mapping[str, bytes]) -> Reply:
        """Make one call; repeat it at once only in a form that the endpoint takes, if it refuses this one.

        Raises
        ------
        ProviderBusy, RunStopped, TaskError
            As ``provider_errors.classify`` returns them; RunStopped also if the model takes no pictures.
        """
        form = self._dialect.first_form(request)
        adapting: Dialect | None = None
        refusals: list[tuple[str, Form, set[str]]] = []
        while True:
            started = self.now()
            arguments = arguments_of(self.model, request, images, form)
            try:
                reply = self._call(request, arguments, started)
            except CallError as error:
                failure = _unquoted(error, request)
                text = refusal_text(failure)
            except (openai.APIError, httpx2.RequestError) as error:
                if isinstance(error, openai.APIStatusError):
                    error.body = without_quotes(whole_body(error), _prompt(request))
                failure, text = classify(error), refusal_text(error)
            else:
                self._learn(refusals, form, request)
                lacks = self._dialect.left_out(form, request)
                return replace(reply, lacks=lacks) if lacks else reply
            refusal = text, form, parts_of(arguments)
            is_of_input = isinstance(failure, RefusalError)
            if text and not is_of_input:
                adapting = adapting or self._dialect.copy()
                adapted = adapting.adapt(text, form, request, refusal[2])
                if adapted is not None:
                    logger.info("the endpoint refuses the form of a call, which is repeated in another one")
                    refusals.append(refusal)
                    form = adapted
                    continue
            if request.has_images and not is_of_input and says_no_eyes(text):
                failure = no_eyes(failure, seen=self._dialect.sees)
            if isinstance(failure, RunStopped):
                self.forget_key()
            raise failure from None

    def body(self, request: LLMRequest, images: Mapping[str, bytes]) -> dict[str, Any]:
        """Return the body of a call as it would be sent now, not streamed.

        Raises
        ------
        TaskError
            If models do not accept an image's format.
        """
        arguments = arguments_of(self.model, request, images, self._dialect.first_form(request))
        return {name: value for name, value in arguments.items() if name not in ("stream", "stream_options")}

    def price(self, reply: Reply) -> Usage:
        """Return the tokens and the cost of a reply."""
        return usage_of(reply.usage, self.provider, self.model, self.given_price)

    def highest_cost(self, request: LLMRequest) -> Decimal | None:
        """Return the highest possible cost of a call in USD; ``None`` if the model has no known price."""
        return highest_cost(
            input_tokens(request), self._dialect.ceiling(request), self.provider, self.model, self.given_price
        )

    def with_model(self, model: str, price: Price | None = None) -> "ChatModel":
        """Return another model at the same endpoint, over the same connections; it has refusals of its own to learn."""
        return ChatModel(self.client, model, self.forget_key, self.now, self.reasoning_effort, price, self.call_limits)

    def _learn(self, refusals: list[tuple[str, Form, set[str]]], form: Form, request: LLMRequest) -> None:
        """Learn from the refusals of a call that was answered in the end, in this form."""
        for text, refused, sent in refusals:
            self._dialect.adapt(text, refused, request, sent)
        self._dialect.record_answer(form, request)
        if refusals:
            logger.info("the endpoint lacks: %s", ", ".join(self._dialect.left_out(form, request)))

    def _call(self, request: LLMRequest, arguments: dict[str, Any], started: float) -> Reply:
        seconds = self.call_limits.timeout(request.kind) or _seconds(self.client.timeout)
        longest = request.parameters.max_reply_characters
        deadline = started + seconds
        response = self._endpoint.post(arguments, encoded(arguments), time.monotonic() + seconds)
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
        )


def _prompt(request: LLMRequest) -> str:
    return " ".join(message.text for message in request.sent)


def _unquoted(error: CallError, request: LLMRequest) -> CallError:
    """Return an error of an answer with status 200, classified anew if its words are the prompt's."""
    own = without_quotes(error.said, _prompt(request))
    if own == error.said:
        return error
    failure = error if isinstance(error, RefusalError) else embedded_error({"message": own})
    failure.said, failure.may_be_paid = own, error.may_be_paid
    return failure


def _read(parts: Iterator[bytes], content_type: str, longest: int | None, *, streamed: bool) -> Completion:
    form = content_type.lower()
    if streamed and longest is not None and "json" not in form and "html" not in form:
        return read_stream(parts, longest)
    completion = read_completion(b"".join(parts), form)
    if longest is not None and len(completion.text) > longest:  # from an endpoint that does not stream
        return replace(completion, finish_reason="length")
    return completion


def encoded(arguments: dict[str, Any]) -> bytes:
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
