"""Writes that DynamoDB refuses, of which some are only early: moto refuses none for others' writes."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber

from aita.aws.dynamodb import transaction_conflicts
from aita.aws.dynamodb.items import write
from aita.aws.dynamodb.run_table import DynamoRunTable
from aita.errors import ConflictError
from aita.models.run import Run, RunSettings, RunStatus

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
RUN = Run(
    run_id="r1",
    assignment="midterm",
    pipeline="rubric",
    status=RunStatus.RUNNING,
    attempt=2,
    stage="answer_key",
    settings=RunSettings(model="m", max_workers=2, rate_limit_rps=0),
    created_at=NOW,
    updated_at=NOW,
)


@pytest.fixture
def dynamodb(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stubber]:
    monkeypatch.setattr("aita.aws.dynamodb.transaction_conflicts.time.sleep", lambda seconds: None)
    client = boto3.client("dynamodb", "us-east-1", aws_access_key_id="a", aws_secret_access_key="b")
    with Stubber(client) as stubber:
        yield stubber
        stubber.assert_no_pending_responses()


def table(dynamodb: Stubber) -> DynamoRunTable:
    return DynamoRunTable(dynamodb.client, "t", lambda: NOW, 365)


def cancelled(stubber: Stubber, *reasons: str) -> None:
    """Let the next transaction be cancelled for these reasons, one for each of its items."""
    stubber.add_client_error(
        "transact_write_items",
        "TransactionCanceledException",
        modeled_fields={"CancellationReasons": [{"Code": reason} for reason in reasons]},
    )


@pytest.mark.parametrize("reason", ["TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"])
def test_a_resume_waits_until_tasks_in_flight_have_written(dynamodb: Stubber, reason: str) -> None:
    for _ in range(3):
        cancelled(dynamodb, reason, "None")
    dynamodb.add_response("transact_write_items", {})
    table(dynamodb).restart(RUN, "r1")


def test_a_run_that_others_write_for_long_is_told_as_that(dynamodb: Stubber) -> None:
    for _ in range(transaction_conflicts.TRIES):
        cancelled(dynamodb, "TransactionConflict", "None")
    with pytest.raises(ConflictError, match=r"tasks of run r1 that are still at work.*try again"):
        table(dynamodb).restart(RUN, "r1")


@pytest.mark.parametrize("other", ["None", "TransactionConflict"])
def test_one_that_another_was_quicker_to_start_is_told_at_once(dynamodb: Stubber, other: str) -> None:
    cancelled(dynamodb, other, "ConditionalCheckFailed")
    with pytest.raises(ConflictError, match="another run of midterm / rubric was started at the same time"):
        table(dynamodb).restart(RUN, "r1")


def test_what_no_time_mends_is_no_conflict(dynamodb: Stubber) -> None:
    cancelled(dynamodb, "ValidationError", "None")
    with pytest.raises(ClientError):
        table(dynamodb).create(RUN, None)


def test_a_tasks_count_waits_for_a_transaction(dynamodb: Stubber) -> None:
    dynamodb.add_client_error("update_item", "TransactionConflictException")
    stored: dict[str, Any] = write(RUN.model_dump())
    dynamodb.add_response("update_item", {"Attributes": stored})
    assert table(dynamodb).count_wait("r1", "busy").run_id == "r1"
