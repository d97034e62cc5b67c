"""Furniture within the places of answers: page numbers and holes, and what is not taken for them."""

import pytest

from aita.models.scan import BANDS
from aita.models.transcription import Line, LineKind
from aita.services.answers.page_furniture import ClassHoles, furniture_bands, is_page_number


def inked(*runs: tuple[int, int, int]) -> bytes:
    """Return bands with runs of (first, end, ink in each band)."""
    bands = bytearray(BANDS)
    for first, end, ink in runs:
        bands[first:end] = bytes([ink]) * (end - first)
    return bytes(bands)


def line(text: str, top: float | None, kind: LineKind = LineKind.ANSWER) -> Line:
    return Line(text=text, kind=kind, top=top)


NUMBER = line("3 of 7", 0.965, LineKind.PAGE_NUMBER)
HOLE, ANSWER, LETTER = (20, 22, 20), (30, 60, 80), (50, 52, 20)


class TestPageNumbers:
    @pytest.mark.parametrize(
        ("text", "top"),
        [
            ("3", 0.02),
            ("- 3 -", 0.95),
            ("page 3", 0.93),
            ("S. 3", 0.93),
            ("p3", 0.93),
            ("3/7", 0.93),
            ("Page 3 of 7", 0.93),
            ("第 3 页", 0.93),
            ("(3)", 0.93),
        ],
    )
    def test_a_number_at_the_edge_is_one(self, text: str, top: float) -> None:
        assert is_page_number(line(text, top, LineKind.PAGE_NUMBER))

    @pytest.mark.parametrize(
        ("text", "top", "kind"),
        [
            ("3", 0.5, LineKind.PAGE_NUMBER),
            ("3", None, LineKind.PAGE_NUMBER),
            ("3", 0.95, LineKind.ANSWER),
            ("three", 0.95, LineKind.PAGE_NUMBER),
            ("3 cells and a nucleus", 0.95, LineKind.PAGE_NUMBER),
            ("3 cells", 0.95, LineKind.PAGE_NUMBER),
            ("x2", 0.95, LineKind.PAGE_NUMBER),
            ("p = 7", 0.95, LineKind.PAGE_NUMBER),
            ("3.5", 0.95, LineKind.PAGE_NUMBER),
            ("7/2", 0.95, LineKind.PAGE_NUMBER),
            ("5 %", 0.95, LineKind.PAGE_NUMBER),
        ],
    )
    def test_anything_else_is_not(self, text: str, top: float | None, kind: LineKind) -> None:
        assert not is_page_number(line(text, top, kind))

    def test_its_ink_is_furniture(self) -> None:
        assert furniture_bands(inked(ANSWER, (96, 98, 15)), [NUMBER], frozenset()) >= {96, 97}

    def test_more_ink_than_a_number_has_is_not(self) -> None:
        assert furniture_bands(inked((94, 99, 40)), [NUMBER], frozenset()) == frozenset()


def holes(*pages: tuple[int, bytes, list[Line]]) -> frozenset[int]:
    found = ClassHoles()
    for exam_page, bands, lines in pages:
        found.add(exam_page, bands, lines)
    return found.bands()


class TestHoles:
    def test_a_little_ink_on_every_sheet_is_a_hole(self) -> None:
        found = holes(*[(1, inked(HOLE), []), (2, inked(HOLE, ANSWER), [])] * 3)
        assert found == set(range(19, 23))

    def test_an_answer_at_one_height_of_one_exam_page_is_none(self) -> None:
        assert holes(*[(1, inked(HOLE), [])] * 6) == frozenset()
        assert holes(*[(1, inked(HOLE), []), (2, inked(), [])] * 3) == frozenset()

    def test_answers_that_were_read_are_none(self) -> None:
        read = [line("B", 0.2)]
        assert holes(*[(1, inked(HOLE), read), (2, inked(HOLE), read)] * 3) == frozenset()

    def test_few_pages_do_not_tell(self) -> None:
        assert holes(*[(1, inked(HOLE), []), (2, inked(HOLE), [])] * 2) == frozenset()

    def test_lines_of_writing_are_none(self) -> None:
        assert holes(*[(1, inked(ANSWER), []), (2, inked(ANSWER), [])] * 3) == frozenset()


class TestInkOfAHole:
    AT = frozenset(range(19, 23))

    def test_it_is_furniture(self) -> None:
        assert furniture_bands(inked(HOLE, LETTER), [], self.AT) == {20, 21}

    def test_what_was_read_there_is_not(self) -> None:
        assert furniture_bands(inked(HOLE), [line("B", 0.2)], self.AT) == frozenset()

    def test_more_ink_than_a_hole_has_is_not(self) -> None:
        assert furniture_bands(inked((20, 22, 31)), [], self.AT) == frozenset()

    def test_ink_that_goes_beyond_it_is_not(self) -> None:
        assert furniture_bands(inked((20, 25, 5)), [], self.AT) == frozenset()
