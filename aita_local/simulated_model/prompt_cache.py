"""Prefix cache like a provider's: the beginning of an answered prompt is cheaper the next time."""

import hashlib
from collections.abc import Iterator

SHORTEST, STEP = 1024, 128
"""Shortest cached prefix, and the steps of longer ones, in tokens (OpenAI, "Prompt caching")."""


class PrefixCache:
    """Prefixes of the answered prompts, as hashes."""

    def __init__(self, characters_per_token: int) -> None:
        self._characters = characters_per_token
        self._known: set[bytes] = set()

    def cached(self, text: str) -> int:
        """Return the number of a prompt's tokens that are cached."""
        known = 0
        for tokens, prefix in self._prefixes(text):
            if prefix not in self._known:
                break
            known = tokens
        return known

    def add(self, text: str) -> None:
        """Add the prefixes of an answered prompt."""
        self._known.update(prefix for _, prefix in self._prefixes(text))

    def _prefixes(self, text: str) -> Iterator[tuple[int, bytes]]:
        for tokens in range(SHORTEST, len(text) // self._characters + 1, STEP):
            yield tokens, hashlib.sha256(text[: tokens * self._characters].encode("utf-8", "replace")).digest()
