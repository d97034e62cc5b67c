"""Rate limiter of a provider and model, sharded over as many items as its rate needs."""

import random
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from aita.aws.dynamodb.rate_limiter import DynamoRateLimiter
from aita.models.rate_limits import Rates
from aita.ports import Clock, Slot
from aita.services.calls.token_bucket import shards


@dataclass(slots=True)
class ShardedRateLimiter:
    """Buckets that share a rate, each in its own item; a single one up to 250 calls a second.

    A call picks a bucket at random, which has an equal part of the rate. Refusals and headers concern the whole rate,
    which every bucket stores: the first caller that brings news to one bucket writes them to the others too. So the
    writes of calls that are refused together are spread like reservations.

    Functions agree on the number of buckets as far as their copies agree. After a change, a function may use the old
    number until its next request brings the new rate.

    Parameters
    ----------
    pick
        Returns a random whole number below its argument.
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

    def reserve(self, configured: Rates, tokens: int, reservation: float | None = None) -> Slot:
        """Reserve the next free slot of a bucket, or keep a reservation that was neither closed past nor missed.

        Raises
        ------
        ProviderBusy
            If the bucket's item changed during every try.
        """
        self._update_shard_count(configured)
        return self._bucket(self.pick(self._number)).reserve(configured, tokens, reservation, self._number)

    def settle(self, configured: Rates, expected_tokens: int, actual_tokens: int) -> None:
        """Correct the reserved tokens of a call by those that it used, in a random bucket."""
        self._update_shard_count(configured)
        bucket = self._bucket(self.pick(self._number))
        bucket.settle(configured, expected_tokens, actual_tokens, self._number)

    def close(self, configured: Rates, seconds: float | None, observed: Rates, *, paced: bool = True) -> None:
        """Let no call through for ``seconds``, or as long as the limiter chooses, and lower the rate."""
        self._update_shard_count(configured)
        self._update_buckets(lambda bucket: bucket.close(configured, seconds, observed, paced=paced), observed)

    def pause(self, seconds: float) -> None:
        """Let no call through for ``seconds``, at an unchanged rate."""
        self._update_buckets(lambda bucket: bucket.pause(seconds), Rates())

    def learn(self, observed: Rates) -> None:
        """Adopt the limits in the headers of a successful response; known limits are not written."""
        self._update_buckets(lambda bucket: bucket.learn(observed), observed)

    def _update_buckets(self, update: Callable[[DynamoRateLimiter], bool], observed: Rates) -> None:
        """Update one bucket and, if it changed, all others, including those that the observed rate needs in addition.

        Parameters
        ----------
        update
            Updates a bucket, and returns whether it changed.
        """
        first = self.pick(self._number)
        if update(self._bucket(first)):
            for other in range(max(self._number, shards(observed))):
                if other != first:
                    update(self._bucket(other))

    def _update_shard_count(self, configured: Rates) -> None:
        """Set the number of buckets by the effective rate, as far as it is known."""
        now = round(self.clock().timestamp() * 1_000)
        self._number = shards(configured if self._last is None else self._last.copy.rates(now, configured))

    def _bucket(self, shard: int) -> DynamoRateLimiter:
        """Return a bucket; an unused one begins with the rates of the bucket that was used last."""
        if shard not in self._buckets:
            self._buckets[shard] = DynamoRateLimiter(
                self.client, self.table, self.provider, self.model, self.clock, shard
            )
        bucket = self._buckets[shard]
        if self._last is not None:
            bucket.unused = replace(self._last.copy, requests_at=0, tokens_at=0)
        self._last = bucket
        return bucket
