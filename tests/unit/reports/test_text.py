"""Points and shares as reports show them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aita.models.grade import GradeScale
from aita.reports.text import total_percent
from aita.services.grading.letter_grades import letter


@pytest.mark.parametrize(
    ("total", "out_of", "shown"),
    [
        (8.99, 10, "89.9%"),
        (26.99, 29.99, "89.99%"),
        (27, 30, "90%"),
        (20, 30, "66.66%"),
        (0, 30, "0%"),
        (33, 30, "110%"),
        (0.29, 1, "29%"),
    ],
)
def test_the_percentage_of_a_total(total: float, out_of: float, shown: str) -> None:
    assert total_percent(total, out_of) == shown


@given(st.integers(0, 12000), st.integers(1, 10000), st.integers(1, 9999))
def test_a_percentage_reaches_a_letter_if_and_only_if_the_total_does(total: int, out_of: int, step: int) -> None:
    scale = GradeScale.model_validate(
        {"steps": [{"letter": "P", "from_percent": step / 100}, {"letter": "F", "from_percent": 0}]}
    )
    shown = float(total_percent(total / 100, out_of / 100).removesuffix("%"))
    assert (shown >= step / 100) == (letter(total / 100, out_of / 100, scale) == "P")
