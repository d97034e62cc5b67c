"""Codes of covers: they find their student on the roster, hold no name, and tell when they are misread."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aita.models.student import RosterEntry
from aita.services.assignments.cover_codes import CoverCode, make, parse
from aita.services.assignments.roster_matching import find_on_roster

ADA = RosterEntry(name="Lovelace, Ada", number="0012345", email="ada@uni.edu", login="alove")
ALAN = RosterEntry(name="Turing, Alan", number="0012346", email="alan@uni.edu")
ROSTER = (ADA, ALAN)

assignments = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}", fullmatch=True)
entries = st.builds(RosterEntry, name=st.text(min_size=1), number=st.text(), login=st.text())


@given(assignments, entries, st.integers(0, 9999))
def test_a_code_comes_back_as_it_was_made(assignment: str, entry: RosterEntry, page: int) -> None:
    code = make(assignment, entry, page)
    assert parse(code.text) == code
    assert (code.assignment, code.page) == (assignment, page)


@given(st.data())
def test_a_code_with_another_character_is_none(data: st.DataObject) -> None:
    text = make("midterm", ADA, 3).text
    place = data.draw(st.integers(0, len(text) - 1))
    other = data.draw(st.sampled_from(string.ascii_letters + string.digits + ":-_").filter(lambda c: c != text[place]))
    assert parse(text[:place] + other + text[place + 1 :]) is None


@given(st.text())
def test_other_codes_are_none(text: str) -> None:
    assert parse(text) is None


def test_a_code_holds_no_name_and_no_number() -> None:
    text = make("midterm", ADA).text
    assert not any(told in text for told in ("ovelace", "Ada", "12345", "alove", "uni.edu"))
    assert len(text) < 60


@pytest.mark.parametrize(
    "now",
    [
        ADA,
        ADA.model_copy(update={"name": "Lovelace-King, Ada", "email": "ada.king@uni.edu"}),
        ADA.model_copy(update={"number": "12345"}),
    ],
    ids=["unchanged", "with another name and address", "without leading zeros"],
)
def test_the_folder_of_a_cover_is_its_students(now: RosterEntry) -> None:
    folder = make("midterm", ADA).folder
    assert find_on_roster([folder], (now, ALAN))[folder] == (now, "exact")


def test_a_line_that_got_a_number_after_its_cover_was_printed_is_found_by_its_name() -> None:
    folder = make("midterm", RosterEntry(name="Lovelace, Ada")).folder
    assert find_on_roster([folder], ROSTER)[folder] == (ADA, "exact")


def test_a_made_up_student_is_nobody() -> None:
    folder = CoverCode("midterm", "a" * 16, 1).folder
    assert find_on_roster([folder], ROSTER)[folder] == (None, "none")


def test_of_two_lines_that_a_code_fits_it_is_none() -> None:
    folder = make("midterm", RosterEntry(name="Lee, Min")).folder
    twins = (RosterEntry(name="Lee, Min", number="1"), RosterEntry(name="Lee, Min", number="2"))
    assert find_on_roster([folder], twins)[folder] == (None, "ambiguous")


def test_a_cover_and_a_folder_of_one_person_are_for_a_person_to_decide() -> None:
    folder = make("midterm", ADA).folder
    assert set(find_on_roster([folder, "Ada Lovelace"], ROSTER).values()) == {(None, "ambiguous")}
