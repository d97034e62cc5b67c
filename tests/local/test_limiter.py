"""The limiter on the emulator, whose conditional update is atomic: 64 takers at once."""

import threading
from concurrent.futures import ThreadPoolExecutor

from aita.aws.dynamodb.rate_limiter import DynamoRateLimiter
from aita.models.rate_limits import Rates
from aita.services.calls.token_bucket import SHARED_BURST, Bucket
from tests.local.stack import LocalStack
from tests.support.fakes import Clock

TAKERS, EACH = 64, 4
TOLD = Rates(7.5, 90_000)
TOKENS = 100


def test_64_takers_get_each_slot_once(stack: LocalStack) -> None:
    client, clock = stack.place.client("dynamodb"), Clock()
    ready = threading.Barrier(TAKERS)

    def take(_: int) -> list[int]:
        mine = DynamoRateLimiter(client, stack.deployed.table, "https://provider", "64 takers", clock)
        ready.wait(30)
        return [round(mine.reserve(TOLD, TOKENS).available_at * 1_000) for _ in range(EACH)]

    with ThreadPoolExecutor(TAKERS) as pool:
        found = sorted(due for mine in pool.map(take, range(TAKERS)) for due in mine)
    bucket, expected = Bucket(burst=SHARED_BURST), []
    for _ in range(TAKERS * EACH):
        bucket, due = bucket.reserve(round(clock.monotonic() * 1_000), TOLD, TOKENS)
        expected.append(due)
    assert found == expected
