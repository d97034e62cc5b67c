"""Calls through a limiter against a provider with a token bucket, in simulated time: no thread and no sleep."""

import heapq
import itertools
import math
import random
from dataclasses import dataclass, field

from aita.memory.rate_limiter import MemoryRateLimiter
from aita.models.rate_limits import Rates

JITTER = 0.05
"""Seconds that a call may take on its way at the most."""

NEWS = 0.25
"""Seconds until a refusal is known at the most: a busy client reads its answers late."""

STARTED = 1000.0


@dataclass
class Provider:
    """A token bucket of ``rate`` a second and size ``burst``, full at first; down between two times."""

    rate: float
    burst: float
    teaches: bool = False
    down: tuple[float, float] = (-1.0, -1.0)
    _tokens: float = field(init=False)
    _at: float = STARTED

    def __post_init__(self) -> None:
        self._tokens = self.burst

    def refuses(self, now: float) -> float | None:
        """Take a call and return ``None``, or the seconds of Retry-After."""
        if self.down[0] <= now - STARTED < self.down[1]:
            return math.ceil(self.down[1] + STARTED - now)
        self._tokens = min(self.burst, self._tokens + (now - self._at) * self.rate)
        self._at = now
        if self._tokens < 1:
            return max(1, math.ceil((1 - self._tokens) / self.rate))
        self._tokens -= 1
        return None


@dataclass(frozen=True)
class Simulated:
    """How long it took in seconds, and how many calls were answered and refused."""

    seconds: float
    answered: int
    refused: int

    @property
    def refused_share(self) -> float:
        return self.refused / (self.answered + self.refused)


def simulate(
    provider: Provider, told: Rates, *, tasks: int, concurrency: int, latency: float, seed: int = 1
) -> Simulated:
    """Run tasks with so many at once; a refused call is made again as the limiter says."""
    chance = random.Random(seed)
    now = STARTED
    limiter = MemoryRateLimiter(lambda: now)
    events: list[tuple[float, int, str, float | None]] = []
    order = itertools.count()

    def at(time: float, what: str, held: float | None = None) -> None:
        heapq.heappush(events, (time, next(order), what, held))

    def reserve(reservation: float | None = None) -> None:
        slot = limiter.reserve(told, 1, reservation)
        if slot.wait:
            at(now + slot.wait, "due", slot.available_at)
        else:
            at(now + chance.uniform(0, JITTER), "call")

    started = min(tasks, concurrency)
    for _ in range(started):
        reserve()
    answered = refused = 0
    while events:
        now, _, what, told_with = heapq.heappop(events)
        match what:
            case "due":
                reserve(told_with)
            case "call":
                retry_after = provider.refuses(now)
                if retry_after is None:
                    at(now + latency, "answer")
                else:
                    refused += 1
                    at(now + chance.uniform(0, NEWS), "refusal", retry_after)
            case "refusal":
                limiter.close(told, told_with or 0, Rates(provider.rate) if provider.teaches else Rates())
                reserve()
            case "answer":
                answered += 1
                if started < tasks:
                    started += 1
                    reserve()
    return Simulated(now - STARTED, answered, refused)
