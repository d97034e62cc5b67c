"""A model of how runs share an account's Lambda concurrency: who starts, who is throttled, and who tries again when.

A map keeps ``concurrency`` children open. Each invokes its function; without a free slot it is throttled and tries
again as the definition's retry says. When a child ends, the map starts the next one after ``gap`` seconds, which then
takes the slot that became free, unless one that waits happens to try in between.
"""

import heapq
import random
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count
from typing import Self

from tests.template.conftest import Json


@dataclass(frozen=True)
class Retries:
    """A retrier with full jitter; times in seconds."""

    interval: float
    rate: float
    longest: float
    attempts: int

    @classmethod
    def of(cls, state: Json, error: str) -> Self:
        """Return how a state tries an error again."""
        retrier = next(each for each in state["Retry"] if error in each["ErrorEquals"])
        assert retrier["JitterStrategy"] == "FULL"
        return cls(
            retrier["IntervalSeconds"], retrier["BackoffRate"], retrier["MaxDelaySeconds"], retrier["MaxAttempts"]
        )

    def at_most(self, tried: int) -> float:
        """Return the longest wait after so many retries: the wait is anything from 0 to it."""
        return min(self.longest, self.interval * self.rate**tried)

    @property
    def mean(self) -> float:
        """The seconds until all attempts are used up, on average."""
        return sum(map(self.at_most, range(self.attempts))) / 2


@dataclass(frozen=True)
class Run:
    """One map: so many children at once, until there were so many."""

    concurrency: int
    items: int
    begins: float = 0.0


@dataclass(frozen=True)
class Account:
    """What the runs share: ``taken`` slots are held by somebody else all the time."""

    quota: int
    task_seconds: float
    gap: float
    taken: int = 0


@dataclass
class Outcome:
    """What became of the runs' items; ``waited`` is the longest time from a child's first try to its slot."""

    done: int = 0
    failed: int = 0
    throttled: int = 0
    most_retries: int = 0
    waited: float = 0.0


@dataclass
class _Child:
    run: int
    began: float
    retries: int = 0
    runs: bool = False


def simulate(runs: Sequence[Run], account: Account, retries: Retries, seed: int) -> Outcome:
    """Run all items to their ends. Tasks take half to one and a half of ``task_seconds``."""
    rng, order, outcome = random.Random(seed), count(), Outcome()
    left, busy = [run.items for run in runs], account.taken
    events: list[tuple[float, int, _Child]] = []

    def happens(at: float, child: _Child) -> None:
        heapq.heappush(events, (at, next(order), child))

    def start_next(run: int, at: float) -> None:
        if left[run]:
            left[run] -= 1
            happens(at, _Child(run, at))

    for number, run in enumerate(runs):
        for _ in range(run.concurrency):
            start_next(number, run.begins + rng.random())
    while events:
        now, _, child = heapq.heappop(events)
        if child.runs:
            busy -= 1
            outcome.done += 1
            start_next(child.run, now + account.gap)
        elif busy < account.quota:
            busy += 1
            child.runs = True
            outcome.most_retries = max(outcome.most_retries, child.retries)
            outcome.waited = max(outcome.waited, now - child.began)
            happens(now + account.task_seconds * rng.uniform(0.5, 1.5), child)
        else:
            outcome.throttled += 1
            if child.retries == retries.attempts:
                outcome.failed += 1
                start_next(child.run, now + account.gap)
            else:
                happens(now + rng.uniform(0, retries.at_most(child.retries)), child)
                child.retries += 1
    return outcome
