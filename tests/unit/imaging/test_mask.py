"""The mask: what a student wrote at the top of a page is not there any more, and nothing else changes."""

import io
import math
from pathlib import Path

import pytest
from PIL import Image, ImageChops, ImageDraw

from aita.imaging.mask import masked
from aita.imaging.pages import PageImage, pages
from tests.support.fakes import FakePage, Harness
from tests.support.sample_exam import EXAM, HEADER, SampleExamRun

BLOCK = 16
"""Rows that JPEG codes together at most: those that the mask ends in are not quite white."""

SCANS = sorted(file for file in (EXAM / "scans").rglob("*") if file.is_file())


def opened(jpeg: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(jpeg))
    image.load()
    return image


def black(width: int, height: int, mode: str = "RGB", quality: int = 75) -> PageImage:
    """Return a page that is black all over."""
    out = io.BytesIO()
    Image.new(mode, (width, height)).save(out, "JPEG", quality=quality)
    return PageImage(out.getvalue(), width, height)


def extremes(image: Image.Image) -> tuple[int, int]:
    """Return the darkest and the lightest value of a gray image."""
    darkest, lightest = image.convert("L").getextrema()
    assert isinstance(darkest, int)
    assert isinstance(lightest, int)
    return darkest, lightest


@pytest.mark.parametrize("mode", ["L", "RGB"])
@pytest.mark.parametrize("height", [1, 2, 16, 100, 1755])
@pytest.mark.parametrize("fraction", [0.001, 0.12, 0.5])
def test_the_top_is_white_and_the_rest_is_not(mode: str, height: int, fraction: float) -> None:
    image = opened(masked(black(40, height, mode, quality=100), fraction).jpeg).convert("L")
    bottom = math.ceil(height * fraction)
    assert extremes(image.crop((0, 0, 40, bottom)))[0] >= 250
    if bottom < height:
        assert extremes(image.crop((0, bottom, 40, height)))[1] <= 5


@pytest.mark.parametrize("scan", SCANS, ids=[f"{file.parent.name}/{file.name}" for file in SCANS])
def test_of_the_samples_scans_the_header_goes_and_the_rest_stays(scan: Path) -> None:
    for page in pages(scan.read_bytes()):
        made = masked(page, HEADER)
        before, after = (opened(each.jpeg).convert("L") for each in (page, made))
        bottom = math.ceil(page.height * HEADER)
        assert (made.width, made.height) == after.size == before.size
        assert extremes(before.crop((0, 0, page.width, bottom)))[0] < 128, "there was a name"
        assert extremes(after.crop((0, 0, page.width, bottom - BLOCK))) == (255, 255)
        assert extremes(after.crop((0, 0, page.width, bottom)))[0] >= 240
        rest = (0, bottom, page.width, page.height)
        assert extremes(ImageChops.difference(before.crop(rest), after.crop(rest)))[1] <= 16


def test_a_jpeg_that_would_stay_as_it_is_is_painted_too_and_tells_nothing_of_before() -> None:
    page = Image.new("RGB", (200, 300), "white")
    ImageDraw.Draw(page).text((20, 10), "Zebulon Quixote", "black")
    out = io.BytesIO()
    page.save(out, "JPEG", comment=b"Zebulon")
    (kept,) = pages(out.getvalue())
    made = masked(kept, 0.2)
    assert made.jpeg != kept.jpeg
    assert opened(made.jpeg).getextrema() == ((255, 255),) * 3
    assert b"Zebulon" not in made.jpeg


def fake_mask(page: object, fraction: float) -> FakePage:
    return FakePage(b"masked")


def split(harness: Harness, pipeline: str = "transcribe") -> set[bytes]:
    """Run a pipeline whose splits mask, and return the stored pages that the model may see."""
    harness.splitter.mask, harness.splitter.mask_header = fake_mask, HEADER
    harness.run(pipeline)
    return {data for key, data in harness.objects.data.items() if key.startswith("midterm/pages/")}


def test_what_is_stored_and_shown_is_masked_and_the_scan_stays(harness: Harness) -> None:
    harness.exam()
    harness.put("scans/Ada/1.jpg", b"Ada's")
    assert split(harness) == {b"masked"}
    assert harness.model.images[0].popitem()[1] == b"masked"
    assert harness.objects.data["midterm/scans/Ada/1.jpg"] == b"Ada's"


def test_ink_under_the_mask_is_known_all_the_same(harness: Harness) -> None:
    harness.exam()
    harness.put("blank_exam.jpg", b"A")
    harness.put("scans/Ada/1.jpg", b"A....")
    split(harness)
    (scans,) = harness.artifact("scans.json").values()
    assert scans["ink"][0]["exam_page"] == 1
    assert int(scans["ink"][0]["bands"][:2], 16) == 4
    assert scans["masked"] == [HEADER]


def test_a_page_as_it_was_scanned_is_known_to_be_one(harness: Harness) -> None:
    harness.exam()
    harness.put("scans/Ada/1.jpg", b"Ada's")
    harness.run("transcribe")
    (scans,) = harness.artifact("scans.json").values()
    assert scans["masked"] == [0]


@pytest.mark.parametrize(("blank", "stored"), [(True, b"blank"), (False, b"masked")])
def test_the_blank_exam_is_not_masked_and_a_student_in_its_place_is(
    harness: Harness, *, blank: bool, stored: bytes
) -> None:
    if blank:
        harness.put("blank_exam.jpg", b"blank")
    harness.put("scans/Ada/1.jpg", b"Ada's")
    assert split(harness, "extract-questions") == {stored}


def test_the_sample_is_masked() -> None:
    assert SampleExamRun().splitter.mask_header == HEADER
