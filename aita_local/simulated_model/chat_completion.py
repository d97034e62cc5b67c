"""Chat completion of OpenAI's API around a reply."""

import hashlib
import time
from typing import Any

from aita_local.simulated_model.chat_request import ChatRequest

CHARACTERS_PER_TOKEN = 4  # English text, roughly
_TOKENS_PER_IMAGE = 1000  # a page at high detail, roughly


def cut(content: str) -> str:
    """Return the first half of a reply, as after a lost connection or a token limit."""
    return content[: len(content) // 2]


def completion(chat: ChatRequest, content: str, cached: int = 0) -> dict[str, Any]:
    """Return the chat completion around a reply. Equal requests get equal replies and ids.

    ``cached`` is the number of the prompt's tokens that a cache held.
    """
    digest = hashlib.sha256("\0".join((chat.text, chat.format, *chat.images)).encode()).hexdigest()
    prompt = len(chat.text) // CHARACTERS_PER_TOKEN + _TOKENS_PER_IMAGE * len(chat.images)
    reply = len(content) // CHARACTERS_PER_TOKEN + 1
    message: dict[str, Any] = {"role": "assistant", "content": content, "refusal": None, "annotations": []}
    return {
        "id": f"chatcmpl-{digest[:29]}",
        "object": "chat.completion",
        "created": int(time.time()),
        "model": "simulated",
        "choices": [{"index": 0, "message": message, "logprobs": None, "finish_reason": "stop"}],
        "usage": {
            "prompt_tokens": prompt,
            "completion_tokens": reply,
            "total_tokens": prompt + reply,
            "prompt_tokens_details": {"cached_tokens": cached, "audio_tokens": 0},
            "completion_tokens_details": {"reasoning_tokens": 0, "audio_tokens": 0},
        },
        "system_fingerprint": "fp_simulated",
        "service_tier": "default",
    }
