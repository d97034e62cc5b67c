"""Assignments at the least cost, against all that there are."""

import random
import time
from collections.abc import Iterator, Mapping, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aita.services.assignments.least_cost import assign

NOTHING, MOST = 40, 1000

costs = st.lists(st.dictionaries(st.integers(0, 4), st.integers(0, 60)), max_size=5)
few = st.lists(st.dictionaries(st.integers(0, 4), st.integers(0, 3)), max_size=5)


def every(rows: Sequence[Mapping[int, int]], taken: frozenset[int] = frozenset()) -> Iterator[tuple[int | None, ...]]:
    """Yield every assignment."""
    if not rows:
        yield ()
        return
    for column in (None, *(each for each in rows[0] if each not in taken)):
        for rest in every(rows[1:], taken if column is None else taken | {column}):
            yield (column, *rest)


def total(rows: Sequence[Mapping[int, int]], columns: Sequence[int | None]) -> int:
    return sum(NOTHING if column is None else row[column] for row, column in zip(rows, columns, strict=True))


@given(st.one_of(costs, few))
def test_no_other_assignment_costs_less_and_the_margin_is_that_of_the_best_other(rows: list[dict[int, int]]) -> None:
    pairs = assign(rows, NOTHING, MOST)
    found = tuple(pair.column for pair in pairs)
    least = total(rows, found)
    assert len({column for column in found if column is not None}) == sum(column is not None for column in found)
    others = list(every(rows))
    assert least == min(total(rows, other) for other in others)
    for row, pair in enumerate(pairs):
        without = [total(rows, other) for other in others if other[row] != pair.column]
        assert pair.margin == min([MOST, *(each - least for each in without)])


@given(st.one_of(costs, few), st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_count_where_the_margin_is_more_than_nothing(
    rows: list[dict[int, int]], chance: random.Random
) -> None:
    order = list(range(len(rows)))
    chance.shuffle(order)
    before, after = assign(rows, NOTHING, MOST), assign([rows[place] for place in order], NOTHING, MOST)
    for place, pair in zip(order, after, strict=True):
        assert pair == before[place] or pair.margin == before[place].margin == 0


@pytest.mark.parametrize("alike", [1000, 3, 1], ids=["all differ", "many alike", "all alike"])
def test_a_class_of_five_hundred_takes_no_time(alike: int) -> None:
    chance = random.Random(alike)
    rows = [
        {column: 0 if column == row else 100 + chance.randrange(alike) for column in range(500)} for row in range(500)
    ]
    chance.shuffle(rows)
    start = time.process_time()
    pairs = assign(rows, 400, 150)
    assert time.process_time() - start < 5  # 0.3 s where it was measured
    assert all(rows[place][pair.column] == 0 for place, pair in enumerate(pairs) if pair.column is not None)
    assert None not in {pair.column for pair in pairs}
