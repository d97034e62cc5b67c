"""Schedule of cases: clean classes, each mishap alone, and groups by which each pair of mishaps meets."""

import random
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import combinations

from tests.adversary.case import Case

TIMES = 3
"""How often each mishap happens alone, and each pair of mishaps in one class."""

CLEAN = 0.1
"""Share of classes without a mishap, half of which have innocent marks."""

GROUP = 4
"""Mishaps of a class in which pairs meet."""

Pairs = Counter[tuple[str, str]]


def clean_cases(count: int, seed: int) -> Iterator[Case]:
    """Yield classes without a mishap, every second one with innocent marks."""
    return (Case(seed + number, innocent=number % 2 == 1) for number in range(count))


def single_cases(kinds: Sequence[str], times: int, seed: int) -> Iterator[Case]:
    """Yield cases of each mishap alone."""
    return (Case(seed + time, (kind,)) for time in range(times) for kind in kinds)


def group_cases(kinds: Sequence[str], size: int, most: int, seed: int, met: Pairs | None = None) -> Iterator[Case]:
    """Yield groups of mishaps until each pair is in ``TIMES`` of them, or there are ``most``.

    Parameters
    ----------
    size
        Number of mishaps in a group.
    met
        How often each pair has met before.
    """
    random_ = random.Random(f"groups {seed}")
    met = Counter() if met is None else Counter(met)
    pairs = [*combinations(sorted(kinds), 2)]
    random_.shuffle(pairs)
    number = 0
    for time in range(TIMES):
        for pair in pairs:
            if number >= most:
                return
            if met[pair] > time:
                continue
            group = list(pair)
            while len(group) < min(size, len(kinds)):
                group.append(_least_met(kinds, group, met, random_))
            met.update(pairs_of(group))
            random_.shuffle(group)
            yield Case(seed + number, tuple(group))
            number += 1


def pairs_of(kinds: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Yield the pairs of a group of mishaps."""
    return combinations(sorted(kinds), 2)


def _least_met(kinds: Sequence[str], group: Sequence[str], met: Pairs, random_: random.Random) -> str:
    def count(kind: str) -> tuple[int, float]:
        return sum(min(TIMES, met[min(kind, each), max(kind, each)]) for each in group), random_.random()

    return min((kind for kind in kinds if kind not in group), key=count)
