"""Arithmetic of the rate limit: a token bucket that reserves slots and slows down when the provider refuses calls.

The bucket holds two times, those of the next request and of the next tokens (GCRA, the generic cell rate
algorithm of ATM: ITU-T I.371, in its virtual scheduling form). A call reserves its slot by advancing them. The
rest of the bucket changes only with refusals and newly observed limits; ``epoch`` counts these changes, so that
a caller can compute with a copy and have the copy checked by one condition.

All times are whole milliseconds since the epoch of the limiter's clock. If the clocks of two machines differ by
a second, slots shift by a second; none is lost or reserved twice.
"""

import math
from dataclasses import dataclass, field, replace
from typing import Self

from aita.models.rate_limits import Rates

REQUEST_BURST = 900
"""Burst of requests, in ms of unused rate: a little less than the second that providers allow, so that calls which
arrive a little early are not refused."""

SHARED_BURST = 500
"""Burst of requests for a bucket in DynamoDB, in ms. The duration of DynamoDB's requests adds to it: a slot is computed
when the request is sent, and used when the response arrives."""

TOKEN_BURST = 10_000
"""Burst of tokens, in ms of unused rate; limits of tokens are by the minute."""

DECREASE = 0.8
"""Smallest factor by which one refusal changes the rate (multiplicative decrease). It holds even if the measured
throughput is lower: after a Retry-After that is longer than necessary, the measurement is too low."""

MEASURED = 0.95
"""Factor on the measured throughput, a part of which may have come from the provider's burst."""

INCREASE = 0.05
"""Growth of the lowered rate per second, as a fraction of it (additive increase), up to the configured or observed
limit. Below one request a second it is the growth per request: a rare call must not come much earlier than the last."""

FIRST_GUESS = 2.0
"""Requests a second after the first refusal, if no limit is known or the measured throughput is lower."""

SLOW_START = 2.0
"""Growth factor of FIRST_GUESS per second until the next refusal. A measured first rate is near the limit, and grows by
INCREASE."""

GUESS_DECREASE = 0.5
"""Factor by which the refusal after a slow start changes the rate: in the second before, half of it was allowed (as
TCP does after its slow start: RFC 5681, 3.1)."""

CLOSURE = 1_000
"""Closure, in ms, after a refusal that names no time, and the shortest while no limit is known. If it is too short, the
rate becomes lower, and calls rarer."""

SHARED_DELAY = 2_000
"""Most by which a call may come late for its slot in a shared bucket, in ms: the state machine waits whole seconds, and
starts a function. A call that comes later needs another slot, as others are due by now."""

_LONGEST_SLOT = 5_000
"""Longest closure, in ms, because calls are so rare that the next one would be refused after a shorter one."""

SLOWEST = 0.01
"""Lowest rate, in requests a second, however many calls are refused."""

SHARD_RATE = 250.0
"""Highest rate of one shared bucket, in calls a second. DynamoDB allows 1,000 writes a second to an item (AWS: "warm
throughput"); a caller with a stale copy writes twice, and while a run starts, twice as many may call."""

FEWEST_TOKENS = 500
"""Fewest tokens of a call, to estimate calls a second from a limit of tokens."""

_GOLDEN = (math.sqrt(5) - 1) / 2

_SAME_REFUSAL = 500
"""Time after the bucket has reopened, in ms, in which refusals are those of calls made before it closed."""

_UNPACED = 10_000
"""The same for calls that were made without a slot, by callers that did not know of the closure yet."""

_LONGEST_START = 10.0
"""Longest growth by SLOW_START, in seconds."""

_LONGEST_GUESS = 10_000
"""Longest closure, in ms, past the slots of a guessed rate."""

_SMALLEST_CHANGE = 0.05
"""Smallest relative change of an observed limit that is adopted."""


@dataclass(frozen=True, slots=True)
class Step:
    """Advance of the bucket by one call.

    ``opens`` is the earliest time of the slot, ``burst`` the unused rate that counts, ``request`` and ``tokens`` the
    advance of each time, all in ms; ``None`` where there is no limit.
    """

    opens: int
    burst: int
    request: int | None
    tokens: int | None

    @property
    def requests_floor(self) -> int:
        """Lower bound of ``requests_at``, at which the bucket is full."""
        return self.opens - self.burst

    @property
    def tokens_floor(self) -> int:
        """Lower bound of ``tokens_at``."""
        return self.opens - TOKEN_BURST


@dataclass(frozen=True, slots=True)
class Bucket:
    """State of the rate limit.

    ``requests_at`` and ``tokens_at`` are the times of the next request and tokens; ``closed_until`` is the end of the
    last closure. ``lowered`` is the rate in requests a second after refusals, as of ``since``. ``found`` is true once a
    known rate was lowered; until then ``lowered`` is a first guess, which grows fast. ``burst`` is the unused rate that
    counts, and ``delay`` the most by which a call may come late for its slot, both in ms.
    """

    requests_at: int = 0
    tokens_at: int = 0
    closed_until: int = 0
    observed: Rates = field(default_factory=Rates)
    lowered: float | None = None
    found: bool = False
    since: int = 0
    epoch: int = 0
    burst: int = REQUEST_BURST
    delay: int = REQUEST_BURST

    def keeps(self, now: int, reservation: int) -> bool:
        """Return whether a slot that was reserved before may still be used: it was neither closed past nor missed."""
        return self.closed_until <= reservation and now <= reservation + self.delay

    def reserve(self, now: int, configured: Rates, tokens: int, number: int = 0) -> tuple[Self, int]:
        """Return the bucket after a call with this many tokens, and the time of the call's slot.

        Parameters
        ----------
        number
            Number of the call, by which the slots of calls in the same millisecond are rounded differently.
        """
        if not (configured or self.is_limiting):
            return self, max(now, self.closed_until)
        step = self.step(now, configured, tokens, number=number)
        available_at, requests_at, tokens_at = step.opens, self.requests_at, self.tokens_at
        if step.request is not None:
            at = max(requests_at, step.requests_floor)
            available_at, requests_at = max(available_at, at), at + step.request
        if step.tokens is not None:
            at = max(tokens_at, step.tokens_floor)
            available_at, tokens_at = max(available_at, at), at + step.tokens
        return replace(self, requests_at=requests_at, tokens_at=tokens_at), available_at

    def step(self, now: int, configured: Rates, tokens: int, shards: int = 1, number: int = 0) -> Step:
        """Return a call's advance of the bucket, which does not depend on the times that other calls change.

        Each of several ``shards`` has an equal part of the rates. In a slow start, the rate is that of the slot's time:
        it grows so fast that the slots of all who wait lie few seconds ahead.
        """
        opens = max(now, self.closed_until)
        rates = self.rates(max(opens, self.requests_at) if self._is_unknown(configured) else opens, configured)
        requests, by_minute = rates.requests_per_second, rates.tokens_per_minute
        return Step(
            opens,
            self.burst,
            None if requests is None else _whole(1_000 * shards / requests, now + number),
            None if by_minute is None else _whole(60_000 * shards * tokens / by_minute, now + number),
        )

    def rates(self, now: int, configured: Rates) -> Rates:
        """Return the effective rates: the lowest of the configured, the observed and the lowered ones."""
        return Rates(
            _lowest(configured.requests_per_second, self.observed.requests_per_second, self._grown(now)),
            _lowest(configured.tokens_per_minute, self.observed.tokens_per_minute),
        )

    def settle(self, now: int, configured: Rates, expected_tokens: int, actual_tokens: int) -> Self:
        """Return the bucket after a call that used other tokens than it had reserved."""
        add, floor = self.difference(configured, expected_tokens, actual_tokens), now - TOKEN_BURST
        return self if add is None else replace(self, tokens_at=max(self.tokens_at, floor) + add)

    def difference(self, configured: Rates, expected_tokens: int, actual_tokens: int, shards: int = 1) -> int | None:
        """Return the change of ``tokens_at``, in ms, by a call's actual tokens; ``None`` without a limit of tokens."""
        by_minute = _lowest(configured.tokens_per_minute, self.observed.tokens_per_minute)
        return None if by_minute is None else round(60_000 * shards * (actual_tokens - expected_tokens) / by_minute)

    def close(
        self,
        now: int,
        configured: Rates,
        seconds: float | None,
        observed: Rates,
        passing: float | None = None,
        *,
        lowest: float = SLOWEST,
        paced: bool = True,
    ) -> Self:
        """Return the bucket closed by a refusal; refusals that arrive together lower the rate once.

        Parameters
        ----------
        seconds
            Length of the closure; ``None`` if the provider named no time.
        passing
            Measured throughput before the closure, in requests a second, if known.
        lowest
            Rate in requests a second below which it is not lowered, as calls are answered at it.
        paced
            Whether the refused call had a slot.
        """
        until, together = self.closing(now, configured, seconds, paced=paced), self.is_lowered(now, paced=paced)
        before = self.rates(now, configured).requests_per_second
        closed = replace(self, closed_until=until, observed=_merge(self.observed, observed), epoch=self.epoch + 1)
        if together:
            if passing is None or self.lowered is None or self.found:
                return closed
            return replace(closed, lowered=max(FIRST_GUESS, min(self.lowered, passing * MEASURED)))
        if before is None or (passing is not None and not self.found and self.lowered is not None):
            guess = max(FIRST_GUESS, lowest, (passing or 0.0) * MEASURED)
            return replace(closed, lowered=guess, found=before is not None, since=until)._without_guess()
        if not paced:  # by how much the rate has grown since, or whether a stated limit holds, nobody tried
            return replace(closed, since=until)
        if passing is None:
            lowered = before * (GUESS_DECREASE if self._is_unknown(configured) else DECREASE)
        else:
            lowered = min(before, max(before * DECREASE, passing * MEASURED))
        return replace(closed, lowered=max(SLOWEST, min(lowest, before), lowered), found=True, since=until)

    def closing(self, now: int, configured: Rates, seconds: float | None, *, paced: bool = True) -> int:
        """Return the end of a refusal's closure; a refusal shortly after another belongs to the same closure.

        While the limit is unknown, a closure is long enough to measure by, and no slot of a guessed rate is left after
        it.
        """
        if self.is_lowered(now, paced=paced):
            until = 0 if seconds is None else now + round(seconds * 1_000) - _SAME_REFUSAL
        else:
            length = CLOSURE if seconds is None else round(seconds * 1_000)
            if self.found and self.lowered is not None:
                length = max(length, min(_LONGEST_SLOT, round(1_000 / self.lowered)))
            until = now + length
            if self._is_unknown(configured):
                until = max(until, now + CLOSURE, min(self.requests_at, now + _LONGEST_GUESS))
        return max(self.closed_until, until)

    def pause(self, now: int, seconds: float) -> Self:
        """Return the bucket closed for ``seconds`` at its rate, which the provider's failure says nothing about."""
        until = now + round(seconds * 1_000)
        return self if until <= self.closed_until else replace(self, closed_until=until, epoch=self.epoch + 1)

    def learn(self, observed: Rates) -> Self:
        """Return the bucket with the limits in a response's headers; the same bucket if it has them."""
        merged = _merge(self.observed, observed)
        if merged == self.observed:
            return self
        return replace(self, observed=merged, epoch=self.epoch + 1)._without_guess()

    def emptied(self, now: int) -> Self:
        """Return the bucket without unused requests, as the provider's is when it refuses one or states its limit."""
        return replace(self, requests_at=max(self.requests_at, now))

    def is_lowered(self, now: int, *, paced: bool = True) -> bool:
        """Return whether a refusal now belongs to the last one, which has lowered the rate already."""
        return bool(self.since) and now < self.since + (_SAME_REFUSAL if paced else _UNPACED)

    @property
    def is_limiting(self) -> bool:
        """Whether the bucket limits calls without a configured rate."""
        return self.lowered is not None or bool(self.observed)

    def _is_unknown(self, configured: Rates) -> bool:
        """Return whether no limit of requests is known: none is configured, observed or found."""
        return not self.found and _lowest(configured.requests_per_second, self.observed.requests_per_second) is None

    @property
    def _starts_slowly(self) -> bool:
        """Whether the lowered rate is a guess that no throughput was measured for, and aside each second."""
        return self.lowered is not None and not self.found and self.lowered <= FIRST_GUESS

    def _without_guess(self) -> Self:
        """Return the bucket without a guessed rate that nobody measured, if the provider states its limit."""
        is_told = self._starts_slowly and self.observed.requests_per_second is not None
        return replace(self, lowered=None) if is_told else self

    def _grown(self, now: int) -> float | None:
        if self.lowered is None:
            return None
        seconds = max(0, now - self.since) / 1_000
        if not self._starts_slowly:
            return self.lowered * (1 + INCREASE * min(1.0, self.lowered) * seconds)
        return self.lowered * float(SLOW_START ** min(seconds, _LONGEST_START))


def shards(rates: Rates) -> int:
    """Return the number of shared buckets for these rates: a power of two, so that it changes seldom."""
    by_tokens = None if rates.tokens_per_minute is None else rates.tokens_per_minute / 60 / FEWEST_TOKENS
    calls = _lowest(rates.requests_per_second, by_tokens)
    return 1 if calls is None or calls <= SHARD_RATE else 1 << math.ceil(math.log2(calls / SHARD_RATE))


def _whole(ms: float, seed: int) -> int:
    """Return ms rounded so that the average is right: at 400 calls a second, 2.5 ms must not become 2 each time.

    The current time and the call's number decide the rounding (Weyl's sequence is evenly distributed), not a random
    number.
    """
    return int(ms + seed * _GOLDEN % 1)


def _lowest(*rates: float | None) -> float | None:
    return min((rate for rate in rates if rate is not None), default=None)


def _merge(known: Rates, observed: Rates) -> Rates:
    return Rates(
        _merge_rate(known.requests_per_second, observed.requests_per_second),
        _merge_rate(known.tokens_per_minute, observed.tokens_per_minute),
    )


def _merge_rate(known: float | None, observed: float | None) -> float | None:
    if observed is None or (known is not None and abs(observed - known) <= _SMALLEST_CHANGE * known):
        return known
    return observed
