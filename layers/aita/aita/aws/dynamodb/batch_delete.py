"""Deletion of rows in batches, at the rate that the table accepts."""

import random
from collections.abc import Callable, Sequence
from typing import Any

from aita.errors import StorageError

_ROWS = 25  # DynamoDB's limit for one BatchWriteItem
_TRIES = 10
_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 5.0  # seconds: 25 at the most for a batch


def delete_rows(client: Any, table: str, keys: Sequence[dict[str, Any]], pause: Callable[[float], None]) -> None:
    """Delete the rows with these keys.

    botocore retries a batch that DynamoDB refused as a whole, but not the unprocessed rest of a batch, which is a
    response without an error. The rest is sent again after a pause that aside; half of it is random, so that callers
    spread.

    Parameters
    ----------
    keys
        Keys as items of ``aita.aws.dynamodb.items``.
    pause
        Function that waits some seconds.

    Raises
    ------
    StorageError
        If a row of a batch is left after 10 tries.
    """
    for first in range(0, len(keys), _ROWS):
        left = [{"DeleteRequest": {"Key": key}} for key in keys[first : first + _ROWS]]
        for tried in range(_TRIES):
            if tried:
                longest = min(_LONGEST_PAUSE, _FIRST_PAUSE * 2 ** (tried - 1))
                pause(random.uniform(longest / 2, longest))  # noqa: S311 - it spreads calls
            answer = client.batch_write_item(RequestItems={table: left})
            left = answer.get("UnprocessedItems", {}).get(table, [])
            if not left:
                break
        else:
            raise StorageError(
                f"DynamoDB is too busy to delete {len(left)} rows, in {_TRIES} tries: do it again in a minute"
            )
