"""Purging a stack's assignments with the rights of the caller's own credentials: no function may delete."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from botocore.exceptions import BotoCoreError, ClientError

from aita.aws.decisions import DynamoDecisions
from aita.aws.objects import S3Objects
from aita.aws.place import Place
from aita.aws.runs import DynamoRuns
from aita.aws.stack import Stack
from aita.aws.versions import DynamoRows, S3Versions
from aita.services.purge import Purger


def make_purger(place: Place, stack: Stack) -> Purger:
    """Return what purges the assignments of a stack."""
    s3, dynamodb = place.client("s3"), place.client("dynamodb")

    def now() -> datetime:
        return datetime.now(UTC)

    return Purger(
        objects=S3Objects(s3, stack.bucket),
        versions=S3Versions(s3, stack.bucket),
        rows=DynamoRows(dynamodb, stack.table),
        runs=DynamoRuns(dynamodb, stack.table, now, retention_days=0),
        decisions=DynamoDecisions(dynamodb, stack.table),
        clock=now,
    )


@contextmanager
def explained(place: Place) -> Iterator[None]:
    """Turn what AWS refuses, or the way to it, into what to do about it.

    Raises
    ------
    StackError
        If a request fails.
    """
    try:
        yield
    except (ClientError, BotoCoreError) as error:
        raise place.explain(error) from error
