"""Prompt-cache scheduling: the first call of a prefix fills the provider's cache, and the others wait for it."""

import hashlib
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Protocol

from aita.tasks.request import LLMRequest
from aita.tasks.tokens import prefix_tokens

SHORTEST_PREFIX = 1024
"""Shortest prefix that providers cache, in tokens (OpenAI, "Prompt caching"). Calls with a shorter one do not wait."""

LONGEST_FILL_WAIT = 2.0
"""Longest wait of a call for the first call of its prefix, in seconds."""

CACHE_LIFETIME = 240.0
"""Assumed lifetime of a cached prefix, in seconds: providers keep an unused prefix for 5 to 10 minutes."""

_POLL_SECONDS = 0.1


class PrefixState(Enum):
    """State of a prefix as a call finds it."""

    FIRST = auto()
    """No call has filled the cache: this one must."""
    FOLLOWS = auto()
    """Another call is filling the cache."""
    FILLED = auto()
    """The prefix is cached."""


class PromptCaches(Protocol):
    """States of prefixes, shared by all callers of the model."""

    def enter(self, prefix: str) -> PrefixState:
        """Return a prefix's state: FIRST for one caller, until it fills the cache or LONGEST_FILL_WAIT passes."""
        ...

    def fill(self, prefix: str) -> None:
        """Record a successful call with this prefix, which is then cached for about CACHE_LIFETIME."""
        ...


@dataclass(slots=True)
class PromptCacheGate:
    """Delays calls until their prefix is cached. One object lives as long as its process.

    ``sleep`` and ``now`` are in seconds.
    """

    prefixes: PromptCaches
    sleep: Callable[[float], None]
    now: Callable[[], float]
    _filled: dict[str, float] = field(default_factory=dict)
    _abandoned: set[str] = field(default_factory=set)

    def wait(self, request: LLMRequest, context: str) -> str | None:
        """Wait while another call fills the cache; return the digest of the prefix if this call must fill it.

        Parameters
        ----------
        context
            Provider and model, which own the cache.
        """
        if prefix_tokens(request) < SHORTEST_PREFIX:
            return None
        prefix = hashlib.sha256(f"{context}\0{request.prefix}".encode("utf-8", "surrogatepass")).hexdigest()
        with suppress(KeyError):  # of several threads one removes it
            self._abandoned.remove(prefix)
            return prefix
        deadline = self.now() + LONGEST_FILL_WAIT
        while self.now() - self._filled.get(prefix, float("-inf")) >= CACHE_LIFETIME:
            match self.prefixes.enter(prefix):
                case PrefixState.FIRST:
                    return prefix
                case PrefixState.FILLED:
                    self._filled[prefix] = self.now()
                case PrefixState.FOLLOWS if self.now() >= deadline:
                    break
                case PrefixState.FOLLOWS:
                    self.sleep(_POLL_SECONDS)
        return None

    def abandon(self, prefix: str) -> None:
        """Let the next call with this prefix fill the cache at once, after the provider could not answer the first."""
        self._abandoned.add(prefix)

    def mark_filled(self, prefix: str) -> None:
        """Let waiting calls continue, after the first call with this prefix has succeeded."""
        self.prefixes.fill(prefix)
        self._filled[prefix] = self.now()
