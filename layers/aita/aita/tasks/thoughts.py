"""What a model thinks before it answers, where its server leaves that in the reply."""

import re

from aita.errors import UnparsableReply

_TAG = r"think(?:ing)?|thoughts?|reason(?:ing)?"
_CLOSED = rf"(?i:</(?:{_TAG})\s{{0,9}}>)|\[/THINK\]|◁/think▷|<\|channel\|>final<\|message\|>"
_OPENS = re.compile(rf"(?i:<(?:{_TAG})(?:\s[^<>]{{0,99}})?>)|\[THINK\]|◁think▷|<\|channel\|>analysis<\|message\|>")
_CLOSES = re.compile(rf"(?<!`)(?:{_CLOSED})")
"""The tags of the models that are served by vLLM, llama.cpp and Ollama; one in backquotes is spoken of."""


def answer_of(reply: str) -> str:
    """Return a reply without the thoughts that it begins with; one that has none is returned as it is.

    Some servers put the opening tag into the prompt, so that only the closing one comes. It closes nothing where
    the reply begins as JSON: then it stands in a text.

    Raises
    ------
    UnparsableReply
        If nothing is left, or the thoughts never end.
    """
    thoughts, answer = _parted(reply)
    if not answer.strip():
        raise UnparsableReply("it holds thoughts and no answer" if thoughts else "it is empty")
    return answer


def is_marked(reply: str) -> bool:
    """Tell whether a reply says that it begins with thoughts."""
    return _OPENS.match(reply.lstrip()) is not None


def _parted(reply: str) -> tuple[str, str]:
    """Return the thoughts that a reply begins with, and the rest of it."""
    rest = reply.lstrip()
    while opened := _OPENS.match(rest):
        closed = _CLOSES.search(rest, opened.end())
        if closed is None:
            return reply, ""
        rest = rest[closed.end() :].lstrip()
    if len(rest) == len(reply.lstrip()):
        closed = None if rest.startswith(("{", "[")) else _CLOSES.search(rest)
        if closed is None:
            return "", reply
        rest = rest[closed.end() :].lstrip()
    return reply[: len(reply) - len(rest)], rest
