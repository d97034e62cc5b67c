"""Arguments of chat completions for a request, in a form that its endpoint takes."""

import base64
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from aita.llm.dialect import DETAIL, LIMITS, STRICT, SYSTEM, Form
from aita.llm.schema_forms import in_words, is_strict
from aita.models.effort import NOT_SENT
from aita.models.file_type import shown_image_ending
from aita.models.names import IMAGE_TYPES
from aita.tasks.request import LLMRequest, Message


def arguments_of(model: str, request: LLMRequest, images: Mapping[str, bytes], form: Form) -> dict[str, Any]:
    """Return the arguments of a call.

    Parameters
    ----------
    images
        Bytes of the request's images, by SHA-256.

    Raises
    ------
    TaskError
        If models do not accept an image's format.
    """
    has_detail = DETAIL not in form.lacks
    messages = [_message(message, images, has_detail=has_detail) for message in _messages(request, form)]
    arguments: dict[str, Any] = {"model": model, "messages": messages}
    if form.limit < len(LIMITS):
        arguments[LIMITS[form.limit]] = form.ceiling
    if "temperature" not in form.lacks:
        arguments["temperature"] = request.temperature
    if form.effort != NOT_SENT and "reasoning_effort" not in form.lacks:
        arguments["reasoning_effort"] = form.effort
    if request.parameters.max_reply_characters is not None and "stream" not in form.lacks:
        arguments["stream"] = True
        if "stream_options" not in form.lacks:
            arguments["stream_options"] = {"include_usage": True}
    if request.schema is None:
        return arguments
    match form.response_format:
        case "json_schema":
            sent = form.schema_of(request)
            strict = {} if STRICT in form.lacks else {"strict": is_strict(request.schema)}
            schema = {"name": request.schema_name, "schema": sent} | strict
            arguments["response_format"] = {"type": "json_schema", "json_schema": schema}
        case "json_object":
            arguments["response_format"] = {"type": "json_object"}
    return arguments


def parts_of(arguments: Mapping[str, Any]) -> set[str]:
    """Return the parts of a call that an endpoint may refuse: its arguments, ``SYSTEM``, ``DETAIL`` and ``STRICT``."""
    messages = arguments["messages"]
    roles = [message["role"] for message in messages]
    parts = set(arguments)
    if "system" in roles or len(roles) != len([*_without_neighbours(roles)]):
        parts.add(SYSTEM)
    if any("detail" in part.get("image_url", {}) for message in messages for part in _parts(message)):
        parts.add(DETAIL)
    if "strict" in arguments.get("response_format", {}).get("json_schema", {}):
        parts.add(STRICT)
    return parts


def _parts(message: Mapping[str, Any]) -> list[dict[str, Any]]:
    content = message["content"]
    return content if isinstance(content, list) else []


def _without_neighbours(roles: Sequence[str]) -> Iterator[str]:
    """Yield roles, each once where it stands beside itself."""
    for number, role in enumerate(roles):
        if number == 0 or roles[number - 1] != role:
            yield role


def _messages(request: LLMRequest, form: Form) -> list[Message]:
    """Return the messages in roles that the endpoint takes, and with the schema in words if it takes none."""
    messages = [*request.sent]
    if request.schema is not None and form.response_format != "json_schema":
        last = messages[-1]
        messages[-1] = replace(last, text=f"{last.text}\n\n{in_words(request.schema)}")
    if SYSTEM not in form.lacks:
        return messages
    turns: list[Message] = []
    for message in messages:
        turn = replace(message, role="user") if message.role == "system" else message
        if turns and turns[-1].role == turn.role:
            before = turns.pop()
            turn = replace(before, text=f"{before.text}\n\n{turn.text}", images=(*before.images, *turn.images))
        turns.append(turn)
    return turns


def _message(message: Message, images: Mapping[str, bytes], *, has_detail: bool) -> dict[str, Any]:
    if not message.images:
        return {"role": message.role, "content": message.text}
    detail = {"detail": "high"} if has_detail else {}
    parts: list[dict[str, Any]] = [
        {"type": "image_url", "image_url": {"url": _data_url(images[image.sha256])} | detail}
        for image in message.images
    ]
    return {"role": message.role, "content": [*parts, {"type": "text", "text": message.text}]}


def _data_url(image: bytes) -> str:
    content_type = IMAGE_TYPES[shown_image_ending(image)]
    return f"data:{content_type};base64,{base64.b64encode(image).decode()}"
