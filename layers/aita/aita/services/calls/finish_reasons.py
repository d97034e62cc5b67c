"""Finish reasons of chat completions, in the spellings of many endpoints."""

import re
from enum import Enum, auto
from functools import lru_cache


class Finish(Enum):
    """Meaning of a finish reason."""

    WHOLE = auto()
    """The reply is complete."""
    CUT = auto()
    """The reply reached a length limit."""
    REFUSED = auto()
    """The model or a filter refused to continue."""
    BROKEN = auto()
    """The provider failed during the reply."""
    TOOL = auto()
    """The model called a tool. Requests offer none, but for the one of Converse that takes the answer."""
    MALFORMED = auto()
    """The reply has not the form that was asked for: it is judged as it is, and asked for again."""
    UNKNOWN = auto()


_REASONS = {
    Finish.WHOLE: """
        stop stopped stop_sequence eos eos_token end end_turn end_of_text complete completed finish finished done null
        none unspecified
    """,
    Finish.CUT: """
        length max_length max_tokens max_output_tokens model_length token_limit error_limit context_length_exceeded
        model_context_window_exceeded
    """,
    Finish.REFUSED: """
        content_filter content_filtered content_policy sensitive safety image_safety refusal recitation blocklist
        prohibited_content spii error_toxic guardrail_intervened moderation flagged
    """,
    Finish.BROKEN: """
        error network_error server_error insufficient_system_resource abort aborted cancelled canceled user_cancel
        time_limit timeout overloaded load unload not_finished
    """,
    Finish.TOOL: "tool_calls tool_call tool_use function_call malformed_function_call unexpected_tool_call",
    Finish.MALFORMED: "malformed_tool_use malformed_model_output",
}
"""Names used by OpenAI, Azure, OpenRouter, Anthropic, Gemini, Cohere, Mistral, DeepSeek, Zhipu, Bedrock, TGI,
watsonx, vLLM, SGLang and Ollama."""

_BY_REASON = {reason: finish for finish, reasons in _REASONS.items() for reason in reasons.split()}
_BY_REASON[""] = Finish.WHOLE  # no reason was given
_MOST_REASONS = 100  # that are remembered; a provider has a few
_WORD = re.compile(r"[a-z][a-z0-9_.\-]{0,39}")


@lru_cache(_MOST_REASONS)
def finish_of(reason: str) -> Finish:
    """Return the meaning of a finish reason; case, hyphens and Gemini's prefixes do not matter."""
    plain = _plain(reason)
    return _BY_REASON.get(plain, Finish.BROKEN if plain.endswith("_error") else Finish.UNKNOWN)


def printable_reason(reason: str) -> str:
    """Return a finish reason for an error message, or a placeholder: providers may put any text there."""
    plain = _plain(reason)
    return plain if _WORD.fullmatch(plain) else "a reason that is no word"


def _plain(reason: str) -> str:
    plain = reason.strip().lower().removeprefix("finishreason.").removeprefix("finish_reason_")
    return plain.replace(" ", "_").replace("-", "_")
