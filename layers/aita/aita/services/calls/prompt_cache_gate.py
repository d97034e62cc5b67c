"""Prefix-cache scheduling: the first call of a prefix goes ahead, the others follow once it has filled the cache."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Protocol

from aita.tasks.request import LLMRequest
from aita.tasks.tokens import prefix_tokens

SHORTEST_PREFIX = 1024
"""Tokens from which on providers cache a prompt's beginning (OpenAI, "Prompt caching"); below it nobody waits."""

LONGEST_WAIT = 2.0
"""Seconds that the others wait for the first at the most."""

KEPT = 240.0
"""Seconds for which a filled cache is counted on: providers keep an unused prefix for 5 to 10 minutes."""

_POLL = 0.1


class PrefixState(Enum):
    """Where a call stands in its prefix's group."""

    FIRST = auto()
    FOLLOWS = auto()
    FILLED = auto()


class PromptCaches(Protocol):
    """What is known of each prefix, shared by all who call the model."""

    def enter(self, prefix: str) -> PrefixState:
        """Take a place: FIRST for one caller only, until it has filled the cache or LONGEST_WAIT has passed."""
        ...

    def fill(self, prefix: str) -> None:
        """Record that a call with this prefix has been answered, so that it is cached for about KEPT seconds."""
        ...


@dataclass(slots=True)
class PromptCacheGate:
    """Holds calls back until their prefix is cached. One is kept for a process's lifetime."""

    prefixes: PromptCaches
    sleep: Callable[[float], None]
    now: Callable[[], float]
    _filled: dict[str, float] = field(default_factory=dict)

    def wait(self, request: LLMRequest, context: str) -> str | None:
        """Wait while another call fills the cache; return the prefix that this call is to fill, if it goes first.

        Parameters
        ----------
        context
            The provider and model, whose cache it is.
        """
        if prefix_tokens(request) < SHORTEST_PREFIX:
            return None
        prefix = hashlib.sha256(f"{context}\0{request.prefix}".encode()).hexdigest()
        deadline = self.now() + LONGEST_WAIT
        while self.now() - self._filled.get(prefix, float("-inf")) >= KEPT:
            match self.prefixes.enter(prefix):
                case PrefixState.FIRST:
                    return prefix
                case PrefixState.FILLED:
                    self._filled[prefix] = self.now()
                case PrefixState.FOLLOWS if self.now() >= deadline:
                    break
                case PrefixState.FOLLOWS:
                    self.sleep(_POLL)
        return None

    def filled(self, prefix: str) -> None:
        """Let the others follow: the first call has been answered."""
        self.prefixes.fill(prefix)
        self._filled[prefix] = self.now()
