"""Ink that an answer's text does not explain."""

from aita.models.transcription import Line, LineKind
from aita.services.answers.unexplained_ink import ClassHand, InkedText, unexplained

HAND = [InkedText("1", "the force is four newtons", 210), InkedText("2", "twenty joules", 120)]


def test_a_student_whose_ink_is_alike_everywhere_is_not_doubted() -> None:
    assert unexplained(HAND, None) == {}


def test_an_answer_with_far_more_ink_than_text_is() -> None:
    assert list(unexplained([*HAND, InkedText("3", "so", 500)], None)) == ["3"]


def test_a_broad_pen_is_no_doubt() -> None:
    assert unexplained([InkedText(each.question_id, each.text, 3 * each.ink) for each in HAND], None) == {}


def test_a_stroke_beside_a_short_answer_is_none() -> None:
    assert unexplained([*HAND, InkedText("3", "B", 60)], None) == {}


def test_drawings_are_left_out() -> None:
    assert unexplained([*HAND, InkedText("3", "a cell", 900, drawn=True)], None) == {}
    assert unexplained([*HAND, InkedText("3", "[drawing: a cell]", 900)], None) == {}


def test_what_could_not_be_read_explains_no_ink() -> None:
    assert list(unexplained([*HAND, InkedText("3", "[illegible] " * 12, 500)], None)) == ["3"]


def test_without_characters_nothing_is_known() -> None:
    assert unexplained([InkedText("1", "[illegible]", 500)], None) == {}
    assert unexplained([], None) == {}


def test_a_lone_answer_is_measured_by_the_class() -> None:
    lone = [InkedText("1", "four newtons", 400)]
    assert unexplained(lone, None) == {}
    assert list(unexplained(lone, 8.0)) == ["1"]


def test_the_class_has_little_say_where_there_are_answers() -> None:
    broad = [InkedText(each.question_id, each.text, 3 * each.ink) for each in HAND]
    assert unexplained([*broad, InkedText("3", "four newtons", 300)], 8.0) == {}


def test_the_classes_hand_is_that_of_its_pages_with_text() -> None:
    hand = ClassHand()
    assert hand.median() is None
    for ink, text in ((160, "twenty or more characters"), (999, "[drawing: twenty characters]"), (500, "few")):
        hand.add([ink], [Line(text="1.", kind=LineKind.LABEL), Line(text=text)])
    assert hand.median() == 160 / 22
