"""Parts of a page: every line and all of its ink is in one, and the part is somebody's or unplaced."""

from collections.abc import Sequence
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from aita.models.answer import AnswerPlace
from aita.models.ledger import Owner, Part
from aita.models.scan import BANDS, PageInk
from aita.models.transcription import Line, LineKind
from aita.services.answers.head_words import HeadWords
from aita.services.answers.name_digests import word_digests
from aita.services.answers.page_heads import PageHead
from aita.services.answers.page_owners import AssembledPage
from aita.services.answers.page_parts import page_parts

WORDS = HeadWords("salt", word_digests("salt", ["Ann Zebrowski", "4711"]))
HEAD = PageHead(head=frozenset(range(2, 10)), most_ink=200, furniture=frozenset({95, 96}))
K = LineKind


def line(text: str, top: float | None = None, kind: LineKind = K.ANSWER) -> Line:
    return Line(text=text, kind=kind, top=top)


def page(
    *lines: Line,
    ink: Sequence[tuple[int, int, int]] | None = (),
    answers: dict[int, str] | None = None,
    places: Sequence[tuple[str, float, float]] = (),
    exam_page: int | None = 1,
    **more: Any,
) -> AssembledPage:
    bands = bytearray(BANDS)
    for first, end, each in ink or ():
        bands[first:end] = bytes([each]) * (end - first)
    return AssembledPage(
        page=1,
        sha256="a" * 64,
        lines=lines,
        ink=None if ink is None else PageInk(exam_page=exam_page, likeness=0.9, bands=bytes(bands).hex()),
        answers=answers or {},
        places=tuple((each, AnswerPlace(page=1, top=top, bottom=bottom)) for each, top, bottom in places),
        **more,
    )


def parts(of: AssembledPage, head: PageHead | None = HEAD) -> list[Part]:
    return page_parts(of, {1: head} if head else {}, WORDS)


def told(of: AssembledPage, head: PageHead | None = HEAD) -> list[tuple[str, tuple[int, ...], int]]:
    """Return the parts' owners, lines and ink."""
    return [(part.question_id or part.owner.value, part.lines, part.ink) for part in parts(of, head)]


class TestAnswers:
    def test_an_answer_has_its_lines_and_the_ink_in_its_place(self) -> None:
        found = page(
            line("1.", 0.2, K.LABEL), line("four", 0.22), line("five", 0.6),
            ink=[(22, 25, 50), (60, 63, 40)], answers={2: "1", 3: "1"}, places=[("1", 0.2, 1)],
        )  # fmt: skip
        assert told(found) == [("print", (1,), 0), ("1", (2, 3), 270)]

    def test_a_label_without_a_kind_is_known_from_the_assembly(self) -> None:
        found = page(line("1.", None, K.UNKNOWN), line("four"), answers={2: "1"}, printed=frozenset({1}))
        assert told(found) == [("print", (1,), 0), ("1", (2,), 0)]

    def test_ink_at_the_edge_of_a_place_belongs_to_it(self) -> None:
        assert told(page(ink=[(19, 22, 50)], places=[("1", 0.2, 1)])) == [("1", (), 150)]

    def test_ink_that_crosses_the_edge_is_parted(self) -> None:
        assert told(page(ink=[(14, 22, 50)], places=[("1", 0.2, 1)])) == [("unplaced", (), 250), ("1", (), 150)]

    def test_two_answers_meet_where_the_second_begins(self) -> None:
        found = page(ink=[(48, 52, 50)], places=[("1", 0.2, 0.5), ("2", 0.5, 1)])
        assert told(found) == [("1", (), 100), ("2", (), 100)]


class TestHeads:
    def test_the_classes_head_is_known_with_its_lines(self) -> None:
        found = page(line("Ann Zebrowski", 0.04, K.PAGE_HEAD), ink=[(4, 7, 50)])
        assert told(found) == [("page_head", (1,), 150)]

    def test_a_masked_head_is_known_by_its_ink(self) -> None:
        assert told(page(ink=[(4, 7, 50)])) == [("page_head", (), 150)]

    def test_more_ink_than_a_head_is_unplaced(self) -> None:
        assert told(page(ink=[(2, 9, 50)])) == [("unplaced", (), 350)]

    def test_a_long_name_that_was_read_is_a_head(self) -> None:
        found = page(line("Maximiliane von Ahrenfels-Thurn", 0.04, K.PAGE_HEAD), ink=[(3, 8, 60)])
        assert [part.owner for part in page_parts(found, {1: HEAD}, WORDS)] == [Owner.UNPLACED, Owner.PAGE_HEAD]
        assert [part.owner for part in page_parts(found, {1: HEAD}, WORDS, 9.0)] == [Owner.PAGE_HEAD]

    def test_ink_below_the_head_is_unplaced(self) -> None:
        assert told(page(ink=[(4, 7, 50), (12, 15, 50)])) == [("page_head", (), 150), ("unplaced", (), 150)]

    def test_an_answers_line_in_the_head_is_unplaced(self) -> None:
        found = page(line("x = 42", 0.06), ink=[(4, 8, 50)])
        assert told(found) == [("page_head", (), 200), ("unplaced", (1,), 0)]

    def test_a_head_elsewhere_is_unplaced(self) -> None:
        found = page(line("x = 42", 0.15, K.PAGE_HEAD), ink=[(15, 18, 50)])
        assert told(found) == [("unplaced", (1,), 150)]

    def test_without_a_class_a_name_in_the_top_is_the_head(self) -> None:
        found = page(line("Ann Zebrowski", 0.04, K.UNKNOWN), line("12 May", 0.07, K.UNKNOWN), ink=[(4, 9, 50)])
        assert told(found, head=None) == [("page_head", (1, 2), 250)]

    def test_without_a_class_other_words_there_are_unplaced(self) -> None:
        found = page(line("Ann Zebrowski", 0.04, K.UNKNOWN), line("x = 42", 0.07, K.UNKNOWN), ink=[(4, 9, 50)])
        assert told(found, head=None) == [("page_head", (1,), 0), ("unplaced", (2,), 250)]

    def test_without_a_class_ink_that_nobody_read_is_unplaced(self) -> None:
        assert told(page(ink=[(4, 7, 50)]), head=None) == [("unplaced", (), 150)]

    def test_of_unknown_ink_the_lines_are_told(self) -> None:
        assert told(page(line("Ann Zebrowski", 0.04, K.PAGE_HEAD), ink=None), head=None) == [("page_head", (1,), 0)]

    def test_lines_of_unknown_place_and_kind_are_a_head_if_they_are_names(self) -> None:
        texts = ["Ann Zebrowski", "4711", "12 May"]
        found = page(*(line(text, None, K.UNKNOWN) for text in texts), line("one"), ink=None, answers={4: "1"})
        assert told(found) == [("page_head", (1, 2), 0), ("unplaced", (3,), 0), ("1", (4,), 0)]


class TestFurniture:
    def test_ink_where_the_class_has_page_numbers_is_known(self) -> None:
        assert told(page(line("3", 0.95, K.PAGE_NUMBER), ink=[(95, 97, 12)])) == [("furniture", (1,), 24)]

    def test_much_ink_there_is_not(self) -> None:
        assert told(page(ink=[(95, 97, 200)])) == [("unplaced", (), 400)]

    def test_an_answer_is_no_page_number(self) -> None:
        assert told(page(line("3", 0.4, K.PAGE_NUMBER))) == [("unplaced", (1,), 0)]
        assert told(page(line("3 of the cells", 0.95, K.PAGE_NUMBER))) == [("unplaced", (1,), 0)]

    def test_the_pages_own_number_is_known_and_another_one_may_be_an_answer(self) -> None:
        assert told(page(line("1", 0.95, K.PAGE_NUMBER), exam_page=4), head=None) == [("furniture", (1,), 0)]
        assert told(page(line("4", 0.95, K.PAGE_NUMBER), exam_page=4), head=None) == [("furniture", (1,), 0)]
        assert told(page(line("42", 0.95, K.PAGE_NUMBER), exam_page=4), head=None) == [("unplaced", (1,), 0)]

    def test_a_speck_is_no_part_that_anybody_looks_at(self) -> None:
        assert told(page(ink=[(40, 41, 3)])) == [("furniture", (), 3)]


class TestUnplaced:
    def test_neighbours_are_one_part(self) -> None:
        found = page(line("x = 42", 0.20), line("Q.E.D.", 0.23), ink=[(20, 22, 60), (24, 26, 60)])
        assert told(found) == [("unplaced", (1, 2), 240)]
        assert (parts(found)[0].top, parts(found)[0].bottom) == (0.2, 0.26)

    def test_what_stands_apart_is_two(self) -> None:
        assert len(told(page(ink=[(20, 22, 60), (40, 42, 60)]))) == 2

    def test_an_empty_sheet_is_passed_over(self) -> None:
        sheet = AssembledPage(1, "a" * 64, ink=PageInk(exam_page=None, likeness=0, empty=True))
        assert told(sheet) == [("empty_sheet", (), 0)]

    def test_a_sheet_of_which_nothing_was_read_is_not(self) -> None:
        assert told(AssembledPage(1, "a" * 64, ink=PageInk(exam_page=None, likeness=0))) == [("unplaced", (), 0)]

    def test_an_exam_page_without_writing_has_no_parts(self) -> None:
        assert told(page(places=[("1", 0.1, 1)])) == []

    def test_lines_without_text_are_in_no_part(self) -> None:
        assert told(page(line(""), line("x = 42", 0.3))) == [("unplaced", (2,), 0)]


KINDS = st.sampled_from(list(LineKind))
TOPS = st.none() | st.floats(0, 1)
LINES = st.lists(st.builds(Line, text=st.sampled_from(["four", "3", "", "Ann"]), kind=KINDS, top=TOPS), max_size=8)
PLACES = st.lists(st.tuples(st.sampled_from(["1", "2"]), st.floats(0, 1), st.floats(0, 1)), max_size=3)


@given(
    LINES,
    st.lists(st.tuples(st.integers(0, 99), st.integers(1, 30), st.sampled_from([1, 12, 90])), max_size=6),
    PLACES,
    st.dictionaries(st.integers(1, 8), st.sampled_from(["1", "2"])),
    st.sampled_from([HEAD, None]),
)
def test_parts_partition_the_lines_and_have_all_of_the_ink(
    lines: list[Line],
    ink: list[tuple[int, int, int]],
    places: list[tuple[str, float, float]],
    answers: dict[int, str],
    head: PageHead | None,
) -> None:
    of = page(
        *lines,
        ink=[(first, min(BANDS, first + count), each) for first, count, each in ink],
        places=[(each, min(ends), max(ends)) for each, *ends in places],
        answers={number: each for number, each in answers.items() if number <= len(lines)},
    )
    found = parts(of, head)
    written = [number for number, each in enumerate(lines, 1) if each.text]
    assert sorted(number for part in found for number in part.lines) == written
    assert sum(part.ink for part in found) == sum(of.bands)
    assert [part.top for part in found] == sorted(part.top for part in found)
    assert all((part.question_id is not None) == (part.owner is Owner.ANSWER) for part in found)
    assert len({part.part_id for part in found}) == len(found)


def test_a_parts_id_outlives_another_transcription_and_differs_by_page() -> None:
    first, other = page(line("x", 0.2), ink=[(20, 24, 50)]), page(line("x = 42", 0.22), ink=[(20, 24, 50)])
    assert parts(first)[0].part_id == parts(other)[0].part_id
    elsewhere = AssembledPage(1, "b" * 64, first.lines, first.ink)
    assert parts(elsewhere)[0].part_id != parts(first)[0].part_id
