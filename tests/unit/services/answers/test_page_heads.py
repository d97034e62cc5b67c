"""Heads and furniture of exam pages, by what the class has at the same place."""

from aita.models.scan import BANDS
from aita.services.answers.page_heads import LEAST_PAGES, ClassPages, PageHead


def inked(*runs: tuple[int, int, int]) -> bytes:
    """Return bands with runs of (first, end, ink in each band)."""
    bands = bytearray(BANDS)
    for first, end, ink in runs:
        bands[first:end] = bytes([ink]) * (end - first)
    return bytes(bands)


def head_of(*pages: bytes, top: float | None = 0.13) -> PageHead:
    found = ClassPages()
    for bands in pages:
        found.add(1, bands, top)
    return found.heads()[1]


NAME, ANSWER = (4, 7, 40), (20, 25, 80)


def test_what_half_of_the_class_has_above_the_label_is_the_head() -> None:
    head = head_of(*[inked(NAME, ANSWER)] * 3, *[inked(ANSWER)] * 3)
    assert head.head == frozenset(range(2, 9))


def test_what_fewer_have_is_not() -> None:
    head = head_of(inked(NAME), inked(NAME), *[inked()] * 4)
    assert head.head == frozenset()


def test_it_ends_above_the_label() -> None:
    assert head_of(*[inked((11, 20, 40))] * 4).head == frozenset({9, 10, 11, 12})


def test_an_exam_page_without_beginnings_has_its_head_at_the_top() -> None:
    head = head_of(*[inked(NAME, (30, 50, 80))] * 4, top=None)
    assert head.head == frozenset(range(2, 9))


def test_a_cover_before_all_answers_is_a_head_to_its_foot() -> None:
    found = ClassPages()
    for _ in range(4):
        found.add(1, inked((50, 53, 40)), None)
        found.add(2, inked(ANSWER), 0.13)
        found.add(3, inked((50, 53, 40)), None)
    heads = found.heads()
    assert heads[1].head == frozenset(range(48, 55))
    assert heads[3].head == frozenset()


def test_a_few_pages_do_not_tell() -> None:
    found = ClassPages()
    for _ in range(LEAST_PAGES - 1):
        found.add(1, inked(NAME), 0.13)
    assert found.heads() == {}


def test_much_more_ink_than_the_classes_is_more_than_a_head() -> None:
    head = head_of(*[inked(NAME)] * 4)
    assert head.has_head_alone(inked((4, 7, 60)))
    assert not head.has_head_alone(inked((3, 8, 60)))
    assert head.has_head_alone(inked((3, 8, 60)), explained=300)


def test_page_numbers_of_a_third_of_the_class_are_furniture() -> None:
    number = (96, 98, 12)
    head = head_of(*[inked(number)] * 2, *[inked()] * 4)
    assert head.furniture == {96, 97}
    assert head_of(inked(number), *[inked()] * 5).furniture == frozenset()


def test_lines_of_answers_are_no_furniture() -> None:
    assert head_of(*[inked(ANSWER)] * 6).furniture == frozenset()


def test_the_largest_exam_page_is_known() -> None:
    found = ClassPages()
    assert found.largest == 0
    found.add(3, inked(), None)
    assert found.largest == 3
