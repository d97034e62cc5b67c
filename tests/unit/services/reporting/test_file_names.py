"""The names of students' reports for people: each its own, and one that any system takes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aita.services.reporting.file_names import file_names, is_one_file


def test_names_that_differ_in_case_alone_are_told_apart() -> None:
    names = {"s-1": "Maya Lindqvist", "s-2": "O'Neil, Zoë <zo/e>", "s-3": "maya lindqvist"}
    assert file_names(names) == {"s-1": "Maya Lindqvist", "s-2": "O'Neil, Zoë zo e", "s-3": "maya lindqvist (2)"}


@given(st.dictionaries(st.text("ab", min_size=1, max_size=4).map("s-{}".format), st.text(max_size=300), max_size=6))
def test_any_names_become_names_of_files_each_its_own(names: dict[str, str]) -> None:
    made = file_names(names)
    assert made.keys() == names.keys()
    assert len({name.casefold() for name in made.values()}) == len(names)
    for name in made.values():
        assert is_one_file(name)
        assert name.isprintable()
        assert len(f"{name}.html".encode()) < 255
        assert not set('<>:"/\\|?*') & set(name)
        assert not name.startswith((" ", "."))


@pytest.mark.parametrize("name", ["", "...", "con", "NUL", "com1.x", "COM\u00b9", "\x00", "/"])
def test_a_name_that_no_file_can_have_leaves_the_id(name: str) -> None:
    assert file_names({"s-1": name}) == {"s-1": "s-1"}


@pytest.mark.parametrize("name", ["", ".", "..", ". .", "a/b", "a\\b", "C:x", "a\0", "a\nb", "*"])
def test_what_leads_elsewhere_is_no_file_of_a_folder(name: str) -> None:
    assert not is_one_file(name)
