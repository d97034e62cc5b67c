"""Tokens of a call by the provider's account in a chat completion, with the deviations of many endpoints."""

from typing import Any

from aita.llm.reported_cost import reported_cost
from aita.ports import TokenUsage

_MOST_TOKENS = 10**9  # more than any call can use, and within the range of every store


def reported_usage(usage: Any) -> TokenUsage | None:
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
    cached = min(next(filter(None, map(_count, _cached(details, usage))), 0), sent)
    written = min(_count(details.get("cache_write_tokens")) or 0, sent - cached)
    return TokenUsage(sent, cached, received, written, reported_cost(usage))


def _cached(details: dict[str, Any], usage: dict[str, Any]) -> tuple[Any, ...]:
    """Return the cached tokens by the names of OpenAI, DeepSeek and Moonshot."""
    return details.get("cached_tokens"), usage.get("prompt_cache_hit_tokens"), usage.get("cached_tokens")


def _count(value: Any) -> int | None:
    if isinstance(value, float) and value.is_integer():  # JSON has one kind of number, and some servers write 7.0
        value = int(value)
    is_number = isinstance(value, int) and not isinstance(value, bool)
    return value if is_number and 0 <= value <= _MOST_TOKENS else None
