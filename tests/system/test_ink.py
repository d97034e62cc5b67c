"""The ink on a page: which page of the blank exam it is, and what was written on it."""

import json
import random
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from PIL import Image, ImageDraw

from aita.errors import UnreadableScanError
from aita.imaging.ink import MOST_PAGES, BlankExam
from aita.imaging.pages import pages
from aita.models.scan import BANDS, PageInk
from aita.services.answers.blank_detection import INK
from tests.support.drawn_pages import (
    LEFT,
    PEN,
    RIGHT,
    SCANS,
    SIZE,
    WHITE,
    Scan,
    essay,
    jpeg,
    printed,
    question_page,
    text,
    write,
)

SAMPLES = Path(__file__).parents[2] / "samples"
TRUTH: dict[str, Any] = json.loads((SAMPLES / "truth.json").read_text("utf-8"))
TEN_PIXELS = 5
"""In units of a band: what a speck of dust has."""

SCANNERS = pytest.mark.parametrize("scan", SCANS.values(), ids=SCANS)


def amounts(ink: PageInk) -> list[int]:
    return list(bytes.fromhex(ink.bands))


def around(ink: PageInk, y: float) -> int:
    """Return the ink from a line's top to its foot and a little more: ``y`` is in pixels of ``SIZE``."""
    first = int(100 * y / SIZE[1]) - 2
    return sum(amounts(ink)[first : first + 8])


@pytest.fixture(scope="module")
def exam() -> list[Image.Image]:
    return [printed(number, lines=number, rules=24 - number) for number in (1, 2, 3, 4)]


@pytest.fixture(scope="module")
def blank(exam: list[Image.Image]) -> BlankExam:
    return BlankExam(jpeg(page) for page in exam)


# --- the sample exam -------------------------------------------------------------------------------------------------


class SamplePage(NamedTuple):
    student: str
    page: int
    ink: PageInk
    answers: list[dict[str, Any]]

    def amount(self, answer: dict[str, Any]) -> int:
        return sum(amounts(self.ink)[int(answer["top"] * BANDS) : round(answer["bottom"] * BANDS)])


@pytest.fixture(scope="module")
def sample() -> BlankExam:
    return BlankExam(page.jpeg for page in pages((SAMPLES / "exam" / "blank_exam.pdf").read_bytes()))


@pytest.fixture(scope="module")
def sample_pages(sample: BlankExam) -> list[SamplePage]:
    return list(_sample_pages(sample))


def _sample_pages(sample: BlankExam) -> Iterator[SamplePage]:
    truth = {(page["student"], page["page"]): page["answers"] for page in TRUTH["pages"]}
    for folder in sorted((SAMPLES / "exam" / "scans").iterdir()):
        images = [page.jpeg for path in sorted(folder.iterdir()) for page in pages(path.read_bytes())]
        for number, image in enumerate(images, 1):
            # Expected at the wrong place: these pages are told apart by what is printed on them.
            yield SamplePage(folder.name, number, sample.ink(image, 4 - number), truth[folder.name, number])


class TestSampleExam:
    def test_each_page_is_recognised(self, sample_pages: list[SamplePage]) -> None:
        assert len(sample_pages) == 15
        assert [page.ink.exam_page for page in sample_pages] == [page.page for page in sample_pages]
        assert min(page.ink.likeness for page in sample_pages) > 0.5
        assert not any(page.ink.other_version or page.ink.empty for page in sample_pages)

    def test_the_blank_answer_has_no_ink_and_each_other_has(self, sample_pages: list[SamplePage]) -> None:
        found = {
            (page.student, answer["question_id"]): page.amount(answer)
            for page in sample_pages
            for answer in page.answers
        }
        assert len(found) == 30
        assert found.pop(("ines munoz tarres", "3")) == 0
        assert min(found.values()) > 4 * INK

    def test_the_name_is_in_the_head(self, sample_pages: list[SamplePage]) -> None:
        assert min(sum(amounts(page.ink)[:12]) for page in sample_pages) > 100

    def test_its_own_print_is_no_ink(self, sample: BlankExam) -> None:
        for number, page in enumerate(pages((SAMPLES / "exam" / "blank_exam.pdf").read_bytes()), 1):
            ink = sample.ink(page.jpeg, number)
            assert (ink.exam_page, sum(amounts(ink))) == (number, 0)
            assert ink.likeness > 0.95


# --- which page it is ------------------------------------------------------------------------------------------------


class TestExamPage:
    @SCANNERS
    def test_a_page_is_recognised_however_it_is_scanned(
        self, exam: list[Image.Image], blank: BlankExam, scan: Callable[[Image.Image], bytes]
    ) -> None:
        assert blank.ink(scan(exam[1]), 1).exam_page == 2
        assert blank.ink(scan(essay(exam[0])), 4).exam_page == 1
        assert blank.ink(scan(essay(exam[3])), 1).exam_page == 4

    @SCANNERS
    def test_another_exam_is_none_of_its_pages(self, blank: BlankExam, scan: Callable[[Image.Image], bytes]) -> None:
        other = printed(7, lines=5, rules=14, title="Organic chemistry, final")
        ink = blank.ink(scan(essay(other)), 1)
        assert (ink.exam_page, ink.bands) == (None, "")

    def test_a_sheet_full_of_writing_is_none(self, blank: BlankExam) -> None:
        ink = blank.ink(Scan()(essay(WHITE, 60, 26)), 1)
        assert (ink.exam_page, ink.empty) == (None, False)

    @SCANNERS
    def test_a_white_sheet_is_empty(self, blank: BlankExam, scan: Callable[[Image.Image], bytes]) -> None:
        assert blank.ink(scan(WHITE), 1) == PageInk(exam_page=None, likeness=0, empty=True)

    def test_so_is_one_that_nobody_scanned(self, blank: BlankExam) -> None:
        assert blank.ink(jpeg(WHITE), 1) == PageInk(exam_page=None, likeness=0, empty=True)

    @pytest.mark.parametrize("noise", [2, pytest.param(3, marks=pytest.mark.long), 5])
    @pytest.mark.parametrize("colour", [(20, 20, 20), PEN, (170,) * 3], ids=["black", "blue", "light pencil"])
    @pytest.mark.parametrize(("answer", "size"), [("1", 16), ("7", 16), ("x", 20), ("-", 34), ("v = 7", 22)])
    def test_a_sheet_with_one_sign_is_not(
        self, blank: BlankExam, noise: float, colour: tuple[int, int, int], answer: str, size: int
    ) -> None:
        sheet = WHITE.copy()
        text(sheet, 400, 620, answer, size, colour)
        ink = blank.ink(Scan(noise=noise)(sheet), 1)
        assert (ink.exam_page, ink.empty) == (None, False)

    def test_a_page_of_one_printed_word_is_not_either(self) -> None:
        page = WHITE.copy()
        text(page, LEFT, 60, "Appendix", 26)
        assert BlankExam([jpeg(page)]).ink(Scan()(page), 1).exam_page == 1

    def test_a_page_on_its_head_is_none(self, exam: list[Image.Image], blank: BlankExam) -> None:
        assert blank.ink(jpeg(exam[0].rotate(180)), 1).exam_page is None

    @pytest.mark.parametrize("size", [(30, 2000), (20_000, 10), (1, 1), (60, 80)])
    def test_what_is_no_page_is_none(self, blank: BlankExam, size: tuple[int, int]) -> None:
        assert blank.ink(jpeg(Image.new("RGB", size, "gray")), 1).exam_page is None

    def test_pages_that_differ_in_their_number_are_told_apart_by_their_order(self) -> None:
        booklet = [printed(1), *(printed(number, lines=0, rules=23) for number in range(2, 7))]
        blank = BlankExam(jpeg(page) for page in booklet)
        for number, page in enumerate(booklet, 1):
            assert blank.ink(Scan()(essay(page, lines=12)), number).exam_page == number

    def test_a_full_page_less_a_line_is_not_taken_for_one_with_little_print(self) -> None:
        full, head = printed(1), printed(2, lines=0, rules=0)
        blank = BlankExam([jpeg(head), jpeg(full)])
        damaged = full.copy()
        damaged.paste("white", (0, 140, SIZE[0], 166))
        assert blank.ink(Scan()(damaged), 1).exam_page == 2

    def test_it_is_counted_with_the_pages_that_have_no_print(self, exam: list[Image.Image]) -> None:
        blank = BlankExam([jpeg(Image.new("RGB", SIZE, "white")), jpeg(exam[0])])
        ink = blank.ink(Scan()(exam[0]), 1)
        assert (ink.exam_page, ink.exam_pages, ink.white_pages) == (2, 2, (1,))

    def test_a_blank_exam_that_is_itself_a_crooked_scan(self, exam: list[Image.Image]) -> None:
        blank = BlankExam(Scan(angle=1.2)(page) for page in exam)
        for number, page in enumerate(exam, 1):
            ink = blank.ink(Scan(angle=-0.8)(write(page, 500, "v = 7")), 1)
            assert ink.exam_page == number
            assert around(ink, 500) > INK
            assert sum(amounts(ink)) - around(ink, 500) < TEN_PIXELS


class TestOtherVersion:
    """A page of which a part of the print is another one's."""

    @pytest.fixture(scope="class")
    @classmethod
    def questions(cls) -> BlankExam:
        return BlankExam(jpeg(question_page(number)) for number in (1, 2))

    @SCANNERS
    def test_a_page_with_another_question_is_told(
        self, questions: BlankExam, scan: Callable[[Image.Image], bytes]
    ) -> None:
        written = [write(question_page(2, changed=changed), 700, "F = 12 N") for changed in range(4)]
        found = [questions.ink(scan(page), 2) for page in written]
        assert [ink.exam_page for ink in found] == [2] * 4
        assert sum(ink.other_version for ink in found) >= 3

    @SCANNERS
    @pytest.mark.parametrize("number", [1, pytest.param(2, marks=pytest.mark.long)])
    def test_one_of_this_exam_is_not_however_full_it_is(
        self, questions: BlankExam, scan: Callable[[Image.Image], bytes], number: int
    ) -> None:
        page = question_page(number)
        for written in (page, write(page, 700, "F = 12 N"), essay(page, 200, 26)):
            found = questions.ink(scan(written), number)
            assert (found.exam_page, found.other_version) == (number, False)

    def test_a_covered_question_is_told(self, questions: BlankExam) -> None:
        page = question_page(1)
        page.paste((250, 230, 120), (0, 420, RIGHT, 560))
        assert questions.ink(Scan()(page), 1).other_version

    def test_a_code_of_each_copy_is_none(self) -> None:
        """What a copy has for itself beside the head, such as a number and a pattern of dots."""

        def copy(number: int) -> bytes:
            chance, page = random.Random(number), question_page(1)
            text(page, 640, 60, f"Copy {number}", 22)
            dots = Image.frombytes("L", (24, 24), bytes(chance.choice((0, 255)) for _ in range(576)))
            page.paste(dots.resize((96, 96), Image.Resampling.NEAREST), (RIGHT - 96, 20))
            return Scan()(page)

        found = BlankExam([copy(1001)]).ink(copy(2374), 1)
        assert (found.exam_page, found.other_version) == (1, False)

    def test_pages_of_the_sample_with_other_print_below(self, sample: BlankExam) -> None:
        for number, page in enumerate(pages((SAMPLES / "exam" / "blank_exam.pdf").read_bytes()), 1):
            image = Image.open(BytesIO(page.jpeg)).convert("RGB")
            assert not sample.ink(jpeg(image), number).other_version
            lower = (0, image.height * 2 // 5 if number > 1 else image.height // 4, *image.size)
            image.paste("white", lower)
            for y in range(lower[1] + 40, image.height - 60, 60):
                text(image, 150, y, "In version B this line asks for quite another number: 17.", 34)
            found = sample.ink(jpeg(image), number)
            assert found.other_version or found.exam_page is None


# --- what was written on it ------------------------------------------------------------------------------------------


class TestInk:
    @SCANNERS
    def test_print_is_none_and_a_short_answer_is_found_where_it_stands(
        self, exam: list[Image.Image], blank: BlankExam, scan: Callable[[Image.Image], bytes]
    ) -> None:
        page = exam[2]
        before, after = blank.ink(scan(page), 3), blank.ink(scan(write(page, 700, "F = 12 N")), 3)
        # Perspective moves the ends of rules: what is left of them is ink to be on the safe side.
        most = 2 * TEN_PIXELS if scan == SCANS["as a photo"] else TEN_PIXELS
        assert sum(amounts(before)) < most
        assert around(after, 700) > 4 * INK
        assert sum(amounts(after)) - around(after, 700) < most

    @pytest.mark.parametrize(
        "colour",
        [(20, 20, 20), PEN, (190, 40, 40), (30, 130, 60), (120,) * 3, (170,) * 3],
        ids=["black", "blue", "red", "green", "pencil", "light pencil"],
    )
    @pytest.mark.parametrize("answer", ["7", "x", "B", "0.4"])
    def test_one_sign_is_enough(
        self, exam: list[Image.Image], blank: BlankExam, colour: tuple[int, int, int], answer: str
    ) -> None:
        ink = blank.ink(Scan(noise=1.5)(write(exam[1], 620, answer, colour)), 2)
        assert around(ink, 620) >= INK

    def test_more_writing_is_more_ink(self, exam: list[Image.Image], blank: BlankExam) -> None:
        inks = [blank.ink(Scan()(essay(exam[0], lines=lines)), 1) for lines in (0, 3, 9, 18)]
        found = [sum(amounts(ink)) for ink in inks]
        assert found == sorted(found)
        assert found[0] < TEN_PIXELS < 100 < found[1]

    def test_a_band_that_is_a_tenth_ink_is_full(self, exam: list[Image.Image], blank: BlankExam) -> None:
        page = exam[0].copy()
        ImageDraw.Draw(page).rectangle((LEFT, 700, RIGHT, 760), fill=PEN)
        ink = blank.ink(Scan(angle=0)(page), 1)
        assert len(ink.bands) == 2 * BANDS
        assert max(amounts(ink)) == 255

    @pytest.mark.parametrize("side", ["below", "right"])
    def test_writing_on_more_paper_than_the_exam_has_is_ink(
        self, exam: list[Image.Image], blank: BlankExam, side: str
    ) -> None:
        """A longer sheet, a flap, or a strip that was taped to the page."""
        width, height = SIZE
        larger = Image.new("RGB", (width, height + 100) if side == "below" else (width + 180, height), "white")
        larger.paste(exam[1], (0, 0))
        empty = blank.ink(jpeg(larger), 2)
        assert empty.exam_page == 2
        assert sum(amounts(empty)) < TEN_PIXELS
        spot = (300, height + 30) if side == "below" else (width + 40, 500)
        text(larger, *spot, "v = 7", 34, PEN)
        found = blank.ink(jpeg(larger), 2)
        assert found.exam_page == 2
        assert sum(amounts(found)) > 4 * INK

    def test_a_shadow_of_the_papers_edge_is_none(self, exam: list[Image.Image], blank: BlankExam) -> None:
        larger = Image.new("RGB", (SIZE[0] + 80, SIZE[1] + 80), "white")
        larger.paste(exam[1], (40, 40))
        ImageDraw.Draw(larger).line((40, 45 + SIZE[1], 400, 45 + SIZE[1]), fill=(150,) * 3, width=5)
        found = blank.ink(Scan(angle=0.7)(larger.resize(SIZE)), 2)
        assert found.exam_page == 2
        assert sum(amounts(found)) < TEN_PIXELS

    def test_the_paper_is_all_that_counts(self, exam: list[Image.Image], blank: BlankExam) -> None:
        """Beyond the paper's edge there is a desk with a pattern."""
        desk = Image.new("RGB", SIZE, (110, 90, 70))
        for y in range(0, SIZE[1], 9):
            ImageDraw.Draw(desk).line((0, y, SIZE[0], y + 30), fill=(80, 60, 50), width=3)
        small = exam[0].resize((950, 1343), Image.Resampling.BICUBIC)
        desk.paste(small, (25, 35))
        ink = blank.ink(Scan(angle=0)(desk), 1)
        assert ink.exam_page == 1
        assert sum(amounts(ink)[4:96]) < TEN_PIXELS


# --- blank exams that can't be compared with -------------------------------------------------------------------------


class TestRefused:
    def test_one_without_print(self) -> None:
        with pytest.raises(UnreadableScanError, match="the blank exam has no print on it"):
            BlankExam([jpeg(Image.new("RGB", SIZE, "white"))])
        with pytest.raises(UnreadableScanError, match="no print"):
            BlankExam([])

    def test_one_with_too_many_pages(self) -> None:
        white = jpeg(Image.new("RGB", (100, 141), "white"))
        with pytest.raises(UnreadableScanError, match=f"more than {MOST_PAGES} pages"):
            BlankExam(white for _ in range(MOST_PAGES + 1))
