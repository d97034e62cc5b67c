"""The table as the template makes it."""

from typing import Any


def make_table(client: Any, name: str) -> None:
    keys = ("pk", "HASH"), ("sk", "RANGE")
    client.create_table(
        TableName=name,
        KeySchema=[{"AttributeName": attribute, "KeyType": kind} for attribute, kind in keys],
        AttributeDefinitions=[{"AttributeName": attribute, "AttributeType": "S"} for attribute, _ in keys],
        BillingMode="PAY_PER_REQUEST",
    )
