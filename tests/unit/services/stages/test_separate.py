"""Piles through the stages: counted, separated into booklets, and split as if each had been a student's folder."""

import hashlib
import math
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pytest

from aita.errors import InvalidMaterialError
from aita.models.run import RunStatus
from aita.models.scan import BANDS, CELLS, PageImage, PageInk
from aita.models.student import RosterEntry
from aita.services.assignments.assignment_files import AssignmentFiles
from aita.services.assignments.cover_codes import COVER, CoverCode, make
from aita.services.assignments.pile_files import booklet_files, outdated_given, pile_files
from tests.support.fakes import ASSIGNMENT, FakeBlankExam, Harness


class PileExam(FakeBlankExam):
    """A blank exam that knows its pages by their first letter; the rest of a page is writing, different for each."""

    def __init__(self, pages: Iterable[bytes], white: tuple[int, ...] = ()) -> None:
        super().__init__(pages)
        self.white = white

    def single_pages(self, sheet: PageImage, expected: int) -> list[tuple[PageImage, PageInk]]:
        letter, writing = sheet.jpeg[:1], sheet.jpeg[1:]
        if not sheet.jpeg.strip():
            return [(sheet, PageInk(exam_page=None, likeness=0, empty=True))]
        if letter not in self.letters:
            return [(sheet, PageInk(exam_page=None, likeness=0))]
        stripes = hashlib.sha256(writing).digest() * 6 if writing else bytes(math.prod(CELLS))
        ink = PageInk(
            exam_page=self.letters.index(letter) + 1,
            likeness=1,
            bands="00" * BANDS,
            cells=stripes.hex(),
            exam_pages=len(self.letters),
            white_pages=self.white,
        )
        return [(sheet, ink)]


@pytest.fixture
def harness() -> Harness:
    harness = Harness()
    exams = replace(harness.splitter.blank_exams, prepare=PileExam)
    harness.splitter.blank_exams = harness.separator.blank_exams = exams
    return harness


def pages(harness: Harness) -> dict[str, list[bytes]]:
    """Return the images of each student's pages, by folder."""
    found = harness.artifact("pages.json")
    return {
        each["folder"]: [harness.objects.data[page["key"]] for page in found.get(each["student_id"], [])]
        for each in harness.artifact("students.json")["students"]
    }


def unplaced(harness: Harness) -> list[tuple[int, str]]:
    """Return the page and the doubt of each page that is in no booklet."""
    return [(each["page"]["page"], each["doubt"]) for each in harness.artifact("booklets.json")["unplaced"]]


def repairs(harness: Harness) -> list[list[str]]:
    return [booklet["repairs"] for booklet in harness.artifact("booklets.json")["booklets"]]


class TestByTheBlankExam:
    def test_a_pile_becomes_the_students_folders(self, harness: Harness) -> None:
        harness.put("blank_exam.pdf", b"a|b|c")
        harness.put("piles/class.pdf", b"a1|b1|c1|a2|b2|c2")
        harness.put("scans/Ann/1.jpg", b"a")
        run = harness.run("transcribe")
        assert run.status is RunStatus.SUCCEEDED
        assert pages(harness) == {
            "Ann": [b"a"],
            "booklet-class-0001": [b"a1", b"b1", b"c1"],
            "booklet-class-0004": [b"a2", b"b2", b"c2"],
        }
        assert [run.stages[stage].total for stage in ("count_pages", "separate", "split")] == [1, 1, 3]
        ink = harness.artifact("scans.json")
        assert [[page["exam_page"] for page in each["ink"]] for each in ink.values()] == [[1], [1, 2, 3], [1, 2, 3]]

    def test_ranges_of_a_file_are_one_pile(self, harness: Harness) -> None:
        harness.put("blank_exam.pdf", b"a|b|c")
        harness.put("piles/class.pdf", b"|".join(b"%c%d" % (97 + place % 3, place // 3) for place in range(66)))
        run = harness.run("transcribe")
        assert run.stages["separate"].total == 4
        assert [len(found) for found in pages(harness).values()] == [3] * 22

    def test_loose_pictures_are_one_pile_in_natural_order(self, harness: Harness) -> None:
        harness.put("blank_exam.pdf", b"a|b")
        for number, page in enumerate((b"a1", b"b1", b"a2", b"b2"), 8):
            harness.put(f"piles/photos/IMG_{number}.jpg", page)
        harness.run("transcribe")
        assert pages(harness) == {
            "booklet-photos-IMG_8-0001": [b"a1", b"b1"],
            "booklet-photos-IMG_10-0001": [b"a2", b"b2"],
        }

    def test_a_file_that_is_added_leaves_the_others_booklets_as_they_are(self, harness: Harness) -> None:
        harness.put("blank_exam.pdf", b"a|b")
        harness.put("piles/monday.pdf", b"a1|b1|a2|b2")
        harness.run("transcribe")
        before = harness.artifact("students.json")["students"]
        harness.put("piles/friday.pdf", b"a3|b3")
        harness.run("transcribe")
        after = harness.artifact("students.json")["students"]
        assert [each for each in after if each in before] == before
        assert len(after) == 3

    def test_repairs_are_named(self, harness: Harness) -> None:
        harness.put("blank_exam.pdf", b"a|b|c|d")
        whole = "a{0}|b{0}|c{0}|d{0}"
        faulty = [
            "a1|b1|b1|c1|d1",  # double
            "a2|b2|d2",  # missing
            "a3|c3|b3|d3",  # swapped
            "a4|x4|b4|c4|d4",  # extra sheet
            "c5|d5|a5|b5",  # begins in the middle
            "a6| |b6| |c6| |d6| ",  # backs
        ]
        between = [whole.format(number) for number in range(10, 20)]
        pile = "|".join(part for pair in zip(faulty, between, strict=False) for part in pair)
        harness.put("piles/class.pdf", pile.encode())
        harness.run("transcribe")
        assert repairs(harness)[::2] == [
            ["double"],
            ["missing"],
            ["swapped"],
            ["extra sheet"],
            ["begins in the middle"],
            [],
        ]
        assert not any(repairs(harness)[1::2])
        assert list(pages(harness).values())[::2] == [
            [b"a1", b"b1", b"c1", b"d1"],
            [b"a2", b"b2", b"d2"],
            [b"a3", b"b3", b"c3", b"d3"],
            [b"a4", b"x4", b"b4", b"c4", b"d4"],
            [b"a5", b"b5", b"c5", b"d5"],
            [b"a6", b"b6", b"c6", b"d6"],
        ]
        assert unplaced(harness) == []

    def test_an_empty_sheet_stays_where_the_exam_has_a_page_without_print(self, harness: Harness) -> None:
        harness.separator.blank_exams = replace(
            harness.separator.blank_exams, prepare=lambda pages: PileExam(pages, white=(2,))
        )
        harness.put("blank_exam.pdf", b"a| |c")
        harness.put("piles/class.pdf", b"a1| |c1|a2| |c2")
        harness.run("transcribe")
        assert list(pages(harness).values()) == [[b"a1", b" ", b"c1"], [b"a2", b" ", b"c2"]]
        assert repairs(harness) == [[], []]

    def test_a_sheet_between_two_booklets_waits_for_a_person(self, harness: Harness) -> None:
        harness.put("blank_exam.pdf", b"a|b|c")
        harness.put("piles/class.pdf", b"a1|b1|c1|x|a2|b2|c2")
        harness.run("transcribe")
        assert list(pages(harness).values()) == [[b"a1", b"b1", b"c1"], [b"a2", b"b2", b"c2"]]
        ((page, doubt),) = unplaced(harness)
        assert page == 4
        assert "lies between two booklets" in doubt

    def test_a_page_that_cant_be_read_is_told(self, harness: Harness) -> None:
        harness.put("blank_exam.pdf", b"a|b|c")
        harness.put("piles/class.pdf", b"a1|BAD|c1|a2|b2|c2")
        harness.run("transcribe")
        assert list(pages(harness).values()) == [[b"a1", b"c1"], [b"a2", b"b2", b"c2"]]
        assert unplaced(harness) == [(2, "it can't be read: scan it again")]
        assert repairs(harness)[0] == ["missing", "extra sheet", "beside an unplaced page"]

    def test_the_same_file_twice_counts_once(self, harness: Harness) -> None:
        harness.put("blank_exam.pdf", b"a|b")
        harness.put("piles/class.pdf", b"a1|b1")
        harness.put("piles/class (1).pdf", b"a1|b1")
        harness.run("transcribe")
        assert len(pages(harness)) == 1
        assert {doubt for _, doubt in unplaced(harness)} == {
            "the same file is in the pile twice: this page counts once"
        }


def coded(page: bytes, name: str, number: int = 1) -> bytes:
    """Return a page with the printed code of a student."""
    return page + b"@" + code(name, number).text.encode()


def code(name: str, number: int = COVER) -> CoverCode:
    return make(ASSIGNMENT, RosterEntry(name=name, number=f"{len(name)}000{len(name)}"), number)


class TestByPrintedCodes:
    def test_booklets_go_from_one_students_code_to_the_next_ones(self, harness: Harness) -> None:
        pile = [
            coded(b"1", "Ann", COVER),
            b"x",
            coded(b"2", "Ann"),
            b"y",
            coded(b"3", "Robert", COVER),
            b"z",
            b" ",
            b"w",
        ]
        harness.put("piles/class.pdf", b"|".join(pile))
        harness.run("transcribe")
        assert pages(harness) == {code("Ann").folder: pile[1:4], code("Robert").folder: pile[5:]}
        assert unplaced(harness) == []

    def test_they_find_the_students_on_the_roster(self, harness: Harness) -> None:
        harness.put("roster.csv", "Student Name,Student ID\nAnn,30003\nRobert,60006\n")
        harness.put("piles/class.pdf", b"|".join([coded(b"1", "Ann"), coded(b"2", "Robert")]))
        harness.run("transcribe")
        found = harness.artifact("students.json")["students"]
        assert [(each["roster_name"], each["match"]) for each in found] == [("Ann", "exact"), ("Robert", "exact")]

    def test_a_code_that_was_missed_is_noticed_by_the_number_of_pages(self, harness: Harness) -> None:
        lengths = [coded(b"1", "A") + b"|x", coded(b"2", "BB") + b"|x|missed|x", coded(b"3", "CCC") + b"|x"]
        harness.put("piles/class.pdf", b"|".join(lengths))
        harness.run("transcribe")
        assert sorted(pages(harness)) == sorted([code("A").folder, code("CCC").folder])
        assert [page for page, _ in unplaced(harness)] == [3, 4, 5, 6]

    def test_the_cover_of_a_student_who_was_not_there(self, harness: Harness) -> None:
        pile = [coded(b"1", "A", COVER), b"x", coded(b"2", "BB", COVER), coded(b"3", "CCC", COVER), b"y"]
        harness.put("piles/class.pdf", b"|".join(pile))
        harness.run("transcribe")
        assert sorted(pages(harness)) == sorted([code("A").folder, code("CCC").folder])
        assert unplaced(harness) == [(3, "it belongs to a printed cover behind which no sheet lies")]

    def test_one_students_code_in_two_places_waits_for_a_person(self, harness: Harness) -> None:
        pile = [coded(b"1", "A"), coded(b"2", "BB"), coded(b"3", "A")]
        harness.put("piles/class.pdf", b"|".join(pile))
        harness.run("transcribe")
        assert list(pages(harness)) == [code("BB").folder]
        assert {doubt for _, doubt in unplaced(harness)} == {"several booklets have the printed code of one student"}

    def test_a_code_of_another_exam_is_none(self, harness: Harness) -> None:
        other = make("final", RosterEntry(name="Ann", number="30003"), 1).text
        harness.put("piles.json", {"pages": 2})
        harness.put("piles/class.pdf", b"x@" + other.encode() + b"|y")
        harness.run("transcribe")
        assert list(pages(harness)) == ["booklet-class-0001"]

    def test_a_cover_of_another_exam_would_shift_what_is_counted(self, harness: Harness) -> None:
        other = make("final", RosterEntry(name="Ann", number="30003")).text.encode()
        harness.put("piles.json", {"pages": 2})
        harness.put("piles/class.pdf", b"|".join([b"@" + other, b"x1", b"y1", b"@" + other, b"x2", b"y2"]))
        harness.run("transcribe")
        assert len(unplaced(harness)) == 6
        assert {doubt for _, doubt in unplaced(harness)} == {
            "the file has printed covers of another assignment, and nothing but a number of pages to go by"
        }

    def test_with_a_blank_exam_no_booklet_has_two_students_codes(self, harness: Harness) -> None:
        harness.put("blank_exam.pdf", b"a|b|c")
        halves = [coded(b"a1", "Ann"), b"b1", coded(b"c2", "Robert")]
        harness.put("piles/class.pdf", b"|".join(halves))
        harness.run("transcribe")
        assert pages(harness) == {code("Ann").folder: halves[:1], code("Robert").folder: halves[2:]}
        assert [page for page, _ in unplaced(harness)] == [2]


class TestByTheNumberOfPages:
    def test_every_so_many_pages_are_a_booklet(self, harness: Harness) -> None:
        harness.put("piles.json", {"pages": 3})
        harness.put("piles/class.pdf", b"1|2| |3|4| ")
        harness.run("transcribe")
        assert list(pages(harness).values()) == [[b"1", b"2", b" "], [b"3", b"4", b" "]]

    def test_backs_that_were_not_counted_give_nobody_another_ones_pages(self, harness: Harness) -> None:
        harness.put("piles.json", {"pages": 2})
        harness.put("piles/class.pdf", b"1|2| |3|4| ")
        harness.run("transcribe")
        assert [page for page, _ in unplaced(harness)] == [1, 2, 3, 4, 5, 6]
        assert all("would begin with a white one" in doubt for _, doubt in unplaced(harness))

    def test_booklets_of_before_white_pages_were_told_keep_their_etags(self, harness: Harness) -> None:
        harness.put("piles.json", {"pages": 3})
        harness.put("piles/class.pdf", b"1|2| |3|4| ")
        harness.run("transcribe")
        etags = [each["etags"] for each in harness.artifact("students.json")["students"]]
        before = Harness()
        before.separator.is_white = lambda _: False
        before.put("piles.json", {"pages": 3})
        before.put("piles/class.pdf", b"1|2| |3|4| ")
        before.run("transcribe")
        found = [each["etags"] for each in before.artifact("students.json")["students"]]
        assert all(etags)
        assert [set(each.values()) for each in found] == [set(each.values()) for each in etags]

    def test_a_file_that_is_not_the_exams_is_told_as_that(self, harness: Harness) -> None:
        harness.put("blank_exam.pdf", b"a|b")
        harness.put("piles/class.pdf", b"a1|b1")
        harness.put("piles/other.pdf", b"x|y")
        harness.run("transcribe")
        assert [page for page, _ in unplaced(harness)] == [1, 2]
        assert all("no page of its file is like any of the blank exam's" in doubt for _, doubt in unplaced(harness))


class TestByAPerson:
    def test_pages_are_given_to_a_booklet_or_to_a_folder_of_their_own(self, harness: Harness) -> None:
        harness.put("blank_exam.pdf", b"a|b|c")
        harness.put("piles/class.pdf", b"a1|b1|c1|x|a2|b2|c2|y")
        harness.run("transcribe")
        assert harness.state().unplaced_pages == 1
        given = [
            {"file": "class.pdf", "first": 4, "last": 4, "folder": "booklet-class-0005"},
            {"file": "class.pdf", "first": 8, "last": 8, "folder": "Eve"},
        ]
        harness.put("piles.json", {"given": given})
        harness.run("transcribe")
        assert pages(harness) == {
            "booklet-class-0001": [b"a1", b"b1", b"c1"],
            "booklet-class-0005": [b"a2", b"b2", b"c2", b"x"],
            "Eve": [b"y"],
        }
        assert harness.state().unplaced_pages == 0

    @pytest.mark.parametrize("folder", ["", "..", "../x", "Ann/Lee", "Ann\n"])
    def test_a_name_that_is_no_folder_under_scans_is_refused(self, harness: Harness, folder: str) -> None:
        given = {"file": "class.pdf", "first": 3, "last": 3, "folder": folder}
        harness.put("piles.json", {"given": [given]})
        with pytest.raises(InvalidMaterialError, match=r"piles\.json"):
            AssignmentFiles(harness.objects, ASSIGNMENT).pile_settings()

    def test_so_is_a_page_that_was_kept_aside_and_the_booklets_say_what_they_lack(self, harness: Harness) -> None:
        harness.put("blank_exam.pdf", b"a|b|c")
        harness.put("piles/class.pdf", b"a1|b1|b1|c1|a2|b2|c2")
        given = [{"file": "class.pdf", "first": page, "last": page, "folder": "Eve"} for page in (3, 7)]
        harness.put("piles.json", {"given": given})
        harness.run("transcribe")
        assert pages(harness)["Eve"] == [b"b1", b"c2"]
        booklets = {each.folder: each.booklet for each in booklet_files(AssignmentFiles(harness.objects, ASSIGNMENT))}
        assert booklets["booklet-class-0001"].aside == ()
        assert booklets["booklet-class-0005"].missing == (3,)
        assert booklets["booklet-class-0005"].repairs == ("missing",)

    def test_pages_of_another_content_are_not_the_ones_that_were_given(self, harness: Harness) -> None:
        harness.put("blank_exam.pdf", b"a|b")
        harness.put("piles/class.pdf", b"a1|b1|x|a2|b2")
        harness.run("transcribe")
        (file,) = pile_files(AssignmentFiles(harness.objects, ASSIGNMENT))
        given = {"file": "class.pdf", "source": file.source, "first": 3, "last": 3, "folder": "booklet-class-0004"}
        harness.put("piles.json", {"given": [given]})
        harness.run("transcribe")
        assert pages(harness)["booklet-class-0004"] == [b"a2", b"b2", b"x"]
        harness.put("piles/class.pdf", b"a0|b0|a1|b1|x|a2|b2")
        harness.run("transcribe")
        assert pages(harness) == {
            "booklet-class-0001": [b"a0", b"b0"],
            "booklet-class-0003": [b"a1", b"b1"],
            "booklet-class-0006": [b"a2", b"b2"],
        }
        assert harness.state().unplaced_pages == 1
        assert len(outdated_given(AssignmentFiles(harness.objects, ASSIGNMENT))) == 1


class TestAgain:
    """A pile that is scanned again, with booklets at other places of the file."""

    @pytest.fixture
    def ids(self, harness: Harness) -> dict[bytes, str]:
        """Student of each first page, on whom a person may have decided."""
        harness.put("blank_exam.pdf", b"a|b")
        harness.put("piles/class.pdf", b"a1|b1|a2|b2|a3|b3")
        harness.run("transcribe")
        return students(harness)

    @pytest.mark.parametrize(
        "pile", [b"a2|b2|a3|b3", b"a0|b0|a1|b1|a2|b2|a3|b3", b"a2|b2|a1|b1|a4|b4", b"a1|b1|a2|a3|b3"]
    )
    def test_a_student_is_the_one_of_the_pages_and_not_of_the_place(
        self, harness: Harness, ids: dict[bytes, str], pile: bytes
    ) -> None:
        harness.put("piles/class.pdf", pile)
        harness.run("transcribe")
        again = students(harness)
        assert {page: again[page] for page in again.keys() & ids.keys()} == {
            page: ids[page] for page in again if page in ids
        }
        assert not {again[page] for page in again.keys() - ids.keys()} & {*ids.values()}

    def test_so_it_is_with_another_name_of_the_file(self, harness: Harness, ids: dict[bytes, str]) -> None:
        del harness.objects.data[f"{ASSIGNMENT}/piles/class.pdf"]
        harness.put("piles/class (2).pdf", b"a2|b2|a3|b3|a1|b1")
        harness.run("transcribe")
        assert students(harness) == ids

    def test_a_page_that_is_printed_alike_for_all_tells_nobody(self, harness: Harness) -> None:
        harness.put("blank_exam.pdf", b"a|b")
        harness.put("piles/class.pdf", b"a|b1|a|b2")
        harness.run("transcribe")
        before = by_pages(harness)
        harness.put("piles/class.pdf", b"a|b2|a|b1")
        harness.run("transcribe")
        assert by_pages(harness) == before
        assert len(before) == 2

    def test_with_another_blank_exam_a_booklet_at_its_place_is_the_same_students(
        self, harness: Harness, ids: dict[bytes, str]
    ) -> None:
        harness.put("blank_exam.pdf", b"a|b|c")
        harness.run("transcribe")
        assert students(harness) == ids


def by_pages(harness: Harness) -> dict[tuple[bytes, ...], str]:
    """Return each student's id by the pages."""
    by_folder = pages(harness)
    return {
        tuple(by_folder[each["folder"]]): each["student_id"] for each in harness.artifact("students.json")["students"]
    }


def students(harness: Harness) -> dict[bytes, str]:
    """Return each student's id by the first page."""
    return {pages[0]: student_id for pages, student_id in by_pages(harness).items()}


class TestByCount:
    def test_booklets_have_so_many_pages(self, harness: Harness) -> None:
        harness.put("piles.json", {"pages": 2})
        harness.put("piles/class.pdf", b"a|b|c|d")
        harness.run("transcribe")
        assert pages(harness) == {"booklet-class-0001": [b"a", b"b"], "booklet-class-0003": [b"c", b"d"]}

    @pytest.mark.parametrize(("length", "reason"), [(3, "no multiple"), (0, "nothing tells where a booklet begins")])
    def test_nothing_is_guessed(self, harness: Harness, length: int, reason: str) -> None:
        harness.put("piles.json", {"pages": length})
        harness.put("piles/class.pdf", b"a|b|c|d")
        run = harness.run("transcribe")
        assert run.status is RunStatus.FAILED
        assert "aita piles" in run.reason
        assert [(page, reason in doubt) for page, doubt in unplaced(harness)] == [(n, True) for n in (1, 2, 3, 4)]


def test_a_pile_that_can_not_be_read_at_all(harness: Harness) -> None:
    harness.put("blank_exam.pdf", b"a|b")
    harness.put("piles/class.pdf", b"BAD")
    run = harness.run("transcribe")
    assert run.status is RunStatus.FAILED
    assert "count_pages" in run.reason


def test_parts_of_a_file_are_one_file(harness: Harness) -> None:
    harness.put("blank_exam.pdf", b"a|b")
    harness.put("piles/class.pdf.part-001-of-002", b"a1|b")
    harness.put("piles/class.pdf.part-002-of-002", b"1|a2|b2")
    harness.run("transcribe")
    assert list(pages(harness).values()) == [[b"a1", b"b1"], [b"a2", b"b2"]]


def test_a_part_that_did_not_arrive(harness: Harness) -> None:
    harness.put("piles/class.pdf.part-001-of-002", b"a1|b")
    with pytest.raises(Exception, match="1 part of a pile did not arrive"):
        harness.begin("transcribe")


def test_an_assignment_without_a_pile_has_nothing_to_separate(harness: Harness) -> None:
    harness.put("scans/Ann/1.jpg", b"a")
    run: Any = harness.run("transcribe")
    assert list(run.stages) == ["split", "transcribe"]
    assert "midterm/booklets.json" not in harness.objects.data
