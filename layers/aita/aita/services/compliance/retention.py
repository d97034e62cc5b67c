"""Retention of rows."""

from datetime import datetime, timedelta

AFTER_OBJECTS = timedelta(days=7)
"""Time for which rows outlive objects. S3 takes days to delete expired objects, and purge finds these by the rows."""


def rows_expire_at(now: datetime, days: int) -> int:
    """Return the expiry of rows that are written now, in seconds since the epoch, as DynamoDB's TTL takes it.

    ``days`` is the retention of the objects that the rows describe.
    """
    return int((now + timedelta(days=days) + AFTER_OBJECTS).timestamp())
