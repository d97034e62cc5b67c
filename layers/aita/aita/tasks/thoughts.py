"""Thoughts of a model before its answer, where the server leaves them in the reply."""

import re

from aita.errors import UnparsableReplyError

_SERVERS = "think"
"""Tag of the models that are served by vLLM, llama.cpp and Ollama."""
_MODELS = r"think(?:ing)?|thoughts?|reason(?:ing)?"
"""Tags that models also write by themselves, and that a prompt for plain text may ask for."""


def _opening(names: str) -> re.Pattern[str]:
    return re.compile(rf"(?i:<(?:{names})(?:\s[^<>]{{0,99}})?>)|\[THINK\]|◁think▷|<\|channel\|>analysis<\|message\|>")


def _closing(names: str) -> re.Pattern[str]:
    tags = rf"(?i:</(?:{names})\s{{0,9}}>)|\[/THINK\]|◁/think▷|<\|channel\|>final<\|message\|>"
    return re.compile(rf"(?<!`)(?:{tags})")


_OPENS, _CLOSES = _opening(_MODELS), _closing(_MODELS)
"""A closing tag in backquotes is only mentioned, and closes nothing."""
_TEXT_OPENS, _TEXT_CLOSES = _opening(_SERVERS), _closing(_SERVERS)
_TEXT_CLOSES_ALONE = re.compile(rf"(?m:^)(?:{_TEXT_CLOSES.pattern})|(?:{_TEXT_CLOSES.pattern})\s*\Z")
"""A closing tag without an opening one counts at the beginning of a line or the end of the reply only."""
_TAG_BEGINS = ("</", "[/", "◁/", "<|")
"""Beginnings of closing tags: a text without them, as most are, needs no slow search."""


def answer_of(reply: str) -> str:
    """Return a reply in JSON without the thoughts before it, or as it is if it has none.

    Some servers put the opening tag into the prompt, so that only the closing one comes. In a reply that begins as
    JSON the tag closes nothing, as it belongs to a string.

    Raises
    ------
    UnparsableReplyError
        If nothing is left, or the thoughts never end.
    """
    rest = _after(reply, _OPENS, _CLOSES)
    if rest == reply and not reply.lstrip().startswith(("{", "[")) and (closed := _CLOSES.search(reply)):
        rest = reply[closed.end() :]
    return _checked(reply, rest)


def text_of(reply: str) -> str:
    """Return a reply in plain text without the thoughts before it.

    Only servers' own tags mark thoughts here: the text may be about other tags, or have them because the prompt asks.

    Raises
    ------
    UnparsableReplyError
        If nothing is left, or the thoughts never end.
    """
    rest = _after(reply, _TEXT_OPENS, _TEXT_CLOSES)
    may_close = any(begin in reply for begin in _TAG_BEGINS)
    if may_close and rest == reply and (closed := _TEXT_CLOSES_ALONE.search(reply)):
        rest = reply[closed.end() :]
    return _checked(reply, rest)


def is_marked(reply: str) -> bool:
    """Tell whether a reply begins with a tag that opens thoughts."""
    return _OPENS.match(reply.lstrip()) is not None


def closes_thoughts(text: str) -> bool:
    """Tell whether a text holds a tag that closes thoughts."""
    return _CLOSES.search(text) is not None


def _after(reply: str, opens: re.Pattern[str], closes: re.Pattern[str]) -> str:
    """Return the text after the marked thoughts at a reply's beginning; empty if they never end."""
    rest = reply
    while opened := opens.match(rest.lstrip()):
        rest = rest.lstrip()
        closed = closes.search(rest, opened.end())
        rest = rest[closed.end() :] if closed else ""
    return rest


def _checked(reply: str, rest: str) -> str:
    if rest == reply and rest.strip():
        return reply
    if not rest.strip():
        raise UnparsableReplyError("it holds thoughts and no answer" if reply.strip() else "it is empty")
    return rest.lstrip()
