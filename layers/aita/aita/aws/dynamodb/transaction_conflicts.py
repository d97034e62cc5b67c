"""Repetition of writes that DynamoDB refused because a transaction was writing the same item.

A transaction is cancelled by any other write of one of its items, and refuses such a write while it lasts. Neither says
that a condition does not hold, and botocore repeats neither.
"""

import random
import time
from collections.abc import Callable
from typing import TypeVar

from botocore.exceptions import ClientError

TRIES = 6
_FIRST_PAUSE = 0.05  # seconds; each further one is twice as long, 1.6 s at the most in all

_REFUSED_WRITE = "TransactionConflictException"
_CANCELLED = "TransactionCanceledException"
_PASSING = frozenset({"TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"})
"""Reasons to cancel a transaction that are over after a moment."""

Answer = TypeVar("Answer")


def repeated(write: Callable[[], Answer]) -> Answer:
    """Return the answer of a write, which is tried up to 6 times while others write the same items.

    Raises
    ------
    ClientError
        If it is refused otherwise, or each time.
    """
    for further in range(TRIES - 1):
        try:
            return write()
        except ClientError as error:
            if not is_passing(error):
                raise
        time.sleep(random.uniform(0.5, 1) * _FIRST_PAUSE * 2**further)  # noqa: S311 - parts those who wait
    return write()


def is_passing(error: ClientError) -> bool:
    """Return whether a write was refused for others' writes of the same items alone."""
    if error.response["Error"]["Code"] == _REFUSED_WRITE:
        return True
    reasons = cancellation_reasons(error)
    return bool(reasons) and reasons <= _PASSING


def cancellation_reasons(error: ClientError) -> frozenset[str]:
    """Return why DynamoDB cancelled a transaction; nothing for any other error."""
    if error.response["Error"]["Code"] != _CANCELLED:
        return frozenset()
    reasons = error.response.get("CancellationReasons", ())  # one for each item, in the items' order
    return frozenset(str(reason.get("Code", "None")) for reason in reasons) - {"None"}
