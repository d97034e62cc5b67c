"""Names in two parts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aita.services.assignments.person_names import first_name_first, split_name


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("Ann Lee", ("Ann", "Lee")),
        ("Ann Marie Lee", ("Ann Marie", "Lee")),
        ("Lee, Ann", ("Ann", "Lee")),
        (" Lee ,  Ann  Marie ", ("Ann Marie", "Lee")),
        ("de la Cruz, Juana", ("Juana", "de la Cruz")),
        ("Juana de la Cruz", ("Juana", "de la Cruz")),
        ("Ludwig van Beethoven", ("Ludwig", "van Beethoven")),
        ("Anh Van Nguyen", ("Anh Van", "Nguyen")),
        ("ann marie lee", ("ann marie", "lee")),
        ("van Gogh", ("van", "Gogh")),
        ("John Smith Jr.", ("John", "Smith Jr.")),
        ("John Smith, Jr.", ("John", "Smith, Jr.")),
        ("Smith Jr., John", ("John", "Smith Jr.")),
        ("Cher", ("Cher", "")),
        ("李雷", ("李雷", "")),
        ("Lee,", ("Lee,", "")),
        ("", ("", "")),
    ],
)
def test_a_name_is_split(name: str, parts: tuple[str, str]) -> None:
    assert split_name(name) == parts


def test_a_name_with_a_comma_is_turned_round() -> None:
    assert first_name_first("de la Cruz, Juana") == "Juana de la Cruz"
    assert first_name_first("Juana  de la Cruz") == "Juana  de la Cruz"


@given(st.text(max_size=20))
def test_no_part_of_a_name_is_lost(name: str) -> None:
    first, last = split_name(name)
    kept = sorted((first + last).replace(",", "").split())
    assert "".join(sorted("".join(kept))) == "".join(sorted("".join(name.replace(",", "").split())))
