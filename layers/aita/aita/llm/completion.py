"""Reading a chat completion: the reply in it, whatever else is odd about it."""

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from aita.errors import ProviderBusy, TaskError
from aita.llm.failures import NO_COMPLETION
from aita.services.protocols import TokenUsage

_CUT_OFF = "the provider's answer was cut off"


@dataclass(frozen=True, slots=True)
class Completion:
    """What a provider answered; ``usage`` if it told."""

    text: str
    finish_reason: str
    refusal: bool
    model: str
    usage: TokenUsage | None


def read_completion(body: bytes, content_type: str) -> Completion:
    """Read an answer that came whole.

    Raises
    ------
    ProviderBusy
        If it is JSON that was cut off, or an error that a gateway answered as if it were a reply.
    TaskError
        If it is no chat completion.
    """
    try:
        answer = json.loads(body)
    except RecursionError:
        raise TaskError(NO_COMPLETION) from None
    except ValueError:  # also bytes that are not UTF-8
        if "json" in content_type:
            raise ProviderBusy(_CUT_OFF) from None
        raise TaskError(NO_COMPLETION) from None
    choice = _choice(answer)
    message = choice.get("message") if choice else None
    if not isinstance(message, dict) or choice is None:
        raise TaskError(NO_COMPLETION)
    return Completion(
        text=_text(message.get("content")),
        finish_reason=_text(choice.get("finish_reason")),
        refusal=bool(message.get("refusal")),
        model=_text(answer.get("model")),
        usage=_usage(answer.get("usage")),
    )


def read_stream(lines: Iterable[str], longest: int, late: Callable[[], bool]) -> Completion:
    """Read an answer that comes in pieces, up to ``longest`` characters; one that is longer ends as ``length``.

    Raises
    ------
    ProviderBusy
        If it ends before its end, or is ``late``.
    TaskError
        If it is no chat completion.
    """
    text, finish_reason, refusal, model = "", "", False, ""
    usage: TokenUsage | None = None
    for answer in _events(lines, late):
        model = model or _text(answer.get("model"))
        usage = _usage(answer.get("usage")) or usage
        choice = _choice(answer)
        if choice is not None:
            delta = choice.get("delta")
            if isinstance(delta, dict):
                text += _text(delta.get("content"))
                refusal = refusal or bool(delta.get("refusal"))
            finish_reason = _text(choice.get("finish_reason")) or finish_reason
        if len(text) > longest:
            return Completion(text, "length", refusal, model, None)
    if not finish_reason:
        raise ProviderBusy(_CUT_OFF)
    return Completion(text, finish_reason, refusal, model, usage)


def _events(lines: Iterable[str], late: Callable[[], bool]) -> Iterator[dict[str, Any]]:
    """Yield the JSON of each server-sent event (WHATWG HTML, 9.2), up to ``[DONE]``."""
    for line in lines:
        if late():
            raise ProviderBusy("the model did not answer in time")
        name, _, data = line.partition(":")
        data = data.removeprefix(" ")
        if name != "data" or not data:
            continue
        if data == "[DONE]":
            return
        try:
            answer = json.loads(data)
        except (ValueError, RecursionError):
            raise ProviderBusy(_CUT_OFF) from None
        if not isinstance(answer, dict):
            raise TaskError(NO_COMPLETION)
        yield answer


def _choice(answer: Any) -> dict[str, Any] | None:
    if not isinstance(answer, dict):
        raise TaskError(NO_COMPLETION)
    if answer.get("error"):  # as gateways say that who is behind them failed
        raise ProviderBusy("the provider answered with an error instead of a reply")
    choices = answer.get("choices")
    if not isinstance(choices, list) or not choices or not isinstance(choices[0], dict):
        return None
    choice: dict[str, Any] = choices[0]
    return choice


def _text(content: Any) -> str:
    return content.encode("utf-8", "replace").decode() if isinstance(content, str) else ""  # no lone surrogates


def _usage(usage: Any) -> TokenUsage | None:
    if not isinstance(usage, dict):
        return None
    taken, given = _count(usage.get("prompt_tokens")), _count(usage.get("completion_tokens"))
    if taken is None or given is None:
        return None
    details = usage.get("prompt_tokens_details")
    cached = _count(details.get("cached_tokens")) if isinstance(details, dict) else None
    return TokenUsage(input_tokens=taken, cached_input_tokens=min(cached or 0, taken), output_tokens=given)


def _count(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None
