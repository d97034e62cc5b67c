"""Rate limiter of a provider and model, shared by all functions through one DynamoDB item."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from botocore.exceptions import ClientError

from aita.aws.dynamodb.items import read, write
from aita.errors import ProviderBusy
from aita.models.rate_limits import Rates
from aita.ports import Clock, Slot
from aita.services.calls.token_bucket import SHARED_BURST, SHARED_DELAY, Bucket, Step

_TRIES = 20
"""Most tries of an update. A third one is rare: refusals or new limits must have changed the rate in between."""

_UNUSED = Bucket(burst=SHARED_BURST, delay=SHARED_DELAY)

_FRESH = 5_000
"""Oldest copy, in ms, by which calls of runs without a configured rate are let through."""


@dataclass(slots=True)
class DynamoRateLimiter:
    """Bucket in one item, by provider and model. One object lives as long as its function.

    A reservation advances the item's times in one conditional update without a read. The advance is computed from
    the last copy of the item; the condition checks that the item has the copy's ``epoch``, and on which side of its
    floor each time is. If the condition fails, the response brings the item, and the next try succeeds: it uses the
    floors of the first try, as times only move forward and stay past a floor once they have passed it. Floors that
    advanced with the clock would overtake the times of a full bucket whenever a request takes longer than a slot,
    and all concurrent callers but one would fail each time. In return, the burst may grow by the duration of such a
    caller's requests.

    The item never expires: there is one for each model that was ever used. ``unused`` is its initial state.
    """

    client: Any
    table: str
    provider: str
    model: str
    clock: Clock
    shard: int = 0
    unused: Bucket = _UNUSED
    _copy: Bucket | None = field(default=None)
    _read_at: int = field(default=-_FRESH - 1)

    @property
    def copy(self) -> Bucket:
        """Last known state of the bucket, possibly stale."""
        return self._copy or self.unused

    def reserve(self, configured: Rates, tokens: int, reservation: float | None = None, shards: int = 1) -> Slot:
        """Reserve the next free slot, or keep a reservation that was neither closed past nor missed.

        Parameters
        ----------
        shards
            Number of buckets that share the rates equally.

        Raises
        ------
        ProviderBusy
            If the item changed during every try.
        """
        if reservation and self._fetch().keeps(self._now(), round(reservation * 1_000)):
            return _slot(round(reservation * 1_000), self._now())
        if not configured and not self._is_limiting():
            return _slot(self._now(), self._now())
        started = self._now()
        for _ in range(_TRIES):
            bucket = self.copy
            step = bucket.step(started, configured, tokens, shards)
            if self._advance(bucket, step):
                return _slot(self._slot_time(step), self._now())
        raise ProviderBusy("the rate limit is changing too fast", retry_after=1)

    def settle(self, configured: Rates, expected_tokens: int, actual_tokens: int, shards: int = 1) -> None:
        """Correct the reserved tokens of a call by those that it used: one write, if there is a limit of tokens.

        If the item changes during every try, the expected tokens stand.
        """
        for _ in range(_TRIES):
            bucket, now = self.copy, self._now()
            change = bucket.difference(configured, expected_tokens, actual_tokens, shards)
            if not change or self._advance(bucket, Step(now, bucket.burst, None, change)):
                return

    def close(self, configured: Rates, seconds: float | None, observed: Rates, *, paced: bool = True) -> bool:
        """Let no call through for ``seconds``, or as long as the limiter chooses, and lower the rate.

        Returns
        -------
        bool
            Whether this refusal is the first of its closure.
        """
        self._fetch()  # the slots that others have reserved since, too
        before = self._change(lambda bucket: bucket.close(self._now(), configured, seconds, observed, paced=paced))
        return before is not None and not before.is_lowered(self._now(), paced=paced)

    def pause(self, seconds: float) -> bool:
        """Let no call through for ``seconds``, at an unchanged rate; return whether the bucket was open until then."""
        return self._change(lambda bucket: bucket.pause(self._now(), seconds)) is not None

    def learn(self, observed: Rates) -> bool:
        """Adopt the limits in the headers of a successful response; return whether they were new and so written."""
        if self._copy is None:
            self._fetch()
        return self._change(lambda bucket: bucket.learn(observed)) is not None

    def _advance(self, bucket: Bucket, step: Step) -> bool:
        """Advance the item's times by a step; on failure, refresh the copy."""
        moves = {
            "requests_at": (step.request, step.requests_floor, bucket.requests_at),
            "tokens_at": (step.tokens, step.tokens_floor, bucket.tokens_at),
        }
        if self._copy is None:
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

    def _slot_time(self, step: Step) -> int:
        bucket = self._fresh_copy()
        available_at = step.opens
        if step.request is not None:
            available_at = max(available_at, bucket.requests_at - step.request)
        if step.tokens is not None:
            available_at = max(available_at, bucket.tokens_at - step.tokens)
        return available_at

    def _change(self, changed: Callable[[Bucket], Bucket]) -> Bucket | None:
        """Change the attributes that ``epoch`` guards, on top of concurrent changes.

        Returns
        -------
        Bucket or None
            State before the change; ``None`` if there was nothing to change.
        """
        for _ in range(_TRIES):
            before = self.copy
            after = changed(before)
            if after == before:
                return None
            if self._copy is None:
                if self._put(after):
                    return before
                continue
            values = _guarded_attributes(after)
            absent = [name for name, value in values.items() if value is None]
            given = {name: value for name, value in values.items() if value is not None}
            sets = "SET " + ", ".join(f"{name} = :{name}" for name in given)
            removes = f" REMOVE {', '.join(absent)}" if absent else ""
            named = {f":{name}": value for name, value in given.items()} | {":before": before.epoch}
            if self._update(sets + removes, "epoch = :before", named):
                return before
        return None

    def _put(self, bucket: Bucket) -> bool:
        """Create the item."""
        values = {f":{name}": value for name, value in _attributes(bucket).items() if value is not None}
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
            # The stubs' error response has no Item, which ReturnValuesOnConditionCheckFailure adds.
            self._refresh_copy(error.response.get("Item"))  # type: ignore[arg-type]
            return False
        self._refresh_copy(answer["Attributes"])
        return True

    def _fetch(self) -> Bucket:
        answer = self.client.get_item(TableName=self.table, Key=self._key(), ConsistentRead=True)
        self._refresh_copy(answer.get("Item"))
        return self.copy

    def _fresh_copy(self) -> Bucket:
        """Return a copy that is at most _FRESH old, for a caller that would not detect changes by writing."""
        return self._fetch() if self._now() - self._read_at > _FRESH else self.copy

    def _is_limiting(self) -> bool:
        """Return whether the bucket delays calls without a configured rate."""
        bucket = self._fresh_copy()
        return bucket.is_limiting or bucket.closed_until > self._now()

    def _refresh_copy(self, item: dict[str, Any] | None) -> None:
        self._copy = None if not item else _bucket(read(item))
        self._read_at = self._now()

    def _key(self) -> dict[str, Any]:
        name = f"BUCKET#{self.shard}" if self.shard else "BUCKET"
        return write({"pk": f"LIMIT#{self.provider}#{self.model}", "sk": name})

    def _now(self) -> int:
        return round(self.clock().timestamp() * 1_000)


def _slot(available_at: int, now: int) -> Slot:
    return Slot(available_at / 1_000, max(0, available_at - now) / 1_000)


def _attributes(bucket: Bucket) -> dict[str, Any]:
    return {"requests_at": bucket.requests_at, "tokens_at": bucket.tokens_at} | _guarded_attributes(bucket)


def _guarded_attributes(bucket: Bucket) -> dict[str, Any]:
    """Return the item's attributes that change only together with the epoch."""
    return {
        "closed_until": bucket.closed_until,
        "learnt_rps": bucket.observed.requests_per_second,
        "learnt_tpm": bucket.observed.tokens_per_minute,
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
        observed=Rates(_float(values.get("learnt_rps")), _float(values.get("learnt_tpm"))),
        lowered=_float(values.get("lowered")),
        found=bool(values["rate_found"]),
        since=int(values["since"]),
        epoch=int(values["epoch"]),
        burst=SHARED_BURST,
        delay=SHARED_DELAY,
    )


def _float(value: Any) -> float | None:
    return None if value is None else float(value)
