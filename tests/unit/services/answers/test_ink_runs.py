"""Runs of ink: where the bands of a page are parted."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from aita.services.answers.ink_runs import GAP, InkRun, ink_runs, most_in_a_line


def test_two_empty_bands_part_runs_and_one_does_not() -> None:
    assert list(ink_runs([0, 5, 0, 7, 0, 0, 9])) == [InkRun(1, 4, 12), InkRun(6, 7, 9)]


def test_a_page_without_ink_has_none() -> None:
    assert list(ink_runs([0] * 100)) == []
    assert list(ink_runs([])) == []


@given(st.lists(st.sampled_from([0, 0, 0, 1, 30, 255]), max_size=100))
def test_runs_have_all_of_the_ink_and_are_parted(bands: list[int]) -> None:
    runs = list(ink_runs(bands))
    assert sum(run.ink for run in runs) == sum(bands)
    for run in runs:
        assert bands[run.first]
        assert bands[run.end - 1]
        assert run.ink == sum(bands[run.first : run.end])
    for above, below in pairwise(runs):
        assert below.first - above.end >= GAP


def test_the_ink_of_a_line_is_that_of_three_bands() -> None:
    assert most_in_a_line([1, 2, 3, 0, 9, 0, 0, 4]) == 12
    assert most_in_a_line([7]) == 7
    assert most_in_a_line([]) == 0
