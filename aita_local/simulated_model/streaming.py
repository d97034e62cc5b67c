"""Streaming of a reply as server-sent events of chat completions."""

import json
from collections.abc import Iterator
from typing import Any

_PIECE = 16  # characters


def events(completion: dict[str, Any], *, with_usage: bool) -> Iterator[str]:
    """Yield the events of a completion, with its usage if ``with_usage``."""
    about = {name: completion[name] for name in ("id", "created", "model")} | {"object": "chat.completion.chunk"}
    content = completion["choices"][0]["message"]["content"]
    yield _event(about, {"role": "assistant", "content": ""}, None)
    for start in range(0, len(content), _PIECE):
        yield _event(about, {"content": content[start : start + _PIECE]}, None)
    yield _event(about, {}, completion["choices"][0]["finish_reason"])
    if with_usage:
        yield f"data: {json.dumps(about | {'choices': [], 'usage': completion['usage']})}\n\n"
    yield "data: [DONE]\n\n"


def _event(about: dict[str, Any], delta: dict[str, Any], finish_reason: str | None) -> str:
    choice = {"index": 0, "delta": delta, "finish_reason": finish_reason}
    return f"data: {json.dumps(about | {'choices': [choice]})}\n\n"
