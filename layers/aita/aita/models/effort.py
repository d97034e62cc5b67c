"""Reasoning effort: how long a model thinks before it answers, and the tokens that its thoughts take."""

from typing import Literal, get_args

ReasoningEffort = Literal["default", "none", "minimal", "low", "medium", "high", "xhigh", "max"]
"""Values of ``reasoning_effort`` in chat completions; ``default`` is not sent, so that the model decides."""

NOT_SENT: ReasoningEffort = "default"

DEFAULT_EFFORT: ReasoningEffort = "none"
"""OpenAI's recommendation for users of GPT-4.x (help.openai.com, "Migrating from GPT-4.x to GPT-6 Luna")."""

EFFORTS: tuple[ReasoningEffort, ...] = get_args(ReasoningEffort)[1:]
"""Efforts from none to the highest."""

_EXPECTED: dict[ReasoningEffort, int] = {
    "minimal": 100,
    "low": 300,
    "medium": 1_000,
    "high": 2_000,
    "xhigh": 4_000,
    "max": 8_000,
}
"""Expected tokens of a call's thoughts. The figures are assumptions; aita has not measured them.

Published measurements for short questions are 363 tokens with gpt-6-luna at medium and 561 at high (joonlab,
gpt-6.1-sol-benchmark, means of 88), and 1,152 to 1,408 with the GPT-5 models at their default (covan-ai/covan#112).
"""

_ROOM: dict[ReasoningEffort, int] = {
    "minimal": 1_024,
    "low": 4_096,
    "medium": 8_192,
    "high": 16_384,
    "xhigh": 32_768,
    "max": 65_536,
}
"""Most tokens of a call's thoughts. They are added to those of its reply, as ``max_completion_tokens`` bounds both."""


def expected_thoughts(effort: ReasoningEffort) -> int:
    """Return the expected tokens of a call's thoughts; 0 if the model decides how long to think."""
    return _EXPECTED.get(effort, 0)


def room_for_thoughts(effort: ReasoningEffort) -> int:
    """Return the most tokens that a call's thoughts may take, beside those of its reply."""
    return _ROOM.get(effort, 0)


def is_plain(effort: ReasoningEffort) -> bool:
    """Return whether the identity of a reply leaves the effort out, as in versions without a choice of effort."""
    return effort in (NOT_SENT, DEFAULT_EFFORT)


def graded_by(model: str, effort: str, aita: str) -> str:
    """Return a model, its reasoning effort and the version of aita in words; an empty version is that of 0.1.0."""
    return f"{model or 'an unknown model'}, reasoning effort {effort}, aita {aita or '0.1.0'}"
