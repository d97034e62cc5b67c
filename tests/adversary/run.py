"""Runs of scheduled cases, on several cores."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path

from tests.adversary.case import Case, Outcome, run
from tests.adversary.schedule import CLEAN, GROUP, TIMES, Pairs, clean_cases, group_cases, pairs_of, single_cases

SEEDS = Path(__file__).with_name("seeds.txt")
"""Cases that failed once, a line each."""


def kept_cases(kinds: Sequence[str]) -> list[Case]:
    """Return the cases that failed once and have no other mishaps than these."""
    lines = SEEDS.read_text("utf-8").splitlines()
    cases = [Case.of(line) for line in lines if line.strip() and not line.startswith("#")]
    return [case for case in cases if set(case.mishaps) <= set(kinds)]


def play(kinds: Sequence[str], classes: int, seed: int, jobs: int) -> Iterator[Outcome]:
    """Yield the outcomes of this many classes, and before them those of the cases that failed once.

    Pairs that could not meet in a group, as no class has a place for all of it, meet by themselves afterwards.
    """
    clean = max(2, round(classes * CLEAN))
    times = max(1, min(TIMES, (classes - clean) // (2 * len(kinds) or 1)))
    first = [*clean_cases(clean, seed), *single_cases(kinds, times, seed)][:classes]
    rest = classes - len(first)
    groups = [*group_cases(kinds, GROUP, rest, seed)]
    met: Pairs = Counter()
    with _pool(jobs) as outcomes:
        for outcome in outcomes([*kept_cases(kinds), *first, *groups]):
            if outcome.is_possible:
                met.update(pairs_of(outcome.case.mishaps))
            yield outcome
        pairs = group_cases(kinds, 2, rest - len(groups), seed, met)
        yield from outcomes(pairs)


@contextmanager
def _pool(jobs: int) -> Iterator[Callable[[Iterable[Case]], Iterator[Outcome]]]:
    if jobs == 1:
        yield lambda cases: map(run, cases)
        return
    with get_context("spawn").Pool(jobs) as pool:
        yield lambda cases: pool.imap(run, cases, chunksize=4)
