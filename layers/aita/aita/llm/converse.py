"""Converse, the API of Amazon Bedrock for all its models: a request's body, and the reply in a response."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from aita.llm.bedrock_errors import cut_off
from aita.llm.tool_schema import tool_schema
from aita.models.file_type import shown_image_ending
from aita.ports import Reply, TokenUsage
from aita.services.calls.prompt_cache_gate import SHORTEST_PREFIX
from aita.tasks.request import LLMRequest, Message
from aita.tasks.tokens import prefix_tokens

_CACHE_POINT = {"cachePoint": {"type": "default"}}
_LONGEST_TOOL_NAME = 64
_NO_TOOL_NAME = re.compile(r"[^A-Za-z0-9_-]")
_MOST_TOKENS = 10**9  # more than any call can use, and within the range of every store

_CHOICES = ("tool", "any", "auto")
"""Ways to have the model call the tool, from the strictest on: this one, one of one, and if it likes."""

_CACHE = re.compile(r"cache.?point|prompt caching", re.IGNORECASE)
_TEMPERATURE = re.compile(r"\btemperature\b", re.IGNORECASE)
_SYSTEM = re.compile(
    r"support\w* (?:the )?system\b|\bsystem (?:message|prompt|role|instruction)s?\b[^.]{0,40}\bnot\b", re.IGNORECASE
)
_CHOICE = re.compile(r"tool.?choice", re.IGNORECASE)
_SCHEMA = re.compile(r"input.?schema|json.?schema|tool.?spec|\btools?[./]\d", re.IGNORECASE)
_TOOLS = re.compile(
    r"support\w* (?:the )?tool|tool.?config|\btools?\b[^.]{0,40}not (?:supported|available)", re.IGNORECASE
)
_CEILING = re.compile(
    r"max(?:imum)?.{0,3}(?:output.{0,3}|new.{0,3})?tokens?|maximum (?:number of )?output tokens", re.IGNORECASE
)
_NUMBER = re.compile(r"\d+")
_LOWEST_CEILING = 256  # tokens; smaller numbers in a refusal are none of a ceiling


@dataclass(frozen=True, slots=True)
class Abilities:
    """What a model takes, as far as its refusals have shown.

    Parameters
    ----------
    choice
        Way to have the tool called, an index into ``_CHOICES``; past its end the model takes no tools.
    without_tool
        Names of the schemas that the model refuses as a tool's.
    ceiling
        Most tokens of a reply; ``None`` if it has refused no number.
    """

    temperature: bool = True
    system: bool = True
    cache_points: bool = True
    choice: int = 0
    without_tool: frozenset[str] = frozenset()
    ceiling: int | None = None

    def learned(self, refusal: str, body: Mapping[str, Any]) -> "Abilities | None":
        """Return the abilities without what a refusal names; ``None`` if it names nothing that can be left out.

        The refusal is compared with the body of its own call: of several concurrent calls each is refused alike, and
        each is repeated.
        """
        if _has_cache_point(body) and _CACHE.search(refusal):
            return replace(self, cache_points=False)
        limits = body["inferenceConfig"]
        if "temperature" in limits and _TEMPERATURE.search(refusal):
            return replace(self, temperature=False)
        if "system" in body and _SYSTEM.search(refusal):
            return replace(self, system=False)
        if _CEILING.search(refusal):
            numbers = (int(digits) for digits in _NUMBER.findall(refusal) if len(digits) < 10)  # noqa: PLR2004 - no date
            lower = [number for number in numbers if _LOWEST_CEILING <= number < limits["maxTokens"]]
            if lower:
                return replace(self, ceiling=max(lower))
        tools = body.get("toolConfig")
        return None if tools is None else self._learned_of_tools(refusal, tools)

    def _learned_of_tools(self, refusal: str, tools: Mapping[str, Any]) -> "Abilities | None":
        if _CHOICE.search(refusal):
            sent = next(iter(tools.get("toolChoice", {"auto": {}})))
            return replace(self, choice=max(self.choice, _CHOICES.index(sent) + 1))
        if _SCHEMA.search(refusal):
            return replace(self, without_tool=self.without_tool | {tools["tools"][0]["toolSpec"]["name"]})
        if _TOOLS.search(refusal):
            return replace(self, choice=len(_CHOICES))
        return None

    def left_out(self) -> tuple[str, ...]:
        """Return the names of what is left out; those of response formats are chat completions'."""
        lacks = [] if self.cache_points else ["cachePoint"]
        if not self.temperature:
            lacks.append("temperature")
        if not self.system:
            lacks.append("the system role")
        if self.ceiling is not None:
            lacks.append(f"maxTokens>{self.ceiling}")
        lacks += [f"toolSpec.{name}" for name in sorted(self.without_tool)]
        if self.choice >= len(_CHOICES):
            return (*lacks, "json_schema", "json_object")
        return (*lacks, *(f"toolChoice.{choice}" for choice in _CHOICES[: self.choice]))


def tool_name(schema_name: str) -> str:
    """Return the name of the tool for a schema, of the characters that tools' names may have."""
    return _NO_TOOL_NAME.sub("_", schema_name)[:_LONGEST_TOOL_NAME] or "answer"


def converse_body(
    model: str, request: LLMRequest, images: Mapping[str, bytes], ceiling: int, abilities: Abilities
) -> dict[str, Any]:
    """Return a request as Converse has it, with each picture as bytes.

    Parameters
    ----------
    ceiling
        Most tokens of the reply.

    Raises
    ------
    TaskError
        If a message can't be sent as UTF-8, or models do not accept an image's format.
    """
    request.check_text()
    cached = _shared_messages(request) if abilities.cache_points else 0
    system, turns = _turns(request, images, cached)
    if system and turns and not abilities.system:
        turns[0]["content"][:0] = system
        system = []
    limits: dict[str, Any] = {"maxTokens": ceiling}
    if abilities.temperature:
        limits["temperature"] = request.temperature
    body: dict[str, Any] = {"modelId": model, "messages": turns, "inferenceConfig": limits}
    if system:
        body["system"] = system
    name = tool_name(request.schema_name)
    if request.schema is not None and abilities.choice < len(_CHOICES) and name not in abilities.without_tool:
        description = "Takes the answer. Call it once, with the whole answer."
        tool = {"name": name, "description": description, "inputSchema": {"json": tool_schema(request.schema)}}
        choice = _CHOICES[abilities.choice]
        body["toolConfig"] = {
            "tools": [{"toolSpec": tool}],
            "toolChoice": {choice: {"name": name} if choice == "tool" else {}},
        }
    return body


def prompt_of(body: Mapping[str, Any]) -> str:
    """Return the texts of a request."""
    blocks = [*body.get("system", ()), *(block for message in body["messages"] for block in message["content"])]
    return " ".join(block["text"] for block in blocks if "text" in block)


def read_reply(answer: Mapping[str, Any], model: str, longest: int | None, latency_ms: int) -> Reply:
    """Return the reply in a parsed response: the input of the tool that it calls, or else its text.

    Parameters
    ----------
    longest
        Most characters of the reply, past which it counts as cut; ``None`` for any number.

    Raises
    ------
    ProviderBusy
        If the response has no message or no stop reason: botocore reads a body that was cut as one without them.
    """
    output, stop_reason = answer.get("output"), answer.get("stopReason")
    message = output.get("message") if isinstance(output, Mapping) else None
    content = message.get("content") if isinstance(message, Mapping) else None
    if not isinstance(content, list) or not isinstance(stop_reason, str) or not stop_reason:
        raise cut_off()
    text, usage = _text(content), _usage(answer.get("usage"))
    is_cut = longest is not None and len(text) > longest
    return Reply(
        text=text,
        finish_reason="max_tokens" if is_cut else stop_reason,
        refusal=False,
        model=model,
        usage=usage.known_for(text) if usage else None,
        latency_ms=latency_ms,
    )


def _shared_messages(request: LLMRequest) -> int:
    """Return how many messages form the prefix that requests of the kind share; 0 if none of it would be cached.

    Those of a repeated request are the first one's: what follows them is one student's.
    """
    if prefix_tokens(request) < SHORTEST_PREFIX:
        return 0
    roles = [message.role for message in request.messages]
    asked = roles.index("assistant") if "assistant" in roles else len(roles)
    return max(asked - 1, 0)


def _turns(
    request: LLMRequest, images: Mapping[str, bytes], cached: int
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return the system's blocks and the messages, in which user and assistant must take turns.

    A message of the system that comes after a turn is the user's, as only those before have a place of their own.
    """
    system: list[dict[str, Any]] = []
    turns: list[dict[str, Any]] = []
    for place, message in enumerate(request.sent, start=1):
        blocks = _blocks(message, images)
        if message.role == "system" and not turns:
            system += blocks
        elif blocks:
            role = "assistant" if message.role == "assistant" else "user"
            if not turns or turns[-1]["role"] != role:
                turns.append({"role": role, "content": []})
            turns[-1]["content"] += blocks
        if place == cached:
            (turns[-1]["content"] if turns else system).append(_CACHE_POINT)
    return system, turns


def _blocks(message: Message, images: Mapping[str, bytes]) -> list[dict[str, Any]]:
    """Return the blocks of a message. A blank text is left out, as Converse refuses it."""
    blocks: list[dict[str, Any]] = []
    for image in message.images:
        data = images[image.sha256]
        kind = shown_image_ending(data).replace("jpg", "jpeg")
        blocks.append({"image": {"format": kind, "source": {"bytes": data}}})
    if message.text.strip():
        blocks.append({"text": message.text})
    return blocks


def _has_cache_point(body: Mapping[str, Any]) -> bool:
    return any(_CACHE_POINT in blocks for blocks in (body.get("system", ()), *(m["content"] for m in body["messages"])))


def _text(content: list[Any]) -> str:
    """Return the input of the tool's call, or the text. Calls that differ are all returned, which no task accepts."""
    blocks = [block for block in content if isinstance(block, Mapping)]
    calls = [call for block in blocks if isinstance(call := block.get("toolUse"), Mapping)]
    if calls:
        return "\n".join(dict.fromkeys(json.dumps(call.get("input"), ensure_ascii=False) for call in calls))
    return "".join(block["text"] for block in blocks if isinstance(block.get("text"), str))


def _usage(usage: Any) -> TokenUsage | None:
    """Return the tokens of a call. Converse counts those that a cache held, or got, beside ``inputTokens``."""
    if not isinstance(usage, Mapping):
        return None
    sent, received = _count(usage.get("inputTokens")), _count(usage.get("outputTokens"))
    if sent is None or received is None:
        return None
    cached, written = _count(usage.get("cacheReadInputTokens")) or 0, _count(usage.get("cacheWriteInputTokens")) or 0
    return TokenUsage(sent + cached + written, cached, received, written)


def _count(value: Any) -> int | None:
    is_number = isinstance(value, int) and not isinstance(value, bool)
    return value if is_number and 0 <= value <= _MOST_TOKENS else None
