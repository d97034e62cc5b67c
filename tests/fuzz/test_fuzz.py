"""The short fuzzing of every parser, and that fuzzing finds what is broken."""

import pytest
from hypothesis import strategies as st

from tests.fuzz.fuzzing import fuzz
from tests.fuzz.targets import TARGETS, Target

# Hypothesis warns of its strategies where another thread draws a random number, as a client does that waits.
pytestmark = pytest.mark.filterwarnings("ignore::hypothesis.errors.HypothesisWarning")


@pytest.mark.parametrize("name", TARGETS)
def test_no_input_breaks_a_parser(name: str) -> None:
    assert fuzz(TARGETS[name], 0.3).failure == ""


def test_what_breaks_a_parser_is_found_shrunk_and_shown() -> None:
    found = fuzz(Target(st.integers(), lambda value: 1 // (value < 1000)), 5)
    assert found.failure == "seed 0: ZeroDivisionError for 1000"


def test_what_a_parser_may_raise_breaks_nothing() -> None:
    assert fuzz(Target(st.integers(), lambda value: 1 // 0, (ZeroDivisionError,)), 0).failure == ""
