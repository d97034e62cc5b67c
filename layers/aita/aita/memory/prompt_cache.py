"""Prefixes of one process."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from aita.forks import renew_in_children
from aita.services.calls.prompt_cache_gate import KEPT, LONGEST_WAIT, PrefixState


@dataclass(eq=False)
class MemoryPromptCaches:
    """When each prefix was filled, and until when somebody is filling it."""

    now: Callable[[], float]
    _filled: dict[str, float] = field(default_factory=dict)
    _filling: dict[str, float] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        renew_in_children(self, type(self)._renew)

    def enter(self, prefix: str) -> PrefixState:
        """Take a place: FIRST for one caller only, until it has filled the cache or LONGEST_WAIT has passed."""
        with self._lock:
            now = self.now()
            if now - self._filled.get(prefix, float("-inf")) < KEPT:
                return PrefixState.FILLED
            if now < self._filling.get(prefix, float("-inf")):
                return PrefixState.FOLLOWS
            self._filling[prefix] = now + LONGEST_WAIT
            return PrefixState.FIRST

    def fill(self, prefix: str) -> None:
        """Record that a call with this prefix has been answered."""
        with self._lock:
            self._filled[prefix] = self.now()

    def _renew(self) -> None:
        self._lock = threading.Lock()
