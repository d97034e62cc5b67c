"""The provider's rate limit, shared by all functions through one DynamoDB item."""

import math
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from aita.aws.items import read, write
from aita.errors import ProviderBusy
from aita.services.protocols import Clock

BURST_SECONDS = 1.0
"""How much unused rate is kept: a second's worth, so that a start is not held back."""


@dataclass(frozen=True, slots=True)
class DynamoLimiter:
    """A token bucket as one number: the time, in ms, at which the next slot is free.

    A taker moves it on by the time between two calls. The bucket is full when that time is
    BURST_SECONDS in the past. ``longest_wait`` bounds, in seconds, what a taker may reserve ahead.
    """

    client: Any
    table: str
    provider: str
    model: str
    clock: Clock
    longest_wait: float

    def acquire(self, rate: float) -> float:
        """Take a slot at ``rate`` calls a second and return the seconds until it.

        Raises
        ------
        ProviderBusy
            If the next slot is further away than ``longest_wait``; none is taken then.
        """
        now = self._now()
        step = max(1, round(1000 / rate))
        full = now - round(BURST_SECONDS * 1000)
        latest = now + round(self.longest_wait * 1000)
        onward = "SET free_at = free_at + :step", "free_at BETWEEN :full AND :latest"
        afresh = "SET free_at = :full + :step", "attribute_not_exists(pk) OR free_at < :full"
        for expression, condition in (onward, afresh, onward):  # another may start the idle bucket in between
            free = self._move(expression, condition, step, full, latest)
            if free is not None:
                break
        else:
            raise ProviderBusy("the rate limit's slots are taken", retry_after=self.longest_wait)
        return max(0.0, (free - step - now) / 1000)

    def close(self, seconds: float) -> None:
        """Let nobody through for that long."""
        until = self._now() + math.ceil(seconds * 1000)
        self._move("SET free_at = :latest", "attribute_not_exists(pk) OR free_at < :latest", 0, 0, until)

    def _move(self, expression: str, condition: str, step: int, full: int, latest: int) -> int | None:
        values = {":step": step, ":full": full, ":latest": latest}
        used = {name: value for name, value in values.items() if name in expression + condition}
        try:
            answer = self.client.update_item(
                TableName=self.table,
                Key=write({"pk": f"LIMIT#{self.provider}#{self.model}", "sk": "BUCKET"}),
                UpdateExpression=expression,
                ConditionExpression=condition,
                ExpressionAttributeValues=write(used),
                ReturnValues="UPDATED_NEW",
            )
        except ClientError as error:
            if error.response["Error"]["Code"] == "ConditionalCheckFailedException":
                return None
            raise
        return int(read(answer["Attributes"])["free_at"])

    def _now(self) -> int:
        return round(self.clock().timestamp() * 1000)
