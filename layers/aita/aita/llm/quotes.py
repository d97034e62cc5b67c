"""Quotes of the prompt in a provider's refusal, which are no words of the provider's own."""

import re
from typing import Any

_RUN = 8
"""Words in a row that stand in the refusal and in the prompt, at which they are a quote."""
_DEEPEST = 6


def without_quotes(body: Any, prompt: str) -> Any:
    """Return the body of a refusal, parsed JSON or a text, without what its texts quote of the prompt.

    A student may write the words of any refusal.
    """
    return _without(body, prompt.lower(), 0)


def _without(body: Any, asked: str, depth: int) -> Any:
    if isinstance(body, str):
        return _unquoted(body, asked)
    if depth >= _DEEPEST:
        return body
    if isinstance(body, list):
        return [_without(each, asked, depth + 1) for each in body]
    if isinstance(body, dict):
        return {name: _without(each, asked, depth + 1) for name, each in body.items()}
    return body


def _unquoted(text: str, asked: str) -> str:
    words = list(re.finditer(r"\w+", text))
    runs: dict[tuple[str, ...], list[int]] = {}
    for first in range(len(words) - _RUN + 1):
        runs.setdefault(tuple(word[0].lower() for word in words[first : first + _RUN]), []).append(first)
    if not runs:
        return text
    said = re.findall(r"\w+", asked)
    quoted: set[int] = set()
    for place in range(len(said) - _RUN + 1):
        for first in runs.get(tuple(said[place : place + _RUN]), ()):
            quoted.update(range(first, first + _RUN))
    kept, end = "", 0
    for number in sorted(quoted):
        word = words[number]
        kept += text[end : word.start()] if number - 1 not in quoted else ""
        end = word.end()
    return kept + text[end:]
