"""A limiter of many items: none is written too often, together they keep the rate, and a refusal closes all."""

import heapq
import itertools
import operator
import random
from collections import Counter
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from aita.aws.dynamodb.sharded_rate_limiter import ShardedRateLimiter
from aita.models.rate_limits import Rates
from aita.services.calls.token_bucket import shards
from tests.integration.table import make_table
from tests.support.fakes import Clock

PROVIDER, MODEL = "https://provider", "m"
MOST_WRITES = 1_000


class Table:
    """The limiter's updates on items in memory, which moto is too slow for. It counts the writes in each second."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.items: dict[str, dict[str, Any]] = {}
        self.writes: Counter[tuple[str, int]] = Counter()

    def update_item(self, **asked: Any) -> dict[str, Any]:
        name, values = asked["Key"]["sk"]["S"], asked["ExpressionAttributeValues"]
        self.writes[name, int(self.clock.monotonic())] += 1
        item = self.items.get(name)
        if not self._holds(item, asked["ConditionExpression"], values):
            refused = {"Error": {"Code": "ConditionalCheckFailedException"}, "Item": item}
            raise ClientError(refused, "UpdateItem")  # type: ignore[arg-type]
        before, after = item or {}, dict(item or asked["Key"])
        for change in asked["UpdateExpression"].split(" REMOVE ")[0].removeprefix("SET ").split(", "):
            attribute, _, terms = change.partition(" = ")
            given = [values.get(term) or before[term] for term in terms.split(" + ")]
            after[attribute] = given[0] if len(given) == 1 else {"N": str(sum(int(each["N"]) for each in given))}
        self.items[name] = after
        return {"Attributes": after}

    def get_item(self, **asked: Any) -> dict[str, Any]:
        item = self.items.get(asked["Key"]["sk"]["S"])
        return {"Item": item} if item else {}

    def _holds(self, item: dict[str, Any] | None, condition: str, values: dict[str, Any]) -> bool:
        if condition.startswith("attribute_not_exists"):
            return item is None
        compare = {"=": operator.eq, ">=": operator.ge, "<": operator.lt}
        return item is not None and all(
            compare[sign](int(item[name]["N"]), int(values[value]["N"]))
            for name, sign, value in (each.split() for each in condition.split(" AND "))
        )


@pytest.fixture
def clock() -> Clock:
    return Clock()


def limiter(client: Any, clock: Clock, seed: int = 1) -> ShardedRateLimiter:
    return ShardedRateLimiter(client, "t", PROVIDER, MODEL, clock, random.Random(seed).randrange)


@pytest.mark.parametrize("rate", [250, 1_200, 5_000])
def test_thousands_of_takers_keep_the_rate_and_no_item_is_written_too_often(clock: Clock, rate: int) -> None:
    table = Table(clock)
    told, seconds = Rates(rate), 6
    began, chance, order = clock.monotonic(), random.Random(1), itertools.count()
    starts = [began + chance.uniform(0, 3) for _ in range(2 * rate)]
    waiting = [(at, next(order), limiter(table, clock, seed)) for seed, at in enumerate(starts)]
    heapq.heapify(waiting)
    calls: list[float] = []
    while waiting and waiting[0][0] < began + seconds:
        at, _, taker = heapq.heappop(waiting)
        clock.advance(at - clock.monotonic())
        called = at + taker.reserve(told, 1).wait
        calls.append(called)
        heapq.heappush(waiting, (called + chance.uniform(0.2, 0.8), next(order), taker))
    assert len({name for name, _ in table.writes}) == shards(told)
    assert max(table.writes.values()) <= MOST_WRITES
    steady = sum(began + 3 <= called < began + seconds for called in calls) / (seconds - 3)
    assert steady == pytest.approx(rate, rel=0.02)


@pytest.fixture
def dynamodb() -> Iterator[Any]:
    with mock_aws():
        client = boto3.client("dynamodb", region_name="us-east-1")
        make_table(client, "t")
        yield client


def names(dynamodb: Any) -> set[str]:
    return {item["sk"]["S"] for item in dynamodb.scan(TableName="t")["Items"]}


def test_up_to_250_a_second_there_is_one_item(dynamodb: Any, clock: Clock) -> None:
    mine = limiter(dynamodb, clock)
    for _ in range(5):
        mine.reserve(Rates(250), 1)
    mine.close(Rates(250), 1, Rates())
    assert names(dynamodb) == {"BUCKET"}


def test_a_refusal_closes_all_items_for_everyone(dynamodb: Any, clock: Clock) -> None:
    told = Rates(1_000)
    functions = [limiter(dynamodb, clock, seed) for seed in range(6)]
    for each in functions:
        assert each.reserve(told, 1).wait == 0
    functions[0].close(told, 30, Rates())
    clock.advance(1)
    assert names(dynamodb) == {"BUCKET", "BUCKET#1", "BUCKET#2", "BUCKET#3"}
    assert all(each.reserve(told, 1).wait > 28 for each in functions for _ in range(8))
    assert limiter(dynamodb, clock, 9).reserve(told, 1).wait > 28


def test_functions_that_are_refused_together_lower_each_item_once(dynamodb: Any, clock: Clock) -> None:
    told = Rates(1_000)
    functions = [limiter(dynamodb, clock, seed) for seed in range(6)]
    for each in functions:
        each.reserve(told, 1)
    for each in functions:
        each.close(told, 1, Rates())
    lowered = {float(item["lowered"]["N"]) for item in dynamodb.scan(TableName="t")["Items"]}
    assert lowered == {800}


def test_a_rate_that_headers_tell_parts_the_bucket(dynamodb: Any, clock: Clock) -> None:
    taught, other = limiter(dynamodb, clock), limiter(dynamodb, clock, 2)
    taught.learn(Rates(1_000))
    taken = [other.reserve(Rates(), 1).wait for _ in range(600)]
    assert len(names(dynamodb)) == 4
    assert 0 < max(taken) < 0.3  # the burst of half a second is 500 calls


def test_a_lower_rate_that_headers_tell_reaches_all_items(dynamodb: Any, clock: Clock) -> None:
    told, taught = Rates(1_000), limiter(dynamodb, clock)
    others = [limiter(dynamodb, clock, seed) for seed in range(8)]
    for each in (taught, *others):
        each.reserve(told, 1)
    taught.learn(Rates(2))
    assert {item["learnt_rps"]["N"] for item in dynamodb.scan(TableName="t")["Items"]} == {"2"}
    assert max(each.reserve(told, 1).wait for each in others) > 1
