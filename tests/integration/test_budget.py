"""The cap on a run's cost: in memory and in DynamoDB alike, and through a whole run."""

from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import boto3
import pytest
from moto import mock_aws

from aita.aws.dynamodb.run_table import DynamoRunTable
from aita.models.run import Run, RunSettings, RunStatus
from aita.ports import RunStore
from tests.integration.table import make_table
from tests.support.memory_runs import MemoryRuns

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


@pytest.fixture(scope="module")
def dynamodb() -> Iterator[Any]:
    with mock_aws():
        client = boto3.client("dynamodb", region_name="us-east-1")
        make_table(client, "t")
        yield client


@pytest.fixture(params=["memory", "aws"])
def runs(request: pytest.FixtureRequest, dynamodb: Any) -> RunStore:
    return MemoryRuns(lambda: NOW) if request.param == "memory" else DynamoRunTable(dynamodb, "t", lambda: NOW, 365)


@pytest.fixture
def run_id(runs: RunStore, request: pytest.FixtureRequest) -> str:
    name = f"x{abs(hash(request.node.nodeid)):x}"
    run = Run(
        run_id=name, assignment=name, pipeline="rubric", status=RunStatus.RUNNING, attempt=2, stage="s",
        settings=RunSettings(model="m", max_workers=2, max_cost_usd=Decimal("0.5")), created_at=NOW, updated_at=NOW,
    )  # fmt: skip
    runs.create(run, None)
    return name


CAP = Decimal("0.5")


def test_what_is_committed_stays_within_the_cap(runs: RunStore, run_id: str) -> None:
    assert [runs.reserve_cost(run_id, 2, Decimal("0.2"), CAP) for _ in range(3)] == [True, True, False]
    assert runs.get(run_id).committed_usd == Decimal("0.4")
    assert runs.reserve_cost(run_id, 2, Decimal("0.1"), CAP), "up to the cap itself"


def test_what_is_given_back_can_be_committed_again(runs: RunStore, run_id: str) -> None:
    runs.reserve_cost(run_id, 2, Decimal("0.5"), CAP)
    assert runs.release_cost(run_id, 2, Decimal("0.4999"))
    assert runs.get(run_id).committed_usd == Decimal("0.0001")
    assert runs.reserve_cost(run_id, 2, Decimal("0.4"), CAP)


def test_an_earlier_attempt_gives_nothing_back(runs: RunStore, run_id: str) -> None:
    runs.reserve_cost(run_id, 2, Decimal("0.5"), CAP)
    assert not runs.release_cost(run_id, 1, Decimal("0.4"))
    assert runs.get(run_id).committed_usd == Decimal("0.5")


def test_the_execution_of_an_earlier_attempt_is_not_recorded(runs: RunStore, run_id: str) -> None:
    runs.set_execution(run_id, 2, "arn:2")
    runs.set_execution(run_id, 1, "arn:1")
    assert runs.get(run_id).execution_arn == "arn:2"


def test_nothing_is_committed_for_an_earlier_attempt_or_a_run_that_ended(runs: RunStore, run_id: str) -> None:
    assert not runs.reserve_cost(run_id, 1, Decimal("0.1"), CAP)
    runs.end(run_id, 2, RunStatus.CANCELLED, "cancelled")
    assert not runs.reserve_cost(run_id, 2, Decimal("0.1"), CAP)


def test_the_settings_come_back_as_they_were(runs: RunStore, run_id: str) -> None:
    assert runs.get(run_id).settings.max_cost_usd == CAP
