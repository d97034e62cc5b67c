"""Why a reply ended, in the words of the endpoints that speak chat completions."""

import re
from enum import Enum, auto


class Finish(Enum):
    """What a finish reason says of the reply."""

    WHOLE = auto()
    CUT = auto()
    """It reached its limit."""
    REFUSED = auto()
    """The model or a filter would not go on."""
    BROKEN = auto()
    """The provider failed in the middle of it."""
    TOOL = auto()
    """The model called a tool; it is offered none."""
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
}
"""As they are named by OpenAI, Azure, OpenRouter, Anthropic, Gemini, Cohere, Mistral, DeepSeek, Zhipu, Bedrock, TGI,
watsonx, vLLM, SGLang and Ollama."""

_BY_REASON = {reason: finish for finish, reasons in _REASONS.items() for reason in reasons.split()}
_BY_REASON[""] = Finish.WHOLE  # it was not said
_WORD = re.compile(r"[a-z][a-z0-9_.\-]{0,39}")


def finish_of(reason: str) -> Finish:
    """Return what a finish reason says, however it is spelled."""
    return _BY_REASON.get(_plain(reason), Finish.UNKNOWN)


def named(reason: str) -> str:
    """Return a finish reason for a message: what providers put there could be anything."""
    plain = _plain(reason)
    return plain if _WORD.fullmatch(plain) else "a reason that is no word"


def _plain(reason: str) -> str:
    return reason.strip().lower().removeprefix("finish_reason_").replace(" ", "_").replace("-", "_")
