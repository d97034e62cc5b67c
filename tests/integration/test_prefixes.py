"""What is known of prompt prefixes: in memory and in DynamoDB alike."""

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from aita.aws.dynamodb.prompt_cache_table import DynamoPromptCaches
from aita.memory.prompt_cache import MemoryPromptCaches
from aita.services.calls.prompt_cache_gate import CACHE_LIFETIME, LONGEST_FILL_WAIT, PrefixState, PromptCaches
from tests.integration.table import make_table
from tests.support.fakes import Clock


@pytest.fixture(scope="module")
def dynamodb() -> Iterator[Any]:
    with mock_aws():
        client = boto3.client("dynamodb", region_name="us-east-1")
        make_table(client, "t")
        yield client


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(params=["memory", "aws"])
def prefixes(request: pytest.FixtureRequest, dynamodb: Any, clock: Clock) -> PromptCaches:
    return (
        MemoryPromptCaches(clock.monotonic) if request.param == "memory" else DynamoPromptCaches(dynamodb, "t", clock)
    )


@pytest.fixture
def prefix(request: pytest.FixtureRequest) -> str:
    return str(request.node.nodeid)


def test_one_is_first_and_the_others_follow_until_it_has_answered(prefixes: PromptCaches, prefix: str) -> None:
    assert [prefixes.enter(prefix) for _ in range(3)] == [PrefixState.FIRST, PrefixState.FOLLOWS, PrefixState.FOLLOWS]
    prefixes.fill(prefix)
    assert prefixes.enter(prefix) is PrefixState.FILLED


def test_a_first_that_does_not_answer_loses_its_place(prefixes: PromptCaches, prefix: str, clock: Clock) -> None:
    prefixes.enter(prefix)
    clock.advance(LONGEST_FILL_WAIT + 0.01)
    assert [prefixes.enter(prefix) for _ in range(2)] == [PrefixState.FIRST, PrefixState.FOLLOWS]


def test_a_cache_is_counted_on_for_its_time(prefixes: PromptCaches, prefix: str, clock: Clock) -> None:
    prefixes.enter(prefix)
    prefixes.fill(prefix)
    clock.advance(CACHE_LIFETIME - 0.01)
    assert prefixes.enter(prefix) is PrefixState.FILLED
    clock.advance(0.02)
    assert prefixes.enter(prefix) is PrefixState.FIRST


def test_prefixes_do_not_share_a_place(prefixes: PromptCaches, prefix: str) -> None:
    assert [prefixes.enter(prefix), prefixes.enter(prefix + "2")] == [PrefixState.FIRST] * 2


def test_the_item_expires(dynamodb: Any, clock: Clock) -> None:
    DynamoPromptCaches(dynamodb, "t", clock).enter("expiring")
    item = dynamodb.get_item(TableName="t", Key={"pk": {"S": "PREFIX#expiring"}, "sk": {"S": "CACHE"}})["Item"]
    assert int(item["expires_at"]["N"]) == int(clock().timestamp()) + 3600
