"""The first call of a prefix goes ahead alone; the others follow when it has answered, or after 2 s."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from aita.memory.prompt_cache import MemoryPromptCaches
from aita.services.calls.prompt_cache_gate import CACHE_LIFETIME, LONGEST_FILL_WAIT, SHORTEST_PREFIX, PromptCacheGate
from aita.tasks.request import LLMRequest, Message, Parameters
from tests.support.fakes import Clock

LONG = "x" * 4 * SHORTEST_PREFIX


def request(system: str = LONG, user: str = "hello") -> LLMRequest:
    return LLMRequest((Message("system", system), Message("user", user)), "", None, Parameters())


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def prefixes(clock: Clock) -> MemoryPromptCaches:
    return MemoryPromptCaches(clock.monotonic)


def gate(prefixes: MemoryPromptCaches, clock: Clock) -> PromptCacheGate:
    return PromptCacheGate(prefixes, clock.advance, clock.monotonic)


def test_a_short_prefix_waits_for_nobody(prefixes: MemoryPromptCaches, clock: Clock) -> None:
    both = [gate(prefixes, clock).wait(request(LONG[:-4]), "m") for _ in range(2)]
    assert both == [None, None]
    assert clock.now == Clock().now


def test_the_first_leads_and_the_second_waits_at_most_2_s(prefixes: MemoryPromptCaches, clock: Clock) -> None:
    assert gate(prefixes, clock).wait(request(user="a"), "m") is not None
    before = clock.monotonic()
    assert gate(prefixes, clock).wait(request(user="b"), "m") is not None, "the first did not answer: its place is free"
    assert clock.monotonic() - before == pytest.approx(LONGEST_FILL_WAIT, abs=0.11)


def test_who_follows_a_filled_prefix_waits_no_more(prefixes: MemoryPromptCaches, clock: Clock) -> None:
    first, other = gate(prefixes, clock), gate(prefixes, clock)
    led = first.wait(request(), "m")
    assert led is not None
    first.mark_filled(led)
    before = clock.now
    assert other.wait(request(user="b"), "m") is None
    assert first.wait(request(user="c"), "m") is None
    assert clock.now == before


def test_another_prefix_or_model_is_another_group(prefixes: MemoryPromptCaches, clock: Clock) -> None:
    one = gate(prefixes, clock)
    led = {one.wait(request(), "m"), one.wait(request(LONG + "y"), "m"), one.wait(request(), "n")}
    assert None not in led
    assert len(led) == 3


def test_a_cache_that_grew_old_is_filled_anew(prefixes: MemoryPromptCaches, clock: Clock) -> None:
    one = gate(prefixes, clock)
    led = one.wait(request(), "m")
    assert led is not None
    one.mark_filled(led)
    clock.advance(CACHE_LIFETIME - 1)
    assert one.wait(request(), "m") is None
    clock.advance(1)
    assert one.wait(request(), "m") == led


def test_one_of_many_threads_leads(clock: Clock, prefixes: MemoryPromptCaches) -> None:
    answered = threading.Event()
    seen: list[str | None] = []

    def pause(_: float) -> None:
        answered.wait(60)

    def call(number: int) -> None:
        mine = PromptCacheGate(prefixes, pause, clock.monotonic)
        led = mine.wait(request(user=str(number)), "m")
        if led is not None:
            mine.mark_filled(led)
            answered.set()
        seen.append(led)

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(call, range(16)))
    assert sum(led is not None for led in seen) == 1
