"""The shared limiter on DynamoDB's interface: the slots of the arithmetic, by one request each."""

import random
import threading
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import boto3
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from moto import mock_aws

from aita.aws.dynamodb.rate_limiter import DynamoRateLimiter
from aita.models.rate_limits import Rates
from aita.services.calls.token_bucket import DECREASE, SHARED_BURST, Bucket
from tests.integration.table import make_table
from tests.support.fakes import Clock

NONE = Rates()


class Counting:
    """A DynamoDB client that counts requests, one at a time: moto's conditional update is not atomic."""

    def __init__(self, client: Any) -> None:
        self.client = client
        self.requests: Counter[str] = Counter()
        self.lock = threading.Lock()

    def update_item(self, **arguments: Any) -> Any:
        with self.lock:
            self.requests["update"] += 1
            return self.client.update_item(**arguments)

    def get_item(self, **arguments: Any) -> Any:
        with self.lock:
            self.requests["get"] += 1
            return self.client.get_item(**arguments)


class Overtaken(Counting):
    """A client whose every update comes after what others do meanwhile."""

    def __init__(self, client: Any, others: Callable[[], None]) -> None:
        super().__init__(client)
        self.others = others

    def update_item(self, **arguments: Any) -> Any:
        self.others()
        return super().update_item(**arguments)


@pytest.fixture(scope="module")
def dynamodb() -> Iterator[Any]:
    with mock_aws():
        client = boto3.client("dynamodb", region_name="us-east-1")
        make_table(client, "t")
        yield client


@pytest.fixture
def client(dynamodb: Any) -> Counting:
    return Counting(dynamodb)


@pytest.fixture
def clock() -> Clock:
    return Clock()


def limiter(client: Counting, clock: Clock, name: str) -> DynamoRateLimiter:
    return DynamoRateLimiter(client, "t", "https://provider", name, clock)


def test_each_slot_takes_one_request_and_no_read(client: Counting, clock: Clock) -> None:
    mine = limiter(client, clock, "one request")
    assert [mine.reserve(Rates(10), 1).wait for _ in range(8)] == pytest.approx([0.0] * 6 + [0.1, 0.2])
    assert client.requests == {"update": 8}


def test_another_function_finds_the_state_with_one_request_more(client: Counting, clock: Clock) -> None:
    first, other = limiter(client, clock, "two"), limiter(client, clock, "two")
    first.reserve(Rates(1), 1)
    client.requests.clear()
    assert other.reserve(Rates(1), 1).wait == pytest.approx(0.5)
    assert client.requests == {"update": 2}


def test_providers_and_models_have_a_limit_of_their_own(client: Counting, clock: Clock) -> None:
    for name in ("a", "b"):
        assert limiter(client, clock, name).reserve(Rates(0.01), 1).wait == 0


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    steps=st.lists(
        st.tuples(
            st.integers(0, 3),
            st.integers(0, 4_000),
            st.sampled_from([Rates(), Rates(0.01), Rates(3.3), Rates(20, 60_000), Rates(None, 9_000)]),
            st.integers(1, 3_000),
        ),
        max_size=25,
    ),
    data=st.data(),
)
def test_the_slots_are_those_of_the_arithmetic(
    dynamodb: Any, steps: list[tuple[int, int, Rates, int]], data: st.DataObject
) -> None:
    """Two functions take turns at random; what they do together is what one bucket does."""
    clock, name = Clock(), uuid.uuid4().hex
    both = [limiter(Counting(dynamodb), clock, name) for _ in range(2)]
    bucket = Bucket(burst=SHARED_BURST)
    for action, gap, told, tokens in steps:
        clock.advance(gap / 1_000)
        now = round(clock.monotonic() * 1_000)
        mine = both[data.draw(st.integers(0, 1))]
        if action == 0:
            mine.close(told, tokens / 100, NONE)
            bucket = bucket.close(now, told, tokens / 100, NONE)
            continue
        clock.advance(6)  # past what a copy is trusted for where no rate is told
        now = round(clock.monotonic() * 1_000)
        slot = mine.reserve(told, tokens)
        bucket, due = bucket.reserve(now, told, tokens)
        assert round(slot.available_at * 1_000) == due
        assert slot.wait == pytest.approx(max(0, due - now) / 1_000)
        if action == 1:  # headers come with a reply, after a reservation that has refreshed the copy
            mine.learn(Rates(tokens / 10))
            bucket = bucket.learn(Rates(tokens / 10))


def test_many_takers_get_each_slot_once(client: Counting, clock: Clock) -> None:
    ready = threading.Barrier(16)

    def take(_: int) -> list[int]:
        mine = limiter(client, clock, "many")
        ready.wait(60)
        return [round(mine.reserve(Rates(5), 1).available_at * 1_000) for _ in range(8)]

    with ThreadPoolExecutor(16) as pool:
        found = sorted(due for mine in pool.map(take, range(16)) for due in mine)
    bucket, expected = Bucket(burst=SHARED_BURST), []
    for _ in range(128):
        bucket, due = bucket.reserve(round(clock.monotonic() * 1_000), Rates(5), 1)
        expected.append(due)
    assert found == expected


def test_who_is_overtaken_each_time_tries_once_more(client: Counting, clock: Clock) -> None:
    told, other = Rates(20, 60_000), limiter(client, clock, "overtaken")

    def overtake() -> None:
        other.reserve(told, 50)
        clock.advance(0.1)  # longer than a slot: the bucket is full again

    overtaken = Overtaken(client.client, overtake)
    mine = limiter(overtaken, clock, "overtaken")
    for tries in (2, 4, 6):
        assert mine.reserve(told, 50).wait == 0
        assert overtaken.requests == {"update": tries}
        clock.advance(60)


@pytest.mark.parametrize("seed", range(6))
def test_those_who_overtake_each_other_keep_the_rate(dynamodb: Any, clock: Clock, seed: int) -> None:
    """The burst is longer by what a taker's requests took, and by no more."""
    chance, name = random.Random(seed), uuid.uuid4().hex
    calls: list[int] = []
    longest = 0.0

    def take(taker: DynamoRateLimiter) -> None:
        nonlocal longest
        asked = clock.monotonic()
        wait = taker.reserve(Rates(20), 1).wait
        longest = max(longest, clock.monotonic() - asked)
        calls.append(round(1_000 * (clock.monotonic() + wait)))

    def overtake() -> None:
        for _ in range(chance.randint(0, 2)):
            take(other)
            clock.advance(chance.uniform(0, 0.06))

    other = limiter(Counting(dynamodb), clock, name)
    mine = limiter(Overtaken(dynamodb, overtake), clock, name)
    for _ in range(25):
        clock.advance(chance.choice([0, 0, 0, 0.04, 0.7]))
        take(mine)
    for window in range(50, 1_050, 50):
        most = (window + SHARED_BURST + 1_000 * longest) / 50 + 1
        assert max(sum(start <= at < start + window for at in calls) for start in calls) <= most


def test_a_closure_holds_every_function_back(client: Counting, clock: Clock) -> None:
    first, other = limiter(client, clock, "closed"), limiter(client, clock, "closed")
    other.reserve(Rates(10), 1)
    first.close(Rates(10), 30, NONE)
    assert other.reserve(Rates(10), 1).wait >= 30
    clock.advance(31)
    assert other.reserve(Rates(10), 1).wait < 1


def test_functions_that_are_refused_together_lower_the_rate_once(client: Counting, clock: Clock) -> None:
    for _ in range(5):
        limiter(client, clock, "together").close(Rates(10), 1, NONE)
    clock.advance(1)
    mine = limiter(client, clock, "together")
    waits = [mine.reserve(Rates(10), 1).wait for _ in range(20)]
    assert waits[-1] - waits[-2] == pytest.approx(1 / (10 * DECREASE))


def test_a_held_slot_counts_unless_it_was_closed_past(client: Counting, clock: Clock) -> None:
    mine, other = limiter(client, clock, "held"), limiter(client, clock, "held")
    slot = [mine.reserve(Rates(0.1), 1) for _ in range(2)][-1]
    client.requests.clear()
    assert other.reserve(Rates(0.1), 1, reservation=slot.available_at) == slot
    assert client.requests == {"get": 1}
    mine.close(Rates(0.1), 60, NONE)
    assert other.reserve(Rates(0.1), 1, reservation=slot.available_at).available_at > slot.available_at
    clock.advance(500)
    assert mine.reserve(Rates(0.1), 1, reservation=clock.monotonic() - 1).wait == 0


def test_a_slot_that_was_missed_is_reserved_anew(client: Counting, clock: Clock) -> None:
    mine = limiter(client, clock, "missed")
    held = [mine.reserve(Rates(10), 1).available_at for _ in range(60)]
    clock.advance(7.25)  # the last slots were just less than 2 s ago
    waits = [mine.reserve(Rates(10), 1, reservation).wait for reservation in held]
    kept = 60 - sum(reservation < clock.monotonic() - 2 for reservation in held)
    assert 0 < kept < 5
    assert sum(wait == 0 for wait in waits) <= kept + 6
    assert max(waits) == pytest.approx(5.3, abs=0.2)


def test_tokens_are_settled_by_one_write_and_only_where_there_is_a_limit_of_tokens(
    client: Counting, clock: Clock
) -> None:
    mine, told = limiter(client, clock, "settled"), Rates(None, 60_000)
    mine.reserve(Rates(10), 500)
    client.requests.clear()
    mine.settle(Rates(10), 500, 20_500)
    assert client.requests == {}
    mine.settle(told, 500, 20_500)
    assert client.requests == {"update": 1}
    assert mine.reserve(told, 1).wait == pytest.approx(10)
    mine.settle(told, 20_000, 5_000)
    assert mine.reserve(told, 1).wait == 0


def test_two_functions_settle_on_top_of_each_other(client: Counting, clock: Clock) -> None:
    both, told = [limiter(client, clock, "both settle") for _ in range(2)], Rates(None, 60_000)
    for each in (*both, *both):
        each.reserve(told, 500)
        each.settle(told, 500, 10_000)
    assert both[0].reserve(told, 1).wait == pytest.approx(40 - 10, abs=0.01)


def test_calls_without_a_slot_lower_a_rate_once(client: Counting, clock: Clock) -> None:
    functions = [limiter(client, clock, "unpaced") for _ in range(4)]
    for each in functions:
        each.close(NONE, None, NONE, paced=False)
        clock.advance(1)
    clock.advance(1)
    waits = [functions[0].reserve(NONE, 1).wait for _ in range(100)]
    assert waits[-1] < 4, "a slow start, whose slots lie few seconds ahead"


def test_a_pause_holds_every_function_back_at_the_same_rate(client: Counting, clock: Clock) -> None:
    first, other = limiter(client, clock, "paused"), limiter(client, clock, "paused")
    assert first.pause(30)
    assert not other.pause(20)
    assert other.reserve(Rates(10), 1).wait == 30
    clock.advance(31)
    waits = [other.reserve(Rates(10), 1).wait for _ in range(20)]
    assert waits[-1] - waits[-2] == pytest.approx(0.1)


def test_a_run_without_a_rate_asks_little_and_follows_what_was_found(client: Counting, clock: Clock) -> None:
    mine = limiter(client, clock, "untold")
    assert [mine.reserve(NONE, 1).wait for _ in range(20)] == [0.0] * 20
    assert client.requests == {"get": 1}
    limiter(client, clock, "untold").close(NONE, 10, NONE)
    clock.advance(5.1)
    assert mine.reserve(NONE, 1).wait == pytest.approx(4.9, abs=0.01)


def test_what_is_known_is_not_written_again(client: Counting, clock: Clock) -> None:
    mine = limiter(client, clock, "learning")
    for _ in range(10):
        mine.learn(Rates(8.0, 90_000.0))
    assert client.requests == {"get": 1, "update": 1}
    assert [mine.reserve(NONE, 1).wait for _ in range(10)][-1] > 0
