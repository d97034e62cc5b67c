"""The provider's rate limit, shared by all functions through one DynamoDB item."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from botocore.exceptions import ClientError

from aita.aws.dynamodb.items import read, write
from aita.errors import ProviderBusy
from aita.models.rate_limits import Rates
from aita.ports import Clock, Slot
from aita.services.calls.rate_limit import SHARED_BURST, Bucket, Step

_TRIES = 20
"""A third try comes only after a refusal, or what headers teach, changed the rate in between, which is rare."""

_UNUSED = Bucket(burst=SHARED_BURST)

_FRESH = 5_000
"""How old, in ms, the copy may be by which calls of runs without a told rate go ahead."""


@dataclass(slots=True)
class DynamoRateLimiter:
    """A bucket in one item, by provider and model. One object is kept for a function's lifetime.

    A taker adds what its call takes to the item's times, in one conditional update without a read: what
    it adds is computed from the copy that it last saw, and the condition checks that the copy's ``epoch``
    still holds and on which side of its floor each time is. Where that fails, the answer brings the item,
    and the next try is right: it counts from the floors of the first, as the times move forward only and
    what has passed a floor stays past it. Floors that moved on with the clock would be ahead again of a full
    bucket's times whenever a request takes longer than a slot, and all but one of those who ask would fail
    each time. So the burst may be longer by the time that such a taker's requests took.

    The item has no expiry: there is one for each model that was ever used. ``unused`` is what it begins as.
    """

    client: Any
    table: str
    provider: str
    model: str
    clock: Clock
    shard: int = 0
    unused: Bucket = _UNUSED
    _seen: Bucket | None = field(default=None)
    _read_at: int = field(default=-_FRESH - 1)

    @property
    def seen(self) -> Bucket:
        """The bucket as it was last seen."""
        return self._seen or self.unused

    def reserve(self, told: Rates, tokens: int, held: float | None = None, shards: int = 1) -> Slot:
        """Reserve the next free slot; one that was held counts unless the limiter was closed past it.

        The bucket is one of so many ``shards`` and gets its part of the rates.

        Raises
        ------
        ProviderBusy
            If the item kept changing under it.
        """
        if held is not None and round(held * 1_000) >= self._fetch().closed_until:
            return _slot(round(held * 1_000), self._now())
        if not told and not self._is_holding():
            return _slot(self._now(), self._now())
        asked = self._now()
        for _ in range(_TRIES):
            bucket = self._seen or self.unused
            step = bucket.step(asked, told, tokens, shards)
            if self._take(bucket, step):
                return _slot(self._due(step), self._now())
        raise ProviderBusy("the rate limit is changing too fast", retry_after=1)

    def close(self, told: Rates, seconds: float, learnt: Rates) -> bool:
        """Let nobody through for that long, and lower the rate; tell whether no refusal of this moment did before."""
        before = self._change(lambda bucket: bucket.close(self._now(), told, seconds, learnt))
        return before is not None and not before.is_lowered(self._now())

    def learn(self, learnt: Rates) -> bool:
        """Take over the limits that the headers of an answered call tell, and tell whether they are news.

        Nothing is written that is known.
        """
        if self._seen is None:
            self._fetch()
        return self._change(lambda bucket: bucket.learn(learnt)) is not None

    def _take(self, bucket: Bucket, step: Step) -> bool:
        """Move the item's times on by a step; on failure, the copy is what the item is now."""
        moves = {
            "requests_at": (step.request, step.requests_floor, bucket.requests_at),
            "tokens_at": (step.tokens, step.tokens_floor, bucket.tokens_at),
        }
        if self._seen is None:
            at = [0 if add is None else floor + add for add, floor, _ in moves.values()]
            return self._put(replace(bucket, requests_at=at[0], tokens_at=at[1]))
        sets, conditions, values = [], ["epoch = :epoch"], {":epoch": bucket.epoch}
        for name, (add, floor, at_copy) in moves.items():
            if add is None:
                continue
            values |= {f":{name}_floor": floor, f":{name}_add": add}
            if at_copy >= floor:
                sets.append(f"{name} = {name} + :{name}_add")
                conditions.append(f"{name} >= :{name}_floor")
            else:
                sets.append(f"{name} = :{name}_floor + :{name}_add")
                conditions.append(f"{name} < :{name}_floor")
        if not sets:
            return True
        return self._update(f"SET {', '.join(sets)}", " AND ".join(conditions), values)

    def _due(self, step: Step) -> int:
        bucket = self._copy()
        due = step.opens
        if step.request is not None:
            due = max(due, bucket.requests_at - step.request)
        if step.tokens is not None:
            due = max(due, bucket.tokens_at - step.tokens)
        return due

    def _change(self, changed: Callable[[Bucket], Bucket]) -> Bucket | None:
        """Change what is not a time, and return what it was; ``None`` if nothing was to be changed.

        Whoever was quicker is taken into account.
        """
        for _ in range(_TRIES):
            before = self._seen or self.unused
            after = changed(before)
            if after == before:
                return None
            if self._seen is None:
                if self._put(after):
                    return before
                continue
            values = _changing(after)
            absent = [name for name, value in values.items() if value is None]
            given = {name: value for name, value in values.items() if value is not None}
            sets = "SET " + ", ".join(f"{name} = :{name}" for name in given)
            removes = f" REMOVE {', '.join(absent)}" if absent else ""
            named = {f":{name}": value for name, value in given.items()} | {":before": before.epoch}
            if self._update(sets + removes, "epoch = :before", named):
                return before
        return None

    def _put(self, bucket: Bucket) -> bool:
        """Write the item for the first time."""
        values = {f":{name}": value for name, value in _all(bucket).items() if value is not None}
        sets = ", ".join(f"{name[1:]} = {name}" for name in values)
        return self._update(f"SET {sets}", "attribute_not_exists(pk)", values)

    def _update(self, expression: str, condition: str, values: dict[str, Any]) -> bool:
        try:
            answer = self.client.update_item(
                TableName=self.table,
                Key=self._key(),
                UpdateExpression=expression,
                ConditionExpression=condition,
                ExpressionAttributeValues=write(values),
                ReturnValues="ALL_NEW",
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
            )
        except ClientError as error:
            if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
                raise
            self._see(error.response.get("Item"))  # type: ignore[arg-type]
            return False
        self._see(answer["Attributes"])
        return True

    def _fetch(self) -> Bucket:
        answer = self.client.get_item(TableName=self.table, Key=self._key(), ConsistentRead=True)
        self._see(answer.get("Item"))
        return self._seen or self.unused

    def _copy(self) -> Bucket:
        """Return a copy that is at most _FRESH old, for who would not find out by writing."""
        return self._fetch() if self._now() - self._read_at > _FRESH else self._seen or self.unused

    def _is_holding(self) -> bool:
        """Tell whether the bucket holds calls back for which no rate was told."""
        bucket = self._copy()
        return bucket.is_limiting or bucket.closed_until > self._now()

    def _see(self, item: dict[str, Any] | None) -> None:
        self._seen = None if not item else _bucket(read(item))
        self._read_at = self._now()

    def _key(self) -> dict[str, Any]:
        name = f"BUCKET#{self.shard}" if self.shard else "BUCKET"
        return write({"pk": f"LIMIT#{self.provider}#{self.model}", "sk": name})

    def _now(self) -> int:
        return round(self.clock().timestamp() * 1_000)


def _slot(due: int, now: int) -> Slot:
    return Slot(due / 1_000, max(0, due - now) / 1_000)


def _all(bucket: Bucket) -> dict[str, Any]:
    return {"requests_at": bucket.requests_at, "tokens_at": bucket.tokens_at} | _changing(bucket)


def _changing(bucket: Bucket) -> dict[str, Any]:
    """Return what only changes with the epoch, as the item holds it."""
    return {
        "closed_until": bucket.closed_until,
        "learnt_rps": bucket.learnt.requests_per_second,
        "learnt_tpm": bucket.learnt.tokens_per_minute,
        "lowered": bucket.lowered,
        "rate_found": bucket.found,
        "since": bucket.since,
        "epoch": bucket.epoch,
    }


def _bucket(values: dict[str, Any]) -> Bucket:
    return Bucket(
        requests_at=int(values["requests_at"]),
        tokens_at=int(values["tokens_at"]),
        closed_until=int(values["closed_until"]),
        learnt=Rates(_float(values.get("learnt_rps")), _float(values.get("learnt_tpm"))),
        lowered=_float(values.get("lowered")),
        found=bool(values["rate_found"]),
        since=int(values["since"]),
        epoch=int(values["epoch"]),
        burst=SHARED_BURST,
    )


def _float(value: Any) -> float | None:
    return None if value is None else float(value)
