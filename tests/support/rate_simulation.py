"""Calls through a limiter against a provider with a token bucket, in simulated time: no thread and no sleep."""

import heapq
import itertools
import math
import random
from dataclasses import dataclass, field

from aita.memory.rate_limiter import MemoryRateLimiter
from aita.models.effort import DEFAULT_EFFORT
from aita.models.rate_limits import Rates
from aita.ports import Reply, TokenUsage
from aita.services.calls.pacing import Pacing
from aita.services.calls.token_expectations import TokenExpectations
from aita.tasks.request import LLMRequest, Message, Parameters

JITTER = 0.05
"""Seconds that a call may take on its way at the most."""

NEWS = 0.25
"""Seconds until a refusal is known at the most: a busy client reads its answers late."""

STARTED = 1000.0


@dataclass
class Provider:
    """A token bucket of ``rate`` a second and size ``burst``, full at first; down between two times.

    ``teaches`` is whether headers state the rate, ``names_time`` whether a refusal has a Retry-After.
    """

    rate: float
    burst: float
    teaches: bool = False
    names_time: bool = True
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

    waiting, looking = 0, False

    def enter() -> None:
        nonlocal waiting
        waiting += 1
        if not looking:
            look()

    def look(reservation: float | None = None) -> None:
        """Let the next ones through the turnstile, until one must wait for its slot."""
        nonlocal waiting, looking
        while waiting:
            slot = limiter.reserve(told, 1, reservation)
            if slot.wait:
                looking = True
                at(now + min(slot.wait, 0.5), "due", slot.available_at)
                return
            waiting, reservation = waiting - 1, None
            at(now + chance.uniform(0, JITTER), "call")
        looking = False

    started = min(tasks, concurrency)
    for _ in range(started):
        enter()
    answered = refused = 0
    while events:
        now, _, what, told_with = heapq.heappop(events)
        match what:
            case "due":
                look(told_with)
            case "call":
                retry_after = provider.refuses(now)
                if retry_after is None:
                    at(now + latency, "answer")
                else:
                    refused += 1
                    at(now + chance.uniform(0, NEWS), "refusal", retry_after)
            case "refusal":
                wait = told_with if provider.names_time else None
                limiter.close(told, wait, Rates(provider.rate) if provider.teaches else Rates())
                enter()
            case "answer":
                answered += 1
                if started < tasks:
                    started += 1
                    enter()
    return Simulated(now - STARTED, answered, refused)


def simulate_tokens(
    told: Rates, *, seconds: float, concurrency: int, latency: tuple[float, float], tokens: int, silent: float = 0.0
) -> list[tuple[float, int]]:
    """Make calls that use so many tokens for so many seconds; return the time and the tokens of each.

    Parameters
    ----------
    latency
        Shortest and longest duration of a call.
    silent
        Share of the replies that report no usage.
    """
    chance = random.Random(1)
    now = STARTED
    pacing = Pacing(MemoryRateLimiter(lambda: now), TokenExpectations(DEFAULT_EFFORT))
    request = LLMRequest((Message("user", "?" * 100),), "chat", None, Parameters())
    ends: list[tuple[float, int, int]] = []
    order = itertools.count()
    calls: list[tuple[float, int]] = []
    while now < STARTED + seconds:
        reserved = pacing.expectations.expect(request)
        slot = pacing.limiter.reserve(told, reserved)
        while slot.wait or len(ends) == concurrency:
            due = now + slot.wait if len(ends) < concurrency else math.inf
            if ends and ends[0][0] <= due:
                now, _, used = heapq.heappop(ends)
                usage = None if chance.random() < silent else TokenUsage(tokens - 500, 0, 500)
                pacing.record_answer(told, request, used, Reply("", "stop", False, "m", usage, 0))
            else:
                now = due
            slot = pacing.limiter.reserve(told, reserved, slot.available_at)
        calls.append((now - STARTED, tokens))
        heapq.heappush(ends, (now + chance.uniform(*latency), next(order), reserved))
    return calls
