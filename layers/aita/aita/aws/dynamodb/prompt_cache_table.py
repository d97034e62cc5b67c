"""Prompt-cache states in DynamoDB, shared by all functions."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from botocore.exceptions import ClientError

from aita.aws.dynamodb.items import read, write
from aita.ports import Clock
from aita.services.calls.prompt_cache_gate import CACHE_LIFETIME, LONGEST_FILL_WAIT, PrefixState

_EXPIRY = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class DynamoPromptCaches:
    """States of prefixes, one item each: ``filling_until`` and ``filled_until``, in ms since the epoch."""

    client: Any
    table: str
    clock: Clock

    def enter(self, prefix: str) -> PrefixState:
        """Return a prefix's state: FIRST for one caller, until it fills the cache or LONGEST_FILL_WAIT passes."""
        now = self._now()
        try:
            self._update(
                prefix,
                "SET filling_until = :until, filled_until = :past, expires_at = :expires_at",
                {":until": now + round(LONGEST_FILL_WAIT * 1000), ":past": 0, ":now": now},
                condition="attribute_not_exists(pk) OR (filling_until < :now AND filled_until < :now)",
            )
        except ClientError as error:
            if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
                raise
            # The stubs' error response has no Item, which ReturnValuesOnConditionCheckFailure adds.
            state = read(error.response["Item"])  # type: ignore[typeddict-item]
            return PrefixState.FILLED if state["filled_until"] >= now else PrefixState.FOLLOWS
        return PrefixState.FIRST

    def fill(self, prefix: str) -> None:
        """Record a successful call with this prefix."""
        now = self._now()
        self._update(
            prefix,
            "SET filling_until = :now, filled_until = :until, expires_at = :expires_at",
            {":until": now + round(CACHE_LIFETIME * 1000), ":now": now},
        )

    def _update(self, prefix: str, expression: str, values: dict[str, Any], *, condition: str | None = None) -> None:
        conditions = (
            {"ConditionExpression": condition, "ReturnValuesOnConditionCheckFailure": "ALL_OLD"} if condition else {}
        )
        expires_at = int((self.clock() + _EXPIRY).timestamp())
        self.client.update_item(
            TableName=self.table,
            Key=write({"pk": f"PREFIX#{prefix}", "sk": "CACHE"}),
            UpdateExpression=expression,
            ExpressionAttributeValues=write(values | {":expires_at": expires_at}),
            **conditions,
        )

    def _now(self) -> int:
        return round(self.clock().timestamp() * 1000)
