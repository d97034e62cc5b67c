"""Ink that an answer's text does not explain."""

from aita.services.answers.unexplained_ink import InkedText, unexplained

HAND = [InkedText("1", "the force is four newtons", 210), InkedText("2", "twenty joules", 120)]


def test_a_student_whose_ink_is_alike_everywhere_is_not_doubted() -> None:
    assert unexplained(HAND) == {}


def test_an_answer_with_far_more_ink_than_text_is() -> None:
    assert list(unexplained([*HAND, InkedText("3", "so", 500)])) == ["3"]


def test_a_broad_pen_is_no_doubt() -> None:
    assert unexplained([InkedText(each.question_id, each.text, 3 * each.ink) for each in HAND]) == {}


def test_a_stroke_beside_a_short_answer_is_none() -> None:
    assert unexplained([*HAND, InkedText("3", "B", 60)]) == {}


def test_drawings_are_left_out() -> None:
    assert unexplained([*HAND, InkedText("3", "a cell", 900, drawn=True)]) == {}
    assert unexplained([*HAND, InkedText("3", "[drawing: a cell]", 900)]) == {}


def test_what_could_not_be_read_explains_no_ink() -> None:
    assert list(unexplained([*HAND, InkedText("3", "[illegible] " * 12, 500)])) == ["3"]


def test_without_characters_nothing_is_known() -> None:
    assert unexplained([InkedText("1", "[illegible]", 500)]) == {}
    assert unexplained([]) == {}
