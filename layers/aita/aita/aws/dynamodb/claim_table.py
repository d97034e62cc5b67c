"""Claims on answers, in DynamoDB."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from botocore.exceptions import ClientError

from aita.aws.dynamodb.items import CLAIM, claim_key, read, write
from aita.models.claim import Claim

_REFUSED = "ConditionalCheckFailedException"
_IS_MINE = "caller = :caller AND #window = :window"
_NAMES = {"#window": "window", "#until": "until"}


@dataclass(frozen=True, slots=True)
class DynamoClaimTable:
    """Rows of claims, one for each claimed answer. They expire with the claim."""

    client: Any
    table: str

    def claim(self, assignment: str, claim: Claim, now: datetime) -> bool:
        """Write a claim unless another person or window holds one; return whether it was written."""
        expires_at = int(claim.until.timestamp())
        item = claim_key(assignment, claim.cell_id) | write(claim.model_dump() | {"expires_at": expires_at})
        try:
            self.client.put_item(
                TableName=self.table,
                Item=item,
                ConditionExpression=f"attribute_not_exists(pk) OR #until <= :now OR ({_IS_MINE})",
                ExpressionAttributeNames=_NAMES,
                ExpressionAttributeValues=write({":now": now, ":caller": claim.caller, ":window": claim.window}),
            )
        except ClientError as error:
            if error.response["Error"]["Code"] != _REFUSED:
                raise
            return False
        return True

    def release(self, assignment: str, cell_id: str, caller: str, window: str, now: datetime) -> None:
        """End a claim of this person and window; without one, nothing happens."""
        try:
            self.client.update_item(
                TableName=self.table,
                Key=claim_key(assignment, cell_id),
                UpdateExpression="SET #until = :now, expires_at = :ends",
                ConditionExpression=_IS_MINE,
                ExpressionAttributeNames=_NAMES,
                ExpressionAttributeValues=write(
                    {":now": now, ":ends": int(now.timestamp()), ":caller": caller, ":window": window}
                ),
            )
        except ClientError as error:
            if error.response["Error"]["Code"] != _REFUSED:
                raise

    def of(self, assignment: str) -> Iterator[Claim]:
        """Yield an assignment's claims, also those that ended and were not deleted yet."""
        pages = self.client.get_paginator("query").paginate(
            TableName=self.table,
            KeyConditionExpression="pk = :pk AND begins_with(sk, :kind)",
            ExpressionAttributeValues=write({":pk": f"ASSIGNMENT#{assignment}", ":kind": f"{CLAIM}#"}),
            ConsistentRead=True,
        )
        for page in pages:
            yield from (Claim.model_validate(read(item)) for item in page["Items"])
