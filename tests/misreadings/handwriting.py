"""Strips of answers in a handwriting font, for a model that sees."""

import random
from io import BytesIO
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

_FONTS = Path(__file__).parents[2] / "samples" / "fonts"

_WIDTH, _RULE, _LEFT, _SIZE = 1240, 64, 90, 44

_PAPER, _RULED, _INK = (250, 248, 243), (205, 212, 224), (38, 44, 92)


def drawn_strip(lines: tuple[str, ...], chance: random.Random) -> bytes:
    """Return the JPEG of a strip with these lines, each word a little off its rule.

    Raises
    ------
    ValueError
        If the font lacks a character: it would be drawn as a box.
    """
    font = ImageFont.truetype(_FONTS / "patrick-hand.woff", _SIZE, layout_engine=ImageFont.Layout.BASIC)
    box = bytes(font.getmask("\uffff"))
    if lacking := {each for each in "".join(lines) if not each.isspace() and bytes(font.getmask(each)) == box}:
        raise ValueError(f"the font has no {' '.join(sorted(lacking))}")
    image = Image.new("RGB", (_WIDTH, _RULE * (len(lines) + 1)), _PAPER)
    draw = ImageDraw.Draw(image)
    for number, line in enumerate(lines, 1):
        draw.line((0, number * _RULE, _WIDTH, number * _RULE), _RULED, 2)
        right = _LEFT + chance.uniform(0, 30)
        for word in line.split():
            lighter = chance.randint(0, 40)
            fill = (_INK[0] + lighter, _INK[1] + lighter, _INK[2] + lighter)
            draw.text((right, number * _RULE - 6 + chance.uniform(-3, 3)), word, fill, font, anchor="ls")
            right += font.getlength(word) + _SIZE * chance.uniform(0.26, 0.42)
    jpeg = BytesIO()
    image.rotate(chance.uniform(-0.4, 0.4), fillcolor=_PAPER).save(jpeg, "JPEG", quality=85)
    return jpeg.getvalue()
