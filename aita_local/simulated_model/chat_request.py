"""Request of chat completions, reduced to the parts that the simulated model uses."""

import json
from dataclasses import dataclass
from typing import Any, Literal, Self

from aita_local.simulated_model.errors import BadRequestError

ReplyFormat = Literal["json_schema", "json_object", "text"]


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """Text of all messages in order, the images' data URLs, and the required format of the reply.

    ``cacheable`` is the number of the text's first characters that may be cached; ``None`` for all of them.
    """

    text: str
    images: tuple[str, ...]
    format: ReplyFormat
    schema_name: str | None
    schema: dict[str, Any] | None = None
    stream: bool = False
    with_usage: bool = False
    cacheable: int | None = None

    @classmethod
    def parse(cls, body: bytes) -> Self:
        """Return the request in a body.

        Raises
        ------
        BadRequestError
            If the body is no chat completions request.
        """
        try:
            request = json.loads(body)
            texts, images = _contents(request["messages"])
            response_format = request.get("response_format") or {"type": "text"}
            kind = response_format["type"]
            name = response_format["json_schema"]["name"] if kind == "json_schema" else None
            schema = response_format["json_schema"].get("schema") if kind == "json_schema" else None
            with_usage = bool((request.get("stream_options") or {}).get("include_usage"))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise BadRequestError("the body is not a chat completions request") from error
        if kind not in {"json_schema", "json_object", "text"}:
            raise BadRequestError(
                "response_format.type must be json_schema, json_object or text", param="response_format"
            )
        stream = bool(request.get("stream"))
        return cls("\n".join(texts), tuple(images), kind, name, schema, stream, with_usage)


def _contents(messages: list[dict[str, Any]]) -> tuple[list[str], list[str]]:
    texts: list[str] = []
    images: list[str] = []
    for message in messages:
        content = message["content"]
        parts: list[dict[str, Any]] = [{"type": "text", "text": content}] if isinstance(content, str) else content or []
        for part in parts:
            if part["type"] == "image_url":
                images.append(str(part["image_url"]["url"]))
            elif part["type"] == "text":
                texts.append(str(part["text"]))
    return texts, images
