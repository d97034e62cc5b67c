"""Reading a chat completion: the reply in it, whatever else is odd about it."""

import codecs
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import httpx2

from aita.errors import CallError, ProviderBusy, TaskError, TooLongError
from aita.llm.failures import CUT_OFF, NO_COMPLETION, TOO_LATE, embedded_error, mark_possibly_paid, missing_choice
from aita.ports import TokenUsage
from aita.services.calls.finish_reasons import Finish, finish_of, printable_reason

LARGEST = 20_000_000
"""Bytes of an answer that are read; what a model says fits many times."""

_MOST_TOKENS = 10**9  # more than any call can use, and a number that every store takes
_LONGEST_NAME = 200
_NO_JSON = object()


@dataclass(frozen=True, slots=True)
class Completion:
    """What a provider answered; ``usage`` if it told."""

    text: str
    finish_reason: str
    refusal: bool
    model: str
    usage: TokenUsage | None


def bounded(parts: Iterable[bytes], late: Callable[[], bool]) -> Iterator[bytes]:
    """Yield an answer's body as it comes, as long as it is neither too late nor too large.

    Raises
    ------
    ProviderBusy
        If it is ``late`` before the body ended.
    TooLongError
        If it is larger than ``LARGEST``.
    """
    size = 0
    for part in parts:
        size += len(part)
        if size > LARGEST:
            raise mark_possibly_paid(TooLongError(f"the provider's answer is larger than {LARGEST // 1_000_000} MB"))
        if late():
            raise mark_possibly_paid(ProviderBusy(TOO_LATE))
        yield part


def read_completion(body: bytes, content_type: str) -> Completion:
    """Read an answer that came whole.

    Raises
    ------
    CallError
        ProviderBusy if it is JSON that was cut off or a reply that the provider broke off, TaskError if it is no
        chat completion, and what it tells if it is an error that a gateway answered as if it were a reply.
    """
    answer: Any = _NO_JSON
    try:
        answer = json.loads(body)
    except RecursionError:
        raise TaskError(NO_COMPLETION) from None
    except ValueError:  # also bytes that are not UTF-8; the error holds the body, so nothing is raised within it
        pass
    if answer is _NO_JSON:
        return _read_lines(body, content_type)
    if isinstance(answer, list) and len(answer) == 1:
        (answer,) = answer  # as Gemini answers an error
    choice = _choice(answer)
    message = choice.get("message") if choice else None
    if choice is None and answer.get("choices") == []:
        raise missing_choice(answer)
    if not isinstance(message, dict) or choice is None:
        raise TaskError(NO_COMPLETION)
    return Completion(
        text=_whole(_text(message.get("content"))),
        finish_reason=_finish(choice),
        refusal=_is_refusal(message),
        model=_name(answer.get("model")),
        usage=_usage(answer.get("usage")),
    )


def _read_lines(body: bytes, content_type: str) -> Completion:
    """Read an answer with comments in it, which keep a connection open, or one of events that nobody asked for."""
    body = body.removeprefix(codecs.BOM_UTF8)
    lines = [line for line in body.splitlines() if line.strip() and not line.lstrip().startswith(b":")]
    if lines and lines[0].lstrip().startswith((b"data:", b"event:", b"id:", b"retry:")):
        return read_stream([body], LARGEST)
    rest = b"\n".join(lines)
    if rest != body and rest.startswith(b"{"):
        return read_completion(rest, content_type)
    if "json" in content_type:
        raise mark_possibly_paid(ProviderBusy(CUT_OFF))
    raise TaskError(NO_COMPLETION)


def read_stream(parts: Iterable[bytes], longest: int) -> Completion:
    """Read an answer that comes as server-sent events, up to ``longest`` characters of text.

    One that is longer ends there as ``length``, and its usage is not known. Any other is read to the end of the
    body, past ``[DONE]``, so that its connection can be used again.

    Raises
    ------
    CallError
        ProviderBusy if it ends before its end or the provider breaks it off, TaskError if it is no chat
        completion, and what it tells if an error stands among its events.
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
        delta = choice.get("delta") or ({} if pieces else choice.get("message"))  # some send it whole
        if isinstance(delta, dict):
            pieces.append(_text(delta.get("content")))
            length += len(pieces[-1])
            refusal = refusal or _is_refusal(delta)
        if finish_of(finish_reason) is Finish.WHOLE:  # one that says more stays, whatever comes after it
            finish_reason = _finish(choice) or finish_reason
        if length > longest:
            return Completion(_whole("".join(pieces)), "length", refusal, model, None)
    if not finish_reason:
        raise mark_possibly_paid(ProviderBusy(CUT_OFF))
    return Completion(_whole("".join(pieces)), finish_reason, refusal, model, usage)


def _events(parts: Iterable[bytes]) -> Iterator[dict[str, Any]]:
    """Yield the JSON of each event (WHATWG HTML, 9.2) up to ``[DONE]``, one for each ``data`` line.

    The standard would join lines that no empty line parts; no provider breaks JSON over lines, and some leave
    the empty ones out.
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
            answer = json.loads(data)
        except (ValueError, RecursionError):
            raise mark_possibly_paid(ProviderBusy(CUT_OFF)) from None
        if not isinstance(answer, dict):
            raise TaskError(NO_COMPLETION)
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
    """Read what is left of the body after its last event: a failure there takes nothing from the reply."""
    try:
        for _ in parts:
            pass
    except (httpx2.RequestError, CallError):
        return


def _choice(answer: Any) -> dict[str, Any] | None:
    if not isinstance(answer, dict):
        raise TaskError(NO_COMPLETION)
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
    """Return the error in an answer, or the answer if it is one as a whole; nothing if it is none."""
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
    """Return the text of a message; some servers answer it in parts, as it is sent to them."""
    if isinstance(content, list):
        told = [part.get("text") for part in content if isinstance(part, dict)]
        return "".join(text for text in told if isinstance(text, str))
    return content if isinstance(content, str) else ""


def _whole(text: str) -> str:
    """Join characters that came in two halves (JSON writes them as UTF-16), and replace halves that are alone."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text


def _name(value: Any) -> str:
    return _whole(value[:_LONGEST_NAME]) if isinstance(value, str) else ""


def _finish(choice: dict[str, Any]) -> str:
    """Return why a reply ended; some servers write null as a word.

    A gateway's word for it may hide that of the provider behind it.

    Raises
    ------
    ProviderBusy
        If the provider broke it off.
    """
    name, native = _name(choice.get("finish_reason")), _name(choice.get("native_finish_reason"))
    if finish_of(name) is Finish.WHOLE and finish_of(native) in {Finish.CUT, Finish.REFUSED, Finish.BROKEN}:
        name = native
    if finish_of(name) is Finish.BROKEN:
        raise mark_possibly_paid(ProviderBusy(f"the provider broke the reply off ({printable_reason(name)})"))
    return "" if name.lower() in {"null", "none"} else name


def _usage(usage: Any) -> TokenUsage | None:
    if not isinstance(usage, dict):
        return None
    taken, given = _count(usage.get("prompt_tokens")), _count(usage.get("completion_tokens"))
    if taken is None or given is None:
        return None
    told = usage.get("prompt_tokens_details")
    details: dict[str, Any] = told if isinstance(told, dict) else {}
    cached = min(_count(details.get("cached_tokens")) or 0, taken)
    written = min(_count(details.get("cache_write_tokens")) or 0, taken - cached)
    return TokenUsage(taken, cached, given, written)


def _count(value: Any) -> int | None:
    is_number = isinstance(value, int) and not isinstance(value, bool)
    return value if is_number and 0 <= value <= _MOST_TOKENS else None
