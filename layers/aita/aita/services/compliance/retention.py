"""How long rows are kept."""

from datetime import datetime, timedelta

AFTER_OBJECTS = timedelta(days=7)
"""How much longer than objects. S3 takes days to delete what has expired, and purge finds it by the rows."""


def rows_expire_at(now: datetime, days: int) -> int:
    """Return when rows written now expire, in seconds since the epoch, as DynamoDB's TTL wants it.

    ``days`` is how long the objects are kept that they tell of.
    """
    return int((now + timedelta(days=days) + AFTER_OBJECTS).timestamp())
