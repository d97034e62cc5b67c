"""Codes on pages are read as scanners and phones show them, and nothing else is taken for one."""

import random
from io import BytesIO

import pytest
import segno
from PIL import Image, ImageDraw, ImageFilter

from aita.errors import UnreadableScanError
from aita.imaging.codes import read_codes
from aita.models.scan import PageImage
from tests.support.drawn_pages import SCANS, SIZE, essay, printed

pytestmark = pytest.mark.slow

TEXT = "aita1:mechanics-midterm-2026:abcdefghijklmnop:12:abcd"


def with_code(page: Image.Image, *texts: str) -> Image.Image:
    """Return the page, of 210 mm, with codes of 33 mm at its top, as covers have them."""
    coded = page.copy()
    for place, text in enumerate(texts):
        out = BytesIO()
        segno.make_qr(text, error="q").save(out, kind="png", border=4, scale=8)
        side = SIZE[0] * 33 // 210
        code = Image.open(out).convert("RGB").resize((side, side), Image.Resampling.LANCZOS)
        coded.paste(code, (SIZE[0] - 60 - side - place * (side + 20), 30))
    return coded


def scanned(image: Image.Image, quality: int = 60) -> PageImage:
    out = BytesIO()
    image.save(out, "JPEG", quality=quality)
    return PageImage(out.getvalue(), *image.size)


@pytest.mark.parametrize("scan", SCANS.values(), ids=SCANS)
def test_a_code_is_read_from_every_scan(scan: object) -> None:
    assert callable(scan)
    jpeg = scan(with_code(essay(printed(1)), TEXT))
    assert read_codes(PageImage(jpeg, *Image.open(BytesIO(jpeg)).size)) == (TEXT,)


@pytest.mark.parametrize("angle", [0, 7, 45, 90, 173, 180, 270])
@pytest.mark.parametrize("dpi", [100, pytest.param(150, marks=pytest.mark.long), 200])
@pytest.mark.parametrize("quality", [25, 75])
def test_a_code_is_read_however_the_sheet_lies(angle: int, dpi: int, quality: int) -> None:
    page = with_code(printed(1), TEXT).resize((210 * dpi * 10 // 254, 297 * dpi * 10 // 254), Image.Resampling.BICUBIC)
    turned = page.rotate(angle, Image.Resampling.BICUBIC, expand=True, fillcolor="white")
    assert read_codes(scanned(turned, quality)) == (TEXT,)


@pytest.mark.parametrize("seed", range(12))
def test_a_code_is_read_under_a_stain_or_a_stroke(seed: int) -> None:
    chance = random.Random(seed)
    page = with_code(printed(1), TEXT)
    side = SIZE[0] * 33 // 210
    left, top = SIZE[0] - 60 - side, 30
    x, y = left + chance.uniform(0.35, 0.8) * side, top + chance.uniform(0.35, 0.8) * side
    draw = ImageDraw.Draw(page)
    if seed % 2:
        draw.ellipse((x - 9, y - 9, x + 9, y + 9), fill=(60, 40, 20))
    else:
        draw.line((left + side * 0.3, top + side * 0.45, x, y), fill=(30, 30, 90), width=4)
    assert read_codes(scanned(page.filter(ImageFilter.GaussianBlur(0.8)))) == (TEXT,)


def test_each_code_is_told_once_and_in_order() -> None:
    assert read_codes(scanned(with_code(printed(1), "b", "a", "b"))) == ("a", "b")


def test_writing_and_print_are_no_codes() -> None:
    assert read_codes(scanned(essay(printed(1)))) == ()


def test_what_is_no_page_is_refused() -> None:
    with pytest.raises(UnreadableScanError):
        read_codes(PageImage(b"no JPEG", 1, 1))
