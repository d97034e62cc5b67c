"""The rate limit as arithmetic: a token bucket in its reserving form, that a provider's refusals slow down.

The bucket is two numbers, the times at which the next request and the next tokens are due (GCRA, the
generic cell rate algorithm of ATM: ITU-T I.371, in its virtual scheduling form). A taker moves them on
by what its call takes, and so reserves its slot. Everything else in the bucket changes only when the
provider refuses or teaches; ``epoch`` counts those changes, so that a taker can compute with a copy and
have the copy checked by one condition.

All times are in whole milliseconds since the epoch of the limiter's clock. Clocks of two machines that
differ by a second shift slots by a second; no slot is given twice or lost by it.
"""

import math
from dataclasses import dataclass, field, replace
from typing import Self

from aita.models.rate_limits import Rates

REQUEST_BURST = 900
"""Unused rate that is kept, in ms: a little less than the second that providers keep, so that calls which
arrive a little early are not refused."""

SHARED_BURST = 500
"""The same for a bucket in DynamoDB. The time that a taker's requests need comes to it: a slot is reserved for the
moment when it was asked for, and used when the answer is there."""

TOKEN_BURST = 10_000
"""The same for tokens, whose limits are by the minute."""

DECREASE = 0.8
"""What remains of the rate after a refusal at least (multiplicative decrease). It is not lowered below that at once,
even if less was seen to go through: where Retry-After is longer than it need be, that measure is too low."""

MEASURED = 0.95
"""What is taken of the rate that was seen to go through: a part of it may have come from the provider's burst."""

INCREASE = 0.05
"""What the lowered rate grows by in a second, as a part of itself (additive increase), up to what is told or taught."""

FIRST_GUESS = 2.0
"""Requests a second after the first refusal when nothing is known, or next to nothing went through."""

SLOW_START = 2.0
"""What that guess is multiplied by each second until the next refusal. A first guess that was measured is near the
limit, and grows as any other."""

SLOWEST = 0.01
"""Requests a second: no refusals slow the bucket further."""

SHARD_RATE = 250.0
"""Calls a second that one shared bucket lets through at the most. DynamoDB takes 1,000 writes a second to an item (AWS:
"warm throughput"); who has an old copy writes twice, and while a run starts, twice as many may ask."""

FEWEST_TOKENS = 500
"""Of a call, to tell from a limit of tokens alone how many calls a second there may be."""

_GOLDEN = (math.sqrt(5) - 1) / 2

_SAME_REFUSAL = 500
"""Refusals this soon, in ms, after the bucket opened again are of calls made before it closed."""

_LONGEST_START = 10.0
_TAUGHT_ANEW = 0.05


@dataclass(frozen=True, slots=True)
class Step:
    """What one call moves the bucket on by: the floor of each time, and the ms to add to it; ``None`` is no limit."""

    opens: int
    burst: int
    request: int | None
    tokens: int | None

    @property
    def requests_floor(self) -> int:
        """The earliest that ``requests_at`` counts from: the bucket is full then."""
        return self.opens - self.burst

    @property
    def tokens_floor(self) -> int:
        """The earliest that ``tokens_at`` counts from."""
        return self.opens - TOKEN_BURST


@dataclass(frozen=True, slots=True)
class Bucket:
    """The whole state.

    ``lowered`` is the rate, in requests a second, that refusals brought it down to, as of ``since``. It is
    ``found`` once there was a rate to lower, and a first guess, which grows fast, until then. ``burst`` is
    the unused rate that is kept, in ms.
    """

    requests_at: int = 0
    tokens_at: int = 0
    closed_until: int = 0
    learnt: Rates = field(default_factory=Rates)
    lowered: float | None = None
    found: bool = False
    since: int = 0
    epoch: int = 0
    burst: int = REQUEST_BURST

    def reserve(self, now: int, told: Rates, tokens: int) -> tuple[Self, int]:
        """Return the bucket after a call of so many tokens, and when the call is due."""
        step = self.step(now, told, tokens)
        due, requests_at, tokens_at = step.opens, self.requests_at, self.tokens_at
        if step.request is not None:
            at = max(requests_at, step.requests_floor)
            due, requests_at = max(due, at), at + step.request
        if step.tokens is not None:
            at = max(tokens_at, step.tokens_floor)
            due, tokens_at = max(due, at), at + step.tokens
        return replace(self, requests_at=requests_at, tokens_at=tokens_at), due

    def step(self, now: int, told: Rates, tokens: int, shards: int = 1) -> Step:
        """Return what a call moves the bucket on by; it depends on nothing that other calls change.

        One of several ``shards`` gets its part of the rates.
        """
        opens = max(now, self.closed_until)
        rates = self.rates(opens, told)
        requests, by_minute = rates.requests_per_second, rates.tokens_per_minute
        return Step(
            opens,
            self.burst,
            None if requests is None else _whole(1_000 * shards / requests, now),
            None if by_minute is None else _whole(60_000 * shards * tokens / by_minute, now),
        )

    def rates(self, now: int, told: Rates) -> Rates:
        """Return the rates in force: the lowest of what was told, what was taught and what refusals left."""
        return Rates(
            _lowest(told.requests_per_second, self.learnt.requests_per_second, self._grown(now)),
            _lowest(told.tokens_per_minute, self.learnt.tokens_per_minute),
        )

    def close(self, now: int, told: Rates, seconds: float, learnt: Rates, passing: float | None = None) -> Self:
        """Return the bucket closed for so long; refusals that come together lower the rate once.

        ``passing`` is how many requests a second were seen to go through, where the caller knows.
        """
        until, together = self.closing(now, seconds), self.is_lowered(now)
        closed = replace(self, closed_until=until, learnt=_taught(self.learnt, learnt), epoch=self.epoch + 1)
        before = self.rates(now, told).requests_per_second
        if together:
            if passing is None or self.lowered is None or self.found:
                return closed
            return replace(closed, lowered=max(FIRST_GUESS, min(self.lowered, passing * MEASURED)))
        if before is None or (passing is not None and not self.found and self.lowered is not None):
            lowered = max(FIRST_GUESS, (passing or 0.0) * MEASURED)
        elif passing is None:
            lowered = before * DECREASE
        else:
            lowered = min(before, max(before * DECREASE, passing * MEASURED))
        return replace(closed, lowered=max(SLOWEST, lowered), found=before is not None, since=until)

    def closing(self, now: int, seconds: float) -> int:
        """Return until when a refusal closes the bucket; one that comes late was refused with the others before it."""
        return max(self.closed_until, now + round(seconds * 1_000) - (_SAME_REFUSAL if self.is_lowered(now) else 0))

    def learn(self, learnt: Rates) -> Self:
        """Return the bucket with limits that headers told; the same one if it knows them already."""
        taught = _taught(self.learnt, learnt)
        return self if taught == self.learnt else replace(self, learnt=taught, epoch=self.epoch + 1)

    def is_lowered(self, now: int) -> bool:
        """Tell whether a refusal that comes now is of the same moment as the last, which has lowered the rate."""
        return bool(self.since) and now < self.since + _SAME_REFUSAL

    @property
    def is_limiting(self) -> bool:
        """Whether it holds anything back by itself, without a rate that is told."""
        return self.lowered is not None or bool(self.learnt)

    def _grown(self, now: int) -> float | None:
        if self.lowered is None:
            return None
        seconds = max(0, now - self.since) / 1_000
        if self.found or self.lowered > FIRST_GUESS:
            return self.lowered * (1 + INCREASE * seconds)
        return self.lowered * float(SLOW_START ** min(seconds, _LONGEST_START))


def shards(rates: Rates) -> int:
    """Return how many shared buckets these rates need: a power of two, so that it changes seldom."""
    by_tokens = None if rates.tokens_per_minute is None else rates.tokens_per_minute / 60 / FEWEST_TOKENS
    calls = _lowest(rates.requests_per_second, by_tokens)
    return 1 if calls is None or calls <= SHARD_RATE else 1 << math.ceil(math.log2(calls / SHARD_RATE))


def _whole(ms: float, now: int) -> int:
    """Return whole ms that are right on average: at 400 calls a second, 2.5 ms must not become 2 each time.

    Whether the part of a ms counts is told by the time (Weyl's sequence is spread evenly), not by chance.
    """
    return int(ms + now * _GOLDEN % 1)


def _lowest(*rates: float | None) -> float | None:
    return min((rate for rate in rates if rate is not None), default=None)


def _taught(known: Rates, told: Rates) -> Rates:
    return Rates(
        _renewed(known.requests_per_second, told.requests_per_second),
        _renewed(known.tokens_per_minute, told.tokens_per_minute),
    )


def _renewed(known: float | None, told: float | None) -> float | None:
    if told is None or (known is not None and abs(told - known) <= _TAUGHT_ANEW * known):
        return known
    return told
