"""Reasoning effort: how long a model thinks before it answers, and what its thoughts take."""

from typing import Literal, get_args

ReasoningEffort = Literal["default", "none", "minimal", "low", "medium", "high", "xhigh", "max"]
"""What ``reasoning_effort`` of chat completions takes; with ``default`` it is not sent, and the model decides."""

NOT_SENT: ReasoningEffort = "default"

DEFAULT_EFFORT: ReasoningEffort = "none"
"""What OpenAI tells users of GPT-4.x to start with (help.openai.com, "Migrating from GPT-4.x to GPT-6 Luna")."""

EFFORTS: tuple[ReasoningEffort, ...] = get_args(ReasoningEffort)[1:]
"""From none to the longest."""

_EXPECTED: dict[ReasoningEffort, int] = {
    "minimal": 100,
    "low": 300,
    "medium": 1_000,
    "high": 2_000,
    "xhigh": 4_000,
    "max": 8_000,
}
"""Tokens that a call's thoughts usually take: an assumption, not a measurement of aita's.

Others measured, for short questions, 363 tokens of gpt-6-luna at medium and 561 at high (joonlab,
gpt-6.1-sol-benchmark, means of 88), and 1,152 to 1,408 of the GPT-5 models as they are (covan-ai/covan#112).
"""

_ROOM: dict[ReasoningEffort, int] = {
    "minimal": 1_024,
    "low": 4_096,
    "medium": 8_192,
    "high": 16_384,
    "xhigh": 32_768,
    "max": 65_536,
}
"""Tokens that a call's thoughts may take beside its reply: ``max_completion_tokens`` bounds both together."""


def expected_thoughts(effort: ReasoningEffort) -> int:
    """Return about how many tokens a call's thoughts take; none are counted where the model decides."""
    return _EXPECTED.get(effort, 0)


def room_for_thoughts(effort: ReasoningEffort) -> int:
    """Return how many tokens a call's thoughts may take beside its reply."""
    return _ROOM.get(effort, 0)


def is_plain(effort: ReasoningEffort) -> bool:
    """Tell whether replies are known by the model alone, as those were before there was an effort to choose."""
    return effort in (NOT_SENT, DEFAULT_EFFORT)
