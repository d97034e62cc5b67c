"""Claims in memory."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from aita.models.claim import Claim


@dataclass
class MemoryClaims:
    """Claims by assignment and cell."""

    data: dict[tuple[str, str], Claim] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def claim(self, assignment: str, claim: Claim, now: datetime) -> bool:
        """Write a claim unless another person or window holds one."""
        with self._lock:
            held = self.data.get((assignment, claim.cell_id))
            if held is not None and held.until > now and not held.is_of(claim.caller, claim.window):
                return False
            self.data[assignment, claim.cell_id] = claim
            return True

    def release(self, assignment: str, cell_id: str, caller: str, window: str, now: datetime) -> None:
        """End a claim of this person and window."""
        with self._lock:
            held = self.data.get((assignment, cell_id))
            if held is not None and held.is_of(caller, window):
                self.data[assignment, cell_id] = held.model_copy(update={"until": now})

    def of(self, assignment: str) -> Iterator[Claim]:
        """Yield an assignment's claims."""
        yield from [claim for (whose, _), claim in self.data.items() if whose == assignment]
