"""Operations of a stack's owner, with the rights of the owner's own credentials: no function may do them."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from botocore.exceptions import BotoCoreError, ClientError

from aita.aws.dynamodb.decision_table import DynamoDecisionTable
from aita.aws.dynamodb.run_table import DynamoRunTable
from aita.aws.s3_objects import S3Objects
from aita.client.purge_stores import DynamoRows, S3Versions
from aita.client.stack_outputs import Stack
from aita.client.stack_target import StackTarget
from aita.services.compliance.audit_bundle import Auditor
from aita.services.compliance.purge import Purger


def make_purger(place: StackTarget, stack: Stack) -> Purger:
    """Return the purger of a stack's assignments."""
    s3, dynamodb = place.client("s3"), place.client("dynamodb")
    return Purger(
        objects=S3Objects(s3, stack.bucket),
        versions=S3Versions(s3, stack.bucket),
        rows=DynamoRows(dynamodb, stack.table),
        runs=DynamoRunTable(dynamodb, stack.table, _now, retention_days=0),
        decisions=DynamoDecisionTable(dynamodb, stack.table),
        clock=_now,
    )


def make_auditor(place: StackTarget, stack: Stack) -> Auditor:
    """Return the auditor of a stack's assignments."""
    dynamodb = place.client("dynamodb")
    return Auditor(
        objects=S3Objects(place.client("s3"), stack.bucket),
        rows=DynamoRows(dynamodb, stack.table),
        runs=DynamoRunTable(dynamodb, stack.table, _now, retention_days=0),
        decisions=DynamoDecisionTable(dynamodb, stack.table),
        clock=_now,
    )


@contextmanager
def explained(place: StackTarget) -> Iterator[None]:
    """Turn errors of AWS, or of the connection to it, into ``StackError``.

    Raises
    ------
    StackError
        If a request fails, with the remedy.
    """
    try:
        yield
    except (ClientError, BotoCoreError) as error:
        raise place.explain(error) from error


def _now() -> datetime:
    return datetime.now(UTC)
