"""Prompt-cache states of one process."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from aita.forks import renew_in_children
from aita.services.calls.prompt_cache_gate import CACHE_LIFETIME, LONGEST_FILL_WAIT, PrefixState


@dataclass(eq=False)
class MemoryPromptCaches:
    """States of prefixes in memory. ``now`` returns seconds."""

    now: Callable[[], float]
    _filled: dict[str, float] = field(default_factory=dict)
    _filling: dict[str, float] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        renew_in_children(self, type(self)._renew)

    def enter(self, prefix: str) -> PrefixState:
        """Return a prefix's state: FIRST for one caller, until it fills the cache or LONGEST_FILL_WAIT passes."""
        with self._lock:
            now = self.now()
            if now - self._filled.get(prefix, float("-inf")) < CACHE_LIFETIME:
                return PrefixState.FILLED
            if now < self._filling.get(prefix, float("-inf")):
                return PrefixState.FOLLOWS
            self._filling[prefix] = now + LONGEST_FILL_WAIT
            return PrefixState.FIRST

    def fill(self, prefix: str) -> None:
        """Record a successful call with this prefix."""
        with self._lock:
            self._filled[prefix] = self.now()

    def _renew(self) -> None:
        self._lock = threading.Lock()
