"""Converse, the API of Amazon Bedrock, over the requests and replies of chat completions."""

import json
from collections.abc import Iterator
from typing import Any

from aita_local.simulated_model.chat_completion import CHARACTERS_PER_TOKEN
from aita_local.simulated_model.chat_request import ChatRequest, ReplyFormat
from aita_local.simulated_model.errors import BadRequestError, SimulatedModelError

PATH = "/model/{model:path}/converse"

_EXCEPTIONS = {
    400: "ValidationException",
    401: "UnrecognizedClientException",
    403: "AccessDeniedException",
    404: "ResourceNotFoundException",
    408: "ModelTimeoutException",
    422: "ValidationException",
    424: "ModelErrorException",
    429: "ThrottlingException",
    500: "InternalServerException",
    503: "ServiceUnavailableException",
}
_STATUSES = {422: 400}  # that Converse does not have


def parse(body: bytes) -> ChatRequest:
    """Return the request in a body; its schema is the one of its tool.

    Raises
    ------
    BadRequestError
        If the body is no request of Converse.
    """
    try:
        request = json.loads(body)
        messages = [content for message in request["messages"] for content in message["content"]]
        blocks = [*request.get("system", ()), *messages]
        texts = [str(block["text"]) for block in blocks if "text" in block]
        images = tuple(_data_url(block["image"]) for block in messages if "image" in block)
        tool = next((each["toolSpec"] for each in (request.get("toolConfig") or {}).get("tools", ())), None)
        name, schema = (None, None) if tool is None else (tool["name"], tool["inputSchema"]["json"])
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise BadRequestError("the body is not a request of Converse") from error
    form: ReplyFormat = "text" if tool is None else "json_schema"
    return ChatRequest("\n".join(texts), images, form, name, schema, cacheable=sum(map(len, _cacheable(blocks))))


def answer(chat: ChatRequest, completion: dict[str, Any]) -> dict[str, Any]:
    """Return a chat completion as Converse answers it."""
    content = completion["choices"][0]["message"]["content"]
    if chat.schema_name is None:
        block, reason = {"text": content}, "end_turn"
    else:
        call = {"toolUseId": completion["id"], "name": chat.schema_name, "input": json.loads(content)}
        block, reason = {"toolUse": call}, "tool_use"
    used = completion["usage"]
    cached = used["prompt_tokens_details"]["cached_tokens"]
    written = max((chat.cacheable or 0) // CHARACTERS_PER_TOKEN - cached, 0)
    return {
        "output": {"message": {"role": "assistant", "content": [block]}},
        "stopReason": reason,
        "usage": {
            "inputTokens": used["prompt_tokens"] - cached - written,
            "outputTokens": used["completion_tokens"],
            "totalTokens": used["total_tokens"],
            "cacheReadInputTokens": cached,
            "cacheWriteInputTokens": written,
        },
        "metrics": {"latencyMs": 1},
    }


def refusal(error: SimulatedModelError) -> tuple[int, dict[str, str], dict[str, str]]:
    """Return status, headers and body of an error; Amazon Bedrock states neither its limits nor when to come again."""
    named = getattr(error, "code", None) or ""
    exception = named if named.endswith("Exception") else _EXCEPTIONS.get(error.status, "InternalServerException")
    return _STATUSES.get(error.status, error.status), {"x-amzn-errortype": exception}, {"message": error.message}


def _cacheable(blocks: list[dict[str, Any]]) -> Iterator[str]:
    """Yield the texts before the last cache point."""
    points = [place for place, block in enumerate(blocks) if "cachePoint" in block]
    for block in blocks[: points[-1]] if points else ():
        if "text" in block:
            yield block["text"]


def _data_url(image: dict[str, Any]) -> str:
    return f"data:image/{image['format']};base64,{image['source']['bytes']}"
