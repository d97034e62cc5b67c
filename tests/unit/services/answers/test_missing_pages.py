"""Pages of the blank exam that a student did not hand in."""

from aita.models.scan import PageInk
from aita.services.answers.missing_pages import missing_pages


def ink(exam_page: int | None, count: int = 0, white: tuple[int, ...] = ()) -> PageInk:
    return PageInk(exam_page=exam_page, likeness=0.9, exam_pages=count, white_pages=white)


def test_a_page_that_is_not_there_is_named() -> None:
    assert missing_pages([ink(1, 4), ink(4, 4), ink(None)], 9) == (2, 3)


def test_the_last_pages_are_missed_too() -> None:
    assert missing_pages([ink(1, 3)], 1) == (2, 3)


def test_pages_without_print_are_not_missed() -> None:
    assert missing_pages([ink(1, 4, (2, 4)), ink(3, 4, (2, 4))], 4) == ()


def test_without_the_exams_number_of_pages_the_classes_largest_counts() -> None:
    assert missing_pages([ink(1), ink(3)], 4) == (2, 4)


def test_without_a_page_of_the_blank_exam_nothing_is_known() -> None:
    assert missing_pages([None, ink(None)], 4) == ()
    assert missing_pages([], 4) == ()
