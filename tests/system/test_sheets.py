"""Scanned sheets, brought to single upright pages: those that were scanned upside down, sideways, or two at once."""

from collections.abc import Callable
from io import BytesIO

import pytest
from PIL import Image, ImageChops

from aita.imaging.ink import BlankExam
from aita.imaging.pages import pages
from aita.models.scan import PageImage, PageInk
from tests.support.drawn_pages import SCANS, SIZE, WHITE, essay, jpeg, printed, write
from tests.support.fakes import FakeModel, right
from tests.support.sample_exam import EXAM, HEADER, SampleExamRun

TURNS = {
    "a quarter to the left": Image.Transpose.ROTATE_90,
    "upside down": Image.Transpose.ROTATE_180,
    "a quarter to the right": Image.Transpose.ROTATE_270,
}
TURNED = pytest.mark.parametrize("turn", TURNS.values(), ids=TURNS)


def sheet(image: Image.Image, *, undrawn: bool = False) -> PageImage:
    return PageImage(jpeg(image), *image.size, undrawn=undrawn)


def opened(page: PageImage) -> Image.Image:
    image = Image.open(BytesIO(page.jpeg))
    image.load()
    assert image.size == (page.width, page.height)
    return image


def difference(one: Image.Image, other: Image.Image) -> float:
    """Return the mean difference of two images, in levels of 255."""
    assert one.size == other.size
    levels = ImageChops.difference(one.convert("L"), other.convert("L")).tobytes()
    return sum(levels) / len(levels)


def beside(*images: Image.Image) -> Image.Image:
    laid = Image.new("RGB", (sum(image.width for image in images), SIZE[1]), "white")
    for number, image in enumerate(images):
        laid.paste(image, (SIZE[0] * number, 0))
    return laid


@pytest.fixture(scope="module")
def exam() -> list[Image.Image]:
    return [printed(number, lines=number, rules=24 - number) for number in (1, 2, 3, 4)]


@pytest.fixture(scope="module")
def blank(exam: list[Image.Image]) -> BlankExam:
    return BlankExam(jpeg(page) for page in exam)


@pytest.fixture(scope="module")
def scan() -> Image.Image:
    """A page of the sample, as it was scanned."""
    (page,) = pages((EXAM / "scans" / "Priya Castellane" / "IMG_0413.jpg").read_bytes())
    return opened(page).convert("RGB")


class TestTurned:
    @TURNED
    def test_each_page_of_the_sample_comes_back(self, turn: Image.Transpose) -> None:
        sample = BlankExam(page.jpeg for page in pages((EXAM / "blank_exam.pdf").read_bytes()))
        found = 0
        for folder in sorted((EXAM / "scans").iterdir()):
            scans = [page for path in sorted(folder.iterdir()) for page in pages(path.read_bytes())]
            for number, scan in enumerate(scans, 1):
                ((page, ink),) = sample.single_pages(sheet(opened(scan).convert("RGB").transpose(turn)), 4 - number)
                assert ink.exam_page == number
                assert ink.likeness > 0.5
                assert difference(opened(page), opened(scan)) < 3
                found += 1
        assert found == 15

    @TURNED
    @pytest.mark.parametrize("how", ["all at once", "noisy", "on a desk", "as a photo"])
    def test_the_ink_is_that_of_the_upright_page(
        self, exam: list[Image.Image], blank: BlankExam, turn: Image.Transpose, how: str
    ) -> None:
        upright = Image.open(BytesIO(SCANS[how](essay(exam[0]))))
        ((page, ink),) = blank.single_pages(sheet(upright.transpose(turn)), 3)
        assert ink.exam_page == 1
        assert difference(opened(page), upright) < 4
        bands, before = (bytes.fromhex(each.bands) for each in (ink, blank.ink(jpeg(upright), 3)))
        assert sum(abs(one - other) for one, other in zip(bands, before, strict=True)) < 0.1 * sum(before)

    @pytest.mark.parametrize("scan", SCANS.values(), ids=SCANS)
    def test_an_upright_page_keeps_its_bytes(
        self, exam: list[Image.Image], blank: BlankExam, scan: Callable[[Image.Image], bytes]
    ) -> None:
        for number, page in enumerate((exam[1], essay(exam[0]), essay(exam[3]), WHITE), 1):
            scanned = sheet(Image.open(BytesIO(scan(page))))
            assert blank.single_pages(scanned, number) == [(scanned, blank.ink(scanned.jpeg, number))]

    @pytest.mark.parametrize("scan", SCANS.values(), ids=SCANS)
    def test_a_page_that_is_like_none_however_it_is_turned_stays_as_it_is(
        self, blank: BlankExam, scan: Callable[[Image.Image], bytes]
    ) -> None:
        for page in (essay(printed(7, lines=5, rules=14, title="Organic chemistry, final")), essay(WHITE, 60, 26)):
            scanned = sheet(Image.open(BytesIO(scan(page))))
            ((left, ink),) = blank.single_pages(scanned, 1)
            assert (left, ink.exam_page, ink.empty) == (scanned, None, False)

    def test_what_the_image_lacks_is_still_said(self, exam: list[Image.Image], blank: BlankExam) -> None:
        ((page, _),) = blank.single_pages(sheet(exam[0].rotate(180), undrawn=True), 1)
        assert page.undrawn

    def test_an_exam_on_its_side_is_left_so(self, exam: list[Image.Image]) -> None:
        """Slides that were printed across the page."""
        wide = [page.crop((0, 0, SIZE[0], 700)) for page in exam]
        blank = BlankExam(jpeg(page) for page in wide)
        scanned = sheet(write(wide[2], 500, "v = 7"))
        assert blank.single_pages(scanned, 1)[0][0] is scanned
        ((page, ink),) = blank.single_pages(sheet(opened(scanned).transpose(Image.Transpose.ROTATE_90)), 1)
        assert ink.exam_page == 3
        assert page.width > page.height


class TestTwoPages:
    @pytest.mark.parametrize("turn", [None, *TURNS.values()])
    def test_side_by_side_they_are_cut_apart(
        self, exam: list[Image.Image], blank: BlankExam, turn: Image.Transpose | None
    ) -> None:
        both = beside(exam[0], write(exam[1], 700, "F = 12 N"))
        scanned = sheet(both.transpose(turn) if turn is not None else both)
        (left, left_ink), (right, right_ink) = blank.single_pages(scanned, 1)
        assert [left_ink.exam_page, right_ink.exam_page] == [1, 2]
        assert difference(opened(left), exam[0]) < 3
        assert opened(right).size == SIZE
        assert sum(bytes.fromhex(left_ink.bands)) < 5
        assert sum(bytes.fromhex(right_ink.bands)) > 50

    def test_an_open_booklet_on_a_desk(self, exam: list[Image.Image], blank: BlankExam) -> None:
        both = Image.new("RGB", (2 * SIZE[0] + 120, SIZE[1] + 80), (90, 80, 70))
        both.paste(beside(essay(exam[2]), exam[3]), (60, 40))
        found = blank.single_pages(sheet(both), 3)
        assert [ink.exam_page for _, ink in found] == [3, 4]

    def test_beside_an_empty_one_there_is_an_empty_sheet(self, exam: list[Image.Image], blank: BlankExam) -> None:
        found = blank.single_pages(sheet(beside(WHITE, exam[3])), 3)
        assert [(ink.exam_page, ink.empty) for _, ink in found] == [(None, True), (4, False)]

    @pytest.mark.parametrize("left", [True, False])
    def test_beside_another_sheet_it_is_none_of_the_exams(
        self, exam: list[Image.Image], blank: BlankExam, *, left: bool
    ) -> None:
        """It would pass for a page of the exam, and what stands beside it for that page's."""
        notes = essay(WHITE, 60, 26)
        scanned = sheet(beside(exam[1], notes) if left else beside(notes, exam[1]))
        ((page, ink),) = blank.single_pages(scanned, 2)
        assert page is scanned
        assert ink.exam_page is None

    def test_one_page_in_the_middle_of_a_wide_picture_is_one_page(
        self, exam: list[Image.Image], blank: BlankExam
    ) -> None:
        wide = Image.new("RGB", (2 * SIZE[0], SIZE[1]), "white")
        wide.paste(exam[1], (SIZE[0] // 2, 0))
        ((page, ink),) = blank.single_pages(sheet(wide), 1)
        assert ink.exam_page == 2
        assert page.width == 2 * SIZE[0]

    def test_two_empty_ones_are_one_empty_sheet(self, blank: BlankExam) -> None:
        scanned = sheet(beside(WHITE, WHITE))
        assert blank.single_pages(scanned, 1) == [(scanned, PageInk(exam_page=None, likeness=0, empty=True))]


class TestSplit:
    """What is stored, and shown to the model and in reports."""

    def stored(self, scan: Image.Image, *, blank: bool = True) -> list[Image.Image]:
        harness = SampleExamRun(model=FakeModel(otherwise=right))
        harness.exam()
        if blank:
            harness.put("blank_exam.pdf", (EXAM / "blank_exam.pdf").read_bytes())
        harness.put("scans/Ann/1.jpg", jpeg(scan))
        harness.run("transcribe")
        stored = [data for key, data in sorted(harness.objects.data.items()) if key.startswith("midterm/pages/")]
        assert list(harness.model.images[0].values()) == stored[:1]
        return [Image.open(BytesIO(data)) for data in stored]

    @TURNED
    def test_a_page_is_upright_before_its_top_is_masked(self, scan: Image.Image, turn: Image.Transpose) -> None:
        (page,) = self.stored(scan.transpose(turn))
        top = round(HEADER * page.height)
        assert page.crop((0, 0, page.width, top - 16)).convert("L").getextrema() == (255, 255)
        below = (0, top + 16, page.width, page.height)
        assert difference(page.crop(below), scan.crop(below)) < 4

    def test_without_a_blank_exam_nothing_is_turned(self, scan: Image.Image) -> None:
        turned = scan.transpose(Image.Transpose.ROTATE_180)
        (page,) = self.stored(turned, blank=False)
        below = (0, round(HEADER * page.height) + 16, *page.size)
        assert difference(page.crop(below), turned.crop(below)) < 4

    def test_two_pages_on_a_sheet_are_two(self, scan: Image.Image) -> None:
        blanks = list(pages((EXAM / "blank_exam.pdf").read_bytes()))
        other = opened(blanks[2]).convert("RGB").resize(scan.size)
        both = Image.new("RGB", (2 * scan.width, scan.height))
        both.paste(scan, (0, 0))
        both.paste(other, (scan.width, 0))
        assert [page.width for page in self.stored(both.resize((2000, 2000 * both.height // both.width)))] == [
            1000,
            1000,
        ]
