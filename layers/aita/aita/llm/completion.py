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
    embedded_status,
    mark_possibly_paid,
    missing_choice,
    no_completion,
    too_late,
)
from aita.llm.reported_cost import ExactNumber
from aita.llm.reported_usage import reported_usage
from aita.ports import TokenUsage
from aita.services.calls.finish_reasons import Finish, finish_of, printable_reason

LARGEST = 20_000_000
"""Most bytes of a response that are read: many times a model's longest reply."""

_LONGEST_NAME = 200
_NO_JSON = object()
_THOUGHTS = {"thinking", "reasoning", "reasoning_text", "redacted_thinking", "thought"}
"""Types of a message's parts that are no part of the reply."""
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
        failure = missing_choice(answer) if choice is None and answer.get("choices") == [] else _no_choice(answer)
        failure.may_be_paid = reported_usage(answer.get("usage")) is not None
        raise failure
    text, usage = _whole(_text(message.get("content"))), reported_usage(answer.get("usage") or choice.get("usage"))
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
        try:
            choice = _choice(answer)
        except CallError as failure:
            failure.may_be_paid = failure.may_be_paid or length > 0
            raise
        model = model or _name(answer.get("model"))
        usage = reported_usage(answer.get("usage") or (choice or {}).get("usage")) or usage  # in the choice: Moonshot's
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
        failure = embedded_error(error)
        failure.may_be_paid = reported_usage(answer.get("usage")) is not None
        raise failure
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
        error = answer.get("error")
        return answer if error and not isinstance(error, dict | list) else error  # its reason may stand beside it
    if isinstance(status := answer.get("base_resp"), dict) and status.get("status_code"):  # MiniMax
        return status
    is_error = answer.get("object") == "error" or answer.get("detail") or answer.get("errors")
    return answer if is_error or _tells_of_failure(answer) else None


def _no_choice(answer: dict[str, Any]) -> CallError:
    """Return the error of a response without choices: by its own code and words, if they tell one."""
    if any(answer.get(name) for name in ("code", "error_code", "errcode")):
        failure = embedded_error(answer)
        if not isinstance(failure, ProviderBusy) or failure.limited:
            return failure
    return no_completion()


def _tells_of_failure(answer: dict[str, Any]) -> bool:
    """Return whether a response without choices is an error without a field of that name: a message and a sign."""
    if not any(isinstance(answer.get(name), str) and answer[name] for name in ("message", "msg")):
        return False
    says_no = answer.get("success") is False or str(answer.get("status")).lower() in {"error", "fail", "failed"}
    return says_no or embedded_status(answer) is not None


def _is_refusal(message: dict[str, Any]) -> bool:
    content = message.get("content")
    parts = content if isinstance(content, list) else []
    return bool(message.get("refusal")) or any(isinstance(part, dict) and part.get("refusal") for part in parts)


def _text(content: Any) -> str:
    """Return the text of a message; some servers send parts, as requests have, of which thoughts are no text."""
    if isinstance(content, list):
        return "".join(map(_part_text, content))
    return _part_text(content)


def _part_text(part: Any) -> str:
    if isinstance(part, dict):
        part = None if str(part.get("type")) in _THOUGHTS else part.get("text")
    return part if isinstance(part, str) else ""


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
