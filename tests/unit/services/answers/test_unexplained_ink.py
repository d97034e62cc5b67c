"""Ink that an answer's text does not explain."""

from aita.models.scan import BANDS
from aita.models.transcription import Line
from aita.services.answers.unexplained_ink import Hand, InkedText, unexplained

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


def test_a_lone_answer_is_measured_by_the_class() -> None:
    lone = [InkedText("1", "four newtons", 400)]
    assert unexplained(lone) == {}
    assert list(unexplained(lone, [8.0])) == ["1"]


def test_letters_do_not_tell_the_hand() -> None:
    letters = [InkedText("1", "C", 24), InkedText("2", "E", 26)]
    assert list(unexplained([*letters, InkedText("3", "70 * 989 = 69230", 436)], [8.0])) == ["3"]
    assert unexplained([*letters, InkedText("3", "70 * 989 = 69230", 120)], [8.0]) == {}


def test_lines_tell_the_hand_where_all_answers_have_ink_that_was_not_read() -> None:
    polluted = [InkedText("1", "twelve words", 343), InkedText("2", "so each wall feeds its field", 900)]
    assert unexplained(polluted) == {}
    assert "2" in unexplained(polluted, [9.0, 9.5])


def test_the_class_has_little_say_where_there_are_answers() -> None:
    broad = [InkedText(each.question_id, each.text, 3 * each.ink) for each in HAND]
    assert unexplained([*broad, InkedText("3", "four newtons", 300)], [8.0]) == {}


def test_the_classes_hand_is_that_of_its_lines_of_text() -> None:
    hand = Hand()
    assert hand.median() is None
    bands = bytes(60 if 20 <= band < 22 else 0 for band in range(BANDS))
    hand.add(bands, [Line(text="ten letters", top=0.2)])
    hand.add(bands, [Line(text="where no ink is", top=0.6)])
    hand.add(bands, [Line(text="[drawing: a cell]", top=0.2), Line(text="few", top=0.2), Line(text="no place to be")])
    assert hand.median() == 120 / len("tenletters")
