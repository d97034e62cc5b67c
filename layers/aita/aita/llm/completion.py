"""Reading of chat completions, whole or streamed, with the deviations of many endpoints."""

import codecs
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import httpx2

from aita.errors import CallError, ProviderBusy, TooLongError
from aita.llm.connection_failures import CUT_OFF
from aita.llm.provider_errors import (
    embedded_error,
    mark_possibly_paid,
    missing_choice,
    no_completion,
    too_late,
)
from aita.llm.reported_cost import ExactNumber, reported_cost
from aita.ports import TokenUsage
from aita.services.calls.finish_reasons import Finish, finish_of, printable_reason

LARGEST = 20_000_000
"""Most bytes of a response that are read: many times a model's longest reply."""

_MOST_TOKENS = 10**9  # more than any call can use, and within the range of every store
_LONGEST_NAME = 200
_NO_JSON = object()
_DECODER = json.JSONDecoder(parse_float=ExactNumber)


@dataclass(frozen=True, slots=True)
class Completion:
    """Content of a chat completion. ``usage`` is ``None`` if the provider did not report it."""

    text: str
    finish_reason: str
    refusal: bool
    model: str
    usage: TokenUsage | None


def bounded(parts: Iterable[bytes], late: Callable[[], bool]) -> Iterator[bytes]:
    """Yield the parts of a response's body, up to limits of time and size.

    Parameters
    ----------
    late
        Returns whether the deadline has passed.

    Raises
    ------
    ProviderBusy
        If the deadline passes before the end of the body.
    TooLongError
        If the body is larger than ``LARGEST``.
    """
    size = 0
    for part in parts:
        size += len(part)
        if size > LARGEST:
            raise mark_possibly_paid(TooLongError(f"the provider's answer is larger than {LARGEST // 1_000_000} MB"))
        if late():
            raise mark_possibly_paid(too_late())
        yield part


def read_completion(body: bytes, content_type: str) -> Completion:
    """Return the completion in a response that is not streamed.

    Raises
    ------
    ProviderBusy
        If the JSON is truncated, or the provider broke the reply off.
    TaskError
        If the body is not a chat completion.
    CallError
        If the body is an error that a gateway sent with status 200; its type is that of the error.
    """
    answer: Any = _NO_JSON
    try:
        answer = _decoded(body)
    except RecursionError:
        raise no_completion() from None
    except ValueError:  # also for bytes that are not UTF-8; the error holds the body, so nothing is raised from it
        pass
    if answer is _NO_JSON:
        return _read_lines(body, content_type)
    if isinstance(answer, list) and len(answer) == 1:
        (answer,) = answer  # Gemini sends an error in a list
    choice = _choice(answer)
    message = choice.get("message") if choice else None
    if not isinstance(message, dict) or choice is None:
        failure = missing_choice(answer) if choice is None and answer.get("choices") == [] else no_completion()
        failure.may_be_paid = _usage(answer.get("usage")) is not None
        raise failure
    text, usage = _whole(_text(message.get("content"))), _usage(answer.get("usage"))
    return Completion(
        text=text,
        finish_reason=_finish(choice),
        refusal=_is_refusal(message),
        model=_name(answer.get("model")),
        usage=usage.known_for(text) if usage else None,
    )


def _decoded(body: bytes) -> Any:
    """Return the JSON of a body or an event, as ``json.loads`` does, whose decoder would be made anew for each."""
    return _DECODER.decode(body.decode(json.detect_encoding(body), "surrogatepass"))


def _read_lines(body: bytes, content_type: str) -> Completion:
    """Return the completion in a body with comments, which keep connections open, or with unrequested events."""
    body = body.removeprefix(codecs.BOM_UTF8)
    lines = [line for line in body.splitlines() if line.strip() and not line.lstrip().startswith(b":")]
    if lines and lines[0].lstrip().startswith((b"data:", b"event:", b"id:", b"retry:")):
        return read_stream([body], LARGEST)
    rest = b"\n".join(lines)
    if rest != body and rest.startswith(b"{"):
        return read_completion(rest, content_type)
    if "json" in content_type:
        raise mark_possibly_paid(ProviderBusy(CUT_OFF))
    raise no_completion()


def read_stream(parts: Iterable[bytes], longest: int) -> Completion:
    """Return the completion in server-sent events, up to ``longest`` characters of text.

    A longer text is cut there with finish reason ``length``, and its usage is unknown. Any other body is read to its
    end, past ``[DONE]``, so that its connection can be reused.

    Raises
    ------
    ProviderBusy
        If the stream is truncated, or the provider broke the reply off.
    TaskError
        If the events are not a chat completion.
    CallError
        If an event is an error; its type is that of the error.
    """
    pieces: list[str] = []
    length, finish_reason, refusal, model = 0, "", False, ""
    index: Any = None
    usage: TokenUsage | None = None
    for answer in _events(parts):
        choice = _choice(answer)
        model = model or _name(answer.get("model"))
        usage = _usage(answer.get("usage")) or usage
        if choice is None or choice.get("index", 0) != (index := choice.get("index", 0) if index is None else index):
            continue
        delta = choice.get("delta") or ({} if pieces else choice.get("message"))  # some endpoints send a whole message
        if isinstance(delta, dict):
            pieces.append(_text(delta.get("content")))
            length += len(pieces[-1])
            refusal = refusal or _is_refusal(delta)
        if finish_of(finish_reason) is Finish.WHOLE:  # a more specific reason is kept, whatever follows
            finish_reason = _finish(choice) or finish_reason
        if length > longest:
            return Completion(_whole("".join(pieces)), "length", refusal, model, None)
    if not finish_reason:
        raise mark_possibly_paid(ProviderBusy(CUT_OFF))
    text = _whole("".join(pieces))
    return Completion(text, finish_reason, refusal, model, usage.known_for(text) if usage else None)


def _events(parts: Iterable[bytes]) -> Iterator[dict[str, Any]]:
    """Yield the JSON of each event (WHATWG HTML, 9.2) up to ``[DONE]``, one for each ``data`` line.

    The standard joins consecutive ``data`` lines without an empty line between them. No provider breaks JSON over
    lines, and some leave the empty lines out.
    """
    read = iter(parts)
    for line in _lines(read):
        name, _, data = line.partition(b":")
        data = data.strip()
        if name != b"data" or not data:
            continue
        if data == b"[DONE]":
            _drain(read)
            return
        try:
            answer = _decoded(data)
        except (ValueError, RecursionError):
            raise mark_possibly_paid(ProviderBusy(CUT_OFF)) from None
        if not isinstance(answer, dict):
            raise no_completion()
        yield answer


def _lines(parts: Iterable[bytes]) -> Iterator[bytes]:
    rest, is_first = b"", True
    for part in parts:
        *lines, rest = (rest + part).split(b"\n")
        if lines and is_first:
            lines[0], is_first = lines[0].removeprefix(codecs.BOM_UTF8), False
        yield from lines
    yield rest


def _drain(parts: Iterator[bytes]) -> None:
    """Read the rest of the body after its last event, where a failure does not matter to the reply."""
    try:
        for _ in parts:
            pass
    except (httpx2.RequestError, CallError):
        return


def _choice(answer: Any) -> dict[str, Any] | None:
    if not isinstance(answer, dict):
        raise no_completion()
    if error := _error(answer):
        raise embedded_error(error)
    choices = answer.get("choices")
    if not isinstance(choices, list) or not choices or not isinstance(choices[0], dict):
        return None
    choice: dict[str, Any] = choices[0]
    if choice.get("error"):
        raise mark_possibly_paid(embedded_error(choice["error"]))
    return choice


def _error(answer: dict[str, Any]) -> Any:
    """Return the error in a response, or the response if all of it is an error; a falsy value if there is none."""
    if answer.get("error") or answer.get("choices"):
        return answer.get("error")
    if isinstance(status := answer.get("base_resp"), dict) and status.get("status_code"):  # MiniMax
        return status
    is_error = answer.get("object") == "error" or answer.get("detail") or answer.get("errors")
    return answer if is_error else None


def _is_refusal(message: dict[str, Any]) -> bool:
    content = message.get("content")
    parts = content if isinstance(content, list) else []
    return bool(message.get("refusal")) or any(isinstance(part, dict) and part.get("refusal") for part in parts)


def _text(content: Any) -> str:
    """Return the text of a message; some servers send a list of parts, as requests have."""
    if isinstance(content, list):
        texts = [part.get("text") for part in content if isinstance(part, dict)]
        return "".join(text for text in texts if isinstance(text, str))
    return content if isinstance(content, str) else ""


def _whole(text: str) -> str:
    """Join surrogate pairs (JSON escapes characters as UTF-16), and replace unpaired surrogates."""
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text


def _name(value: Any) -> str:
    return _whole(value[:_LONGEST_NAME]) if isinstance(value, str) else ""


def _finish(choice: dict[str, Any]) -> str:
    """Return the finish reason of a reply; empty for null, also if it is written as a word.

    The provider's own reason replaces a gateway's reason that hides it.

    Raises
    ------
    ProviderBusy
        If the provider broke the reply off.
    """
    name, native = _name(choice.get("finish_reason")), _name(choice.get("native_finish_reason"))
    if native and finish_of(name) is Finish.WHOLE and finish_of(native) in {Finish.CUT, Finish.REFUSED, Finish.BROKEN}:
        name = native
    if finish_of(name) is Finish.BROKEN:
        raise mark_possibly_paid(ProviderBusy(f"the provider broke the reply off ({printable_reason(name)})"))
    return "" if name.lower() in {"null", "none"} else name


def _usage(usage: Any) -> TokenUsage | None:
    """Return the reported tokens; ``None`` if there is no whole account of them."""
    if not isinstance(usage, dict):
        return None
    sent, received = _count(usage.get("prompt_tokens")), _count(usage.get("completion_tokens"))
    if sent is None or received is None:
        return None
    if (total := _count(usage.get("total_tokens"))) is not None:
        received = max(received, total - sent)  # Gemini and xAI count thoughts in the total, beside the completion
    reported = usage.get("prompt_tokens_details")
    details: dict[str, Any] = reported if isinstance(reported, dict) else {}
    cached = min(_count(details.get("cached_tokens")) or 0, sent)
    written = min(_count(details.get("cache_write_tokens")) or 0, sent - cached)
    return TokenUsage(sent, cached, received, written, reported_cost(usage))


def _count(value: Any) -> int | None:
    is_number = isinstance(value, int) and not isinstance(value, bool)
    return value if is_number and 0 <= value <= _MOST_TOKENS else None
