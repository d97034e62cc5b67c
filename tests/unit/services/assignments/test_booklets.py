"""Separation of piles: each page comes out once, and no booklet has the pages of two students, whatever is wrong."""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aita.models.pile import Doubt, PilePage, Repair, Separation
from aita.models.scan import CELLS, PageInk
from aita.services.assignments.booklets import separate

LENGTH = 8
FOREIGN, EMPTY, LOST = -1, 0, -2
"""Numbers of sheets that are none of the exam's, white, or can't be read."""


@dataclass
class Sheet:
    """A scanned page: the student, the exam's page, and the writing."""

    student: int
    number: int
    cells: bytes


def writing(student: int, number: int) -> bytes:
    """Return a student's writing on a page; some pages are left unanswered."""
    hand = random.Random(f"{student} {number}")
    cells = bytearray(CELLS[0] * CELLS[1])
    if hand.random() > 0.1:
        for _ in range(3):
            begin = hand.randrange(len(cells) - 20)
            cells[begin : begin + 20] = bytes(hand.randint(20, 60) for _ in range(20))
    return bytes(cells)


def booklet(student: int, length: int = LENGTH) -> list[Sheet]:
    return [Sheet(student, number, writing(student, number)) for number in range(1, length + 1)]


def scanned(sheets: Sequence[Sheet], length: int = LENGTH, source: str = "pile") -> list[PilePage]:
    return [_page(place, sheet, length, source) for place, sheet in enumerate(sheets, 1)]


def _page(place: int, sheet: Sheet, length: int, source: str) -> PilePage:
    if sheet.number == LOST:
        return PilePage(source=source, page=place)
    is_known = sheet.number > 0
    ink = PageInk(
        exam_page=sheet.number if is_known else None,
        likeness=0.6 if is_known else 0,
        cells=sheet.cells.hex() if is_known else "",
        empty=sheet.number == EMPTY,
        exam_pages=length if is_known else 0,
    )
    return PilePage(source=source, page=place, key=f"{place}.jpg", sha256=f"{source} {place}", ink=ink)


def places(found: Separation) -> list[int]:
    """Return the places of all pages that came out."""
    placed = [page.page for one in found.booklets for page in (*one.pages, *one.aside)]
    return sorted(placed + [each.page.page for each in found.unplaced])


def students(found: Separation, sheets: Sequence[Sheet]) -> list[set[int]]:
    """Return the students of whom each booklet has pages with anything on them."""
    return [
        {sheets[page.page - 1].student for page in (*one.pages, *one.aside) if sheets[page.page - 1].number != EMPTY}
        for one in found.booklets
    ]


Fault = Callable[[list[Sheet], random.Random], None]


def double(sheets: list[Sheet], at: random.Random) -> None:
    place = at.randrange(len(sheets))
    again = bytes(max(0, level + at.randint(-6, 6)) for level in sheets[place].cells)
    sheets.insert(place, Sheet(sheets[place].student, sheets[place].number, again))


def missing(sheets: list[Sheet], at: random.Random) -> None:
    del sheets[at.randrange(len(sheets))]


def swapped(sheets: list[Sheet], at: random.Random) -> None:
    place = at.randrange(len(sheets) - 1)
    sheets[place], sheets[place + 1] = sheets[place + 1], sheets[place]


def extra(sheets: list[Sheet], at: random.Random) -> None:
    sheets.insert(at.randrange(1, len(sheets) + 1), Sheet(sheets[0].student, FOREIGN, b""))


def rotated(sheets: list[Sheet], at: random.Random) -> None:
    place = at.randrange(1, len(sheets))
    sheets[:] = sheets[place:] + sheets[:place]


def backs(sheets: list[Sheet], _: random.Random) -> None:
    sheets[:] = [each for sheet in sheets for each in (sheet, Sheet(sheet.student, EMPTY, b""))]


def lost(sheets: list[Sheet], at: random.Random) -> None:
    sheets[at.randrange(len(sheets))].number = LOST


FAULTS: dict[Fault, Repair | None] = {
    double: Repair.DOUBLE,
    missing: Repair.MISSING,
    swapped: Repair.SWAPPED,
    extra: Repair.EXTRA,
    rotated: Repair.ROTATED,
    backs: None,
}


@dataclass
class Pile:
    """Sheets of a class, of which some booklets have faults."""

    sheets: list[Sheet] = field(default_factory=list)

    @classmethod
    def of(cls, faults: Sequence[Sequence[Fault]], seed: int = 1) -> "Pile":
        pile, at = cls(), random.Random(seed)
        for student, some in enumerate(faults):
            sheets = booklet(student)
            for fault in some:
                fault(sheets, at)
            pile.sheets += sheets
        return pile


@pytest.mark.parametrize(("fault", "repair"), FAULTS.items(), ids=lambda each: getattr(each, "__name__", ""))
@pytest.mark.parametrize("seed", range(5))
def test_a_fault_between_whole_booklets_is_mended_and_named(fault: Fault, repair: Repair | None, seed: int) -> None:
    pile = Pile.of([[], [fault], []], seed)
    found = separate([scanned(pile.sheets)])
    assert places(found) == list(range(1, len(pile.sheets) + 1))
    if not found.unplaced:  # a sheet may lie, and a page be missing, where it may be either's
        assert students(found, pile.sheets) == [{0}, {1}, {2}]
        assert [one.repairs for one in found.booklets] == [(), (repair,) if repair else (), ()]
    assert all(each.doubt in (Doubt.UNLIKE, Doubt.BOUNDARY) for each in found.unplaced)


_FAULTS = st.lists(st.sampled_from([*FAULTS, lost]), max_size=2, unique=True)


@given(st.lists(_FAULTS, min_size=1, max_size=8), st.integers(0, 10_000))
@settings(max_examples=60, deadline=None)
def test_every_page_comes_out_once(faults: list[list[Fault]], seed: int) -> None:
    pile = Pile.of(faults, seed)
    assert places(separate([scanned(pile.sheets)])) == list(range(1, len(pile.sheets) + 1))


@given(st.lists(st.integers(-2, 4), max_size=25), st.integers(1, 4), st.integers(0, 5))
@settings(max_examples=100, deadline=None)
def test_so_does_every_page_of_a_pile_without_any_order(numbers: list[int], length: int, count: int) -> None:
    sheets = [
        Sheet(place, min(number, length), writing(place, number) if number > 0 else b"")
        for place, number in enumerate(numbers)
    ]
    found = separate([scanned(sheets, length)], count)
    assert places(found) == list(range(1, len(sheets) + 1))


def test_five_hundred_booklets_with_each_fault_in_a_twentieth() -> None:
    at = random.Random(7)
    faults = [[fault for fault in FAULTS if at.random() < 0.05] for _ in range(500)]
    pile = Pile.of(faults, 8)
    found = separate([scanned(pile.sheets)])
    assert places(found) == list(range(1, len(pile.sheets) + 1))
    of_booklets = students(found, pile.sheets)
    assert all(len(each) == 1 for each in of_booklets)
    assert len({min(each) for each in of_booklets}) == len(of_booklets)
    to_a_person = {pile.sheets[each.page.page - 1].student for each in found.unplaced}
    assert len(to_a_person) <= 25


@pytest.mark.parametrize("number", range(2, LENGTH + 1))
def test_two_students_pages_are_no_double(number: int) -> None:
    """A booklet that ends early, and one that begins late, are two, or a person's to decide."""
    sheets = booklet(0)[:number] + booklet(1)[number - 1 :]
    found = separate([scanned([*booklet(8), *sheets, *booklet(9)])])
    assert all(len(each) == 1 for each in students(found, [*booklet(8), *sheets, *booklet(9)]))


def test_a_page_that_is_shown_by_its_place_is_measured_once_more() -> None:
    ink = PageInk(exam_page=2, likeness=0.6, exam_pages=3, alike=(2, 3))
    first = PageInk(exam_page=1, likeness=0.6, exam_pages=3)
    inks = [first, ink, ink.model_copy(update={"exam_page": 2})]
    pages = [
        PilePage(source="a", page=place, key="k", sha256=str(place), ink=each) for place, each in enumerate(inks, 1)
    ]
    (one,) = separate([pages]).booklets
    assert [page.exam_page for page in one.pages] == [1, 2, None]
    assert one.missing == ()


def test_files_have_booklets_of_their_own() -> None:
    first, second = scanned(booklet(0)[:5], source="a"), scanned(booklet(0)[5:], source="b")
    assert [one.missing for one in separate([first, second]).booklets] == [(6, 7, 8), (1, 2, 3, 4, 5)]


def test_a_pile_that_nobody_can_read() -> None:
    found = separate([scanned([Sheet(0, LOST, b"")] * 3)], 3)
    assert not found.booklets
    assert {each.doubt for each in found.unplaced} == {Doubt.UNREADABLE}


def coded(*runs: tuple[str, int], exam: int = 0, source: str = "pile") -> list[PilePage]:
    """Return a pile of covers, by their students, each with a number of sheets behind it; "" is no cover."""
    pile: list[PilePage] = []
    for student, (owner, count) in enumerate(runs):
        ink = PageInk(exam_page=None, likeness=0) if exam else None
        cover = PilePage(source=source, page=1, key="k", owner=owner, is_cover=True, ink=ink)
        sheets = [_page(1, each, exam, source) for each in booklet(student, exam)[:count]] if exam else []
        plain = [PilePage(source=source, page=1, key="k")] * count
        pile += [*([cover] if owner else []), *(sheets or plain)]
    return [
        page.model_copy(update={"page": place, "sha256": f"{source} {place}"}) for place, page in enumerate(pile, 1)
    ]


def owners(found: Separation) -> dict[str, list[int]]:
    """Return the pages of each booklet with a code, by the code's student."""
    return {one.owner: [page.page for page in one.pages] for one in found.booklets if one.owner}


@pytest.mark.parametrize("runs", [[("ann", 9)], [("ann", 9), ("cy", 4)], [("ann", 4), ("cy", 9)]])
def test_booklets_of_which_no_length_is_the_usual_one_are_a_persons(runs: list[tuple[str, int]]) -> None:
    """The cover of the second of two students was not read: the first one's run has the pages of both."""
    found = separate([coded(*runs)])
    assert not found.booklets
    assert {each.doubt for each in found.unplaced} == {Doubt.NO_SIGN}
    copy = separate([coded(*runs), coded(*runs)])
    assert not copy.booklets


def test_booklets_of_several_files_are_compared_with_each_other() -> None:
    files = [coded((name, 9 if name == "bo" else 4), source=name) for name in ("ann", "bo", "cy")]
    found = separate(files)
    assert owners(found) == {"ann": [2, 3, 4, 5], "cy": [2, 3, 4, 5]}
    assert {each.doubt for each in found.unplaced} == {Doubt.OTHER_LENGTH}


def test_a_booklet_of_which_each_page_has_the_code_needs_no_other() -> None:
    pile = [page.model_copy(update={"owner": "ann"}) for page in coded(("", 3))]
    assert owners(separate([pile])) == {"ann": [1, 2, 3]}


@pytest.mark.parametrize("back", [0, 1])
def test_covers_behind_their_booklets_give_nobody_the_next_ones_pages(back: int) -> None:
    """A stack that was scanned from the last sheet on, with or without the backs of the covers."""
    found = separate([coded(("", 8), ("ann", 8 + back), ("bo", 8 + back), ("cy", back))])
    assert not found.booklets
    assert {each.doubt for each in found.unplaced} == {Doubt.COVERS_BEHIND}


def test_so_it_is_beside_a_blank_exam_where_the_booklets_are_sure() -> None:
    found = separate([coded(("", LENGTH), ("ann", LENGTH), ("bo", LENGTH), ("cy", 0), exam=LENGTH)])
    assert owners(found) == {}
    assert [len(one.pages) for one in found.booklets] == [LENGTH] * 3
    assert [(each.page.page, each.doubt) for each in found.unplaced] == [
        (place, Doubt.COVERS_BEHIND) for place in (9, 18, 27)
    ]


def test_a_second_cover_of_one_student_leaves_no_booklet_to_the_first() -> None:
    """Either may be another student's who took the wrong cover, whatever the length of the other booklet."""
    found = separate([coded(("ann", 5), ("bo", 4), ("ann", 4), ("cy", 4))])
    assert sorted(owners(found)) == ["bo", "cy"]
    assert {each.doubt for each in found.unplaced} == {Doubt.OTHER_LENGTH, Doubt.SAME_CODE}
