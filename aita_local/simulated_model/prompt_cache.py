"""A prefix cache as providers have one: a prompt's beginning is cheaper once a reply to it has been sent."""

import hashlib
from collections.abc import Iterator

SHORTEST, STEP = 1024, 128
"""In tokens: from which length on prompts are cached, and in which steps (OpenAI, "Prompt caching")."""


class PrefixCache:
    """The beginnings of the prompts that were answered, as hashes."""

    def __init__(self, characters_per_token: int) -> None:
        self._characters = characters_per_token
        self._known: set[bytes] = set()

    def cached(self, text: str) -> int:
        """Return how many tokens of a prompt are known."""
        known = 0
        for tokens, prefix in self._prefixes(text):
            if prefix not in self._known:
                break
            known = tokens
        return known

    def answered(self, text: str) -> None:
        """Remember a prompt whose reply is sent."""
        self._known.update(prefix for _, prefix in self._prefixes(text))

    def _prefixes(self, text: str) -> Iterator[tuple[int, bytes]]:
        for tokens in range(SHORTEST, len(text) // self._characters + 1, STEP):
            yield tokens, hashlib.sha256(text[: tokens * self._characters].encode("utf-8", "replace")).digest()
