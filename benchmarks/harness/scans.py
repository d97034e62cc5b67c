"""Scans for the benchmarks, made from the sample exam's; each page differs, so that no reply is in the cache."""

import io
from itertools import cycle, islice
from pathlib import Path

from PIL import Image, ImageDraw, ImageOps

SAMPLE_SCANS = Path(__file__).parents[2] / "samples" / "exam" / "scans"


def jpegs(count: int) -> list[bytes]:
    """Return ``count`` different pages as JPEGs, upright and within bounds."""
    pages = sorted(SAMPLE_SCANS.glob("*/*.jp*g"))
    return [_numbered(page, number) for number, page in enumerate(islice(cycle(pages), count))]


def pdf(count: int) -> bytes:
    """Return a scan of ``count`` pages as one PDF of images."""
    pages = [Image.open(io.BytesIO(data)) for data in jpegs(min(count, 20))]
    data = io.BytesIO()
    first, *rest = islice(cycle(pages), count)
    first.save(data, "PDF", save_all=True, append_images=rest, resolution=150.0)
    return data.getvalue()


def blank_exam() -> bytes:
    """Return the blank exam of the scans, as a PDF."""
    return (SAMPLE_SCANS.parent / "blank_exam.pdf").read_bytes()


def _numbered(page: Path, number: int) -> bytes:
    """Return the page with its number as a row of dots at its foot: a different image with the same text."""
    with Image.open(page) as image:
        upright = ImageOps.exif_transpose(image).convert("RGB")
    draw = ImageDraw.Draw(upright)
    for bit in range(12):
        if number >> bit & 1:
            x, y = 40 + 12 * bit, upright.height - 12
            draw.rectangle((x, y, x + 5, y + 5), fill="gray")
    data = io.BytesIO()
    upright.save(data, "JPEG", quality=85)
    return data.getvalue()
