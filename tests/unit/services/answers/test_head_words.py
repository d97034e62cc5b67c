"""Words of page heads: names, dates and numbers."""

import pytest

from aita.services.answers.head_words import HeadWords, name_words
from aita.services.answers.name_digests import word_digests

WORDS = HeadWords("salt", word_digests("salt", ["Muñoz Tarrés, Inés", "0012345", "ann zebrowski"]))


@pytest.mark.parametrize(
    "text",
    [
        "Ines Munoz Tarres",
        "INÉS MUÑOZ",
        "Name: Ann Zebrowski",
        "0012345",
        "12 March 2026",
        "29.11.26",
        "12/3/2026",
        "Nov 3rd",
        "7",
    ],
)
def test_names_dates_and_numbers_are_a_head(text: str) -> None:
    assert WORDS.are_all(text)
    assert WORDS.content(text) == 0


@pytest.mark.parametrize(
    ("text", "words"), [("x = 42", 2), ("so 42", 1), ("12 * 3 = 36", 2), ("Ann has four", 2), ("Q.E.D.", 3)]
)
def test_other_words_are_content(text: str, words: int) -> None:
    assert not WORDS.are_all(text)
    assert WORDS.content(text) == words


@pytest.mark.parametrize("text", ["Zebrowski = 7", "s0012345", "x.y@school.test", "Ann, room 4"])
def test_a_name_a_number_or_an_address_tells_a_person(text: str) -> None:
    assert WORDS.tell_a_person(text)


@pytest.mark.parametrize("text", ["12 March 1815", "room 4, seat 17", "a @ b", "x = 42"])
def test_dates_and_other_words_tell_no_person(text: str) -> None:
    assert not WORDS.tell_a_person(text)


def test_words_of_a_name_are_no_field_no_number_and_no_month() -> None:
    assert name_words("Name: Inés Muñoz, 12 March, no. 4b") == {"ines", "munoz", "no"}


def test_signs_alone_are_no_head() -> None:
    assert not WORDS.are_all("-> =")


def test_digests_of_names_have_no_name_in_them() -> None:
    digests = word_digests("salt", ["Ann Zebrowski", "ann lee"])
    assert len(digests) == 3
    assert not any(word in "".join(digests) for word in ("ann", "zebrowski", "lee"))


def test_digests_of_one_run_tell_nothing_of_anothers() -> None:
    assert not word_digests("salt", ["Ann Zebrowski"]) & word_digests("other salt", ["Ann Zebrowski"])
