"""The provider's rate limit, in as many items as its rate needs."""

import random
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from aita.aws.dynamodb.rate_limiter import DynamoRateLimiter
from aita.models.rate_limits import Rates
from aita.ports import Clock, Slot
from aita.services.calls.rate_limit import shards


@dataclass(slots=True)
class ShardedRateLimiter:
    """Buckets that share a rate, each in an item of its own; up to 250 calls a second, it is one.

    A taker picks a bucket by chance and is given its part of the rate there. What refusals and headers tell is of the
    whole rate and kept in each bucket: whoever is the first to tell one writes it to the others too. So the writes of
    calls that are refused together are spread as those of takers are.

    All agree on the number as far as they have seen the same. Where it changes, some take their part of the old number
    until their next request shows them the new rate.
    """

    client: Any
    table: str
    provider: str
    model: str
    clock: Clock
    pick: Callable[[int], int] = random.randrange
    _buckets: dict[int, DynamoRateLimiter] = field(default_factory=dict)
    _last: DynamoRateLimiter | None = field(default=None)
    _number: int = field(default=1)

    def reserve(self, told: Rates, tokens: int, held: float | None = None) -> Slot:
        """Reserve the next free slot of a bucket; one that was held counts unless the limiter was closed past it.

        Raises
        ------
        ProviderBusy
            If the bucket's item kept changing under it.
        """
        self._count(told)
        return self._bucket(self.pick(self._number)).reserve(told, tokens, held, self._number)

    def close(self, told: Rates, seconds: float, learnt: Rates) -> None:
        """Let nobody through for that long, and lower the rate."""
        self._count(told)
        self._tell(lambda bucket: bucket.close(told, seconds, learnt), learnt)

    def learn(self, learnt: Rates) -> None:
        """Take over the limits that the headers of an answered call tell; nothing is written that is known."""
        self._tell(lambda bucket: bucket.learn(learnt), learnt)

    def _tell(self, tell: Callable[[DynamoRateLimiter], bool], learnt: Rates) -> None:
        """Tell one bucket, and if it is news to that one the others, those that a taught rate will need included."""
        first = self.pick(self._number)
        if tell(self._bucket(first)):
            for other in range(max(self._number, shards(learnt))):
                if other != first:
                    tell(self._bucket(other))

    def _count(self, told: Rates) -> None:
        """Find how many buckets there are for the rate in force, as far as it is known."""
        now = round(self.clock().timestamp() * 1_000)
        self._number = shards(told if self._last is None else self._last.seen.rates(now, told))

    def _bucket(self, shard: int) -> DynamoRateLimiter:
        """Return a bucket; one that nobody has used begins with what is known of the others."""
        if shard not in self._buckets:
            self._buckets[shard] = DynamoRateLimiter(
                self.client, self.table, self.provider, self.model, self.clock, shard
            )
        bucket = self._buckets[shard]
        if self._last is not None:
            bucket.unused = replace(self._last.seen, requests_at=0, tokens_at=0)
        self._last = bucket
        return bucket
