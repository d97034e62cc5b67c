"""Pointers to other questions in an answer's text."""

import pytest

from aita.services.answers.question_pointers import QuestionPointers

POINTERS = QuestionPointers(["1a", "2", "3", "10"])


@pytest.mark.parametrize(
    "text",
    [
        "no space below -> 3: it has a nucleus",
        "four (zu 3) five",
        "five\nQ3: it has a nucleus",
        "see 3",
        "siehe Aufgabe 3",
        "→ 3) it has a nucleus",
        "for 3: it has a nucleus",
        "the answer to 3 is five",
        "five 3) it has a nucleus",
    ],
)
def test_a_pointer_is_found_anywhere_in_a_line(text: str) -> None:
    assert POINTERS.found(text, "2") == ("3",)


@pytest.mark.parametrize(
    "text",
    [
        "x = 3",
        "it is 3.",
        "as x -> 3 it grows",
        "f(3) = 9",
        "at 3:30 pm",
        "see 3.5",
        "Q30",
        "2 to 3 times",
        "1.\n2.\n3.",
    ],
)
def test_other_uses_of_a_number_are_none(text: str) -> None:
    assert POINTERS.found(text, "2") == ()


def test_the_own_question_and_longer_ids_are_none() -> None:
    assert POINTERS.found("see 3", "3") == ()
    assert POINTERS.found("see 10", "3") == ("10",)
    assert POINTERS.found("see 1 (a)", "3") == ("1a",)
