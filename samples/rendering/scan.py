"""The scanner: turns a written page into the picture that a scanner or a phone would make of it."""

import io
import random

from PIL import Image, ImageChops

DPI = 150
SIZE = (1240, 1754)
"""A4 at 150 dots per inch, in pixels."""

_QUALITY = 60
_ORIENTATION_TAG = 0x0112
_TURN_RIGHT = 6  # EXIF: to be turned by 90 degrees clockwise to stand upright


def scan(page: Image.Image, chance: random.Random) -> Image.Image:
    """Return the page a little crooked, on greyish paper, unevenly lit and noisy."""
    paper = tuple(chance.randint(238, 246) - tint for tint in (0, 2, 9))
    angle = chance.choice((-1, 1)) * chance.uniform(0.25, 0.9)
    crooked = page.rotate(angle, Image.Resampling.BICUBIC, fillcolor=(255, 255, 255))
    tinted = ImageChops.multiply(crooked, Image.new("RGB", SIZE, paper))
    lit = ImageChops.multiply(tinted, _light(chance))
    return ImageChops.add(lit, _noise(chance), scale=1, offset=-128)


def jpeg(page: Image.Image, *, sideways: bool = False) -> bytes:
    """Return the page as a JPEG; ``sideways`` stores it lying, with the EXIF tag that puts it upright."""
    out = io.BytesIO()
    if not sideways:
        page.save(out, "JPEG", quality=_QUALITY, optimize=True, dpi=(DPI, DPI))
        return out.getvalue()
    exif = Image.Exif()
    exif[_ORIENTATION_TAG] = _TURN_RIGHT
    lying = page.transpose(Image.Transpose.ROTATE_90)
    lying.save(out, "JPEG", quality=_QUALITY, optimize=True, dpi=(DPI, DPI), exif=exif)
    return out.getvalue()


def _light(chance: random.Random) -> Image.Image:
    """Return soft light and shade over the page: each page has its own."""
    coarse = Image.frombytes("L", (5, 7), bytes(chance.randint(226, 255) for _ in range(35)))
    return coarse.resize(SIZE, Image.Resampling.BICUBIC).convert("RGB")


def _noise(chance: random.Random) -> Image.Image:
    """Return grain around a middle grey of 128, as coarse as a scanner's."""
    half = (SIZE[0] // 2, SIZE[1] // 2)
    grain = Image.frombytes("L", half, chance.randbytes(half[0] * half[1]))
    soft = grain.resize(SIZE, Image.Resampling.BILINEAR).point(
        [round(128 + (value - 128) / 18) for value in range(256)]
    )
    return soft.convert("RGB")
