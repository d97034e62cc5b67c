"""Pointers to other questions in an answer's text."""

import time

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


@pytest.mark.parametrize(
    "heading",
    [
        "3 continued",
        "3. (cont'd)",
        "(3) cont.",
        "rest of 3:",
        "The rest of question 3",
        "continued from 3",
        "zu 3:",
        "for 3",
        "Rest von 3",
        "Fortsetzung zu 3",
        "suite de 3",
        "Answer to question 3",
        "answer 3",
        "this is for 3",
        "this is 3",
        "No. 3",
        "Nr. 3",
        "#3",
        "Ex 3",
        "3 ->",
        "-> 3",
        "3.",
        "3)",
        "(3)",
    ],
)
def test_a_heading_of_another_question_above_other_lines_is_found(heading: str) -> None:
    assert POINTERS.headed(f"five\n{heading}\nit has a nucleus", "2") == ("3",)
    assert POINTERS.headed(f"five\n{heading}\n12 * 3 = 36", "2") == ("3",)
    assert POINTERS.headed(f"five\n{heading}\nit has a nucleus", "3") == ()


@pytest.mark.parametrize("line", ["rest of 3: a nucleus", "3 cont'd: a nucleus", "Answer to 3: B", "No. 3: B"])
def test_a_heading_may_have_its_text_behind_a_colon(line: str) -> None:
    assert POINTERS.headed(f"five\n{line}", "2") == ("3",)


@pytest.mark.parametrize(
    "text",
    [
        "so x\n-> 3",
        "so the number is\n3.",
        "1.\n2.\n3.",
        "3\napples",
        "3. as it moves\n4. as it bends",
        "3.5\napples",
        "No 30\napples",
        "for 3: 9, for 4: 16",
        "3 continued to move\nand stopped",
        "part of 3 apples\nis left",
        "the answer to 3.5: no\nmore",
        "3:30\nin the afternoon",
    ],
)
def test_what_is_no_heading_of_another_question(text: str) -> None:
    assert POINTERS.headed(text, "1a") == ()


@pytest.mark.parametrize("line", [f"3{'.' * 30_000}x", f"{' ' * 30_000}x", f"3 {' ' * 30_000}x"])
def test_an_endless_line_takes_no_time(line: str) -> None:
    began = time.process_time()
    assert POINTERS.headed(f"{line}\nfoo", "2") == ()
    assert time.process_time() - began < 1
