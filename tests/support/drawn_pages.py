"""Drawn pages: their print, the writing on them, and a scanner's distortions."""

import random
from functools import cache
from io import BytesIO
from typing import NamedTuple

from PIL import Image, ImageChops, ImageDraw, ImageFont

SIZE = (1000, 1414)
WHITE = Image.new("RGB", SIZE, "white")
LEFT, RIGHT = 90, 910
PEN = (40, 50, 110)
EXAM_WORDS = [
    "limit", "sum", "derivative", "of", "integral", "prove", "that", "find", "the", "value", "graph", "sketch",
    "why", "explain", "state", "theorem", "series", "matrix", "rank", "vector", "basis", "map", "kernel", "image",
    "prime", "group", "ring", "field", "order", "set", "union", "12", "7", "f(x)", "3.5",
]  # fmt: skip
WORDS = ["force", "body", "mass", "times", "acceleration", "while", "energy", "stays", "the same", "in every", "frame"]


def text(
    page: Image.Image, x: float, y: float, words: str, size: float, colour: tuple[int, int, int] = (20,) * 3
) -> None:
    ImageDraw.Draw(page).text((x, y), words, fill=colour, font=ImageFont.load_default(size))


def rule(page: Image.Image, y: int) -> None:
    ImageDraw.Draw(page).line((LEFT, y, RIGHT, y), fill=(170,) * 3, width=1)


def printed(number: int, *, lines: int = 4, rules: int = 20, title: str = "Mechanics, midterm") -> Image.Image:
    """Return a printed page: its head, a question of its own, and rules to answer on."""
    chance = random.Random(number * 1000 + len(title))
    page = Image.new("RGB", SIZE, "white")
    text(page, LEFT, 60, title, 26)
    text(page, RIGHT - 120, 64, f"Page {number}", 18)
    for line in range(lines):
        text(page, LEFT, 140 + 26 * line, " ".join(chance.choice(WORDS) for _ in range(13)), 19)
    for line in range(rules):
        rule(page, 300 + 46 * line)
    return page


def question_page(number: int, *, changed: int | None = None) -> Image.Image:
    """Return a page of four questions of two lines, each with rules; one of them may have other words."""
    page = Image.new("RGB", SIZE, "white")
    text(page, LEFT, 60, "Mechanics, midterm", 26)
    for question in range(4):
        chance = random.Random(1000 * number + question + (500 if question == changed else 0))
        y = 130 + 310 * question
        for line in range(2):
            words = " ".join(chance.choice(EXAM_WORDS) for _ in range(11))
            text(page, LEFT, y + 28 * line, f"{question + 1}. {words}" if line == 0 else words, 20)
        for line in range(4):
            rule(page, y + 110 + 46 * line)
    return page


def write(page: Image.Image, y: float, words: str, colour: tuple[int, int, int] = PEN, x: float = 130) -> Image.Image:
    written = page.copy()
    text(written, x, y, words, 34, colour)
    return written


def essay(page: Image.Image, y: int = 266, lines: int = 18) -> Image.Image:
    """Return the page with lines of writing, each word a little off its line."""
    chance = random.Random(y)
    written = page.copy()
    for line in range(lines):
        for word in range(6):
            x, above = LEFT + 135 * word + chance.uniform(0, 25), y + 46 * line + chance.uniform(-6, 6)
            text(written, x, above, chance.choice(WORDS), 34, PEN)
    return written


@cache
def light(darkest: int) -> Image.Image:
    """Return the light on a page of gray paper, from soft shade to full."""
    chance = random.Random(darkest)
    coarse = Image.frombytes("L", (5, 7), bytes(chance.randint(darkest, 255) for _ in range(35)))
    lit = coarse.resize(SIZE, Image.Resampling.BICUBIC).convert("RGB")
    return ImageChops.multiply(lit, Image.new("RGB", SIZE, (243, 241, 235)))


@cache
def grain(noise: float) -> Image.Image:
    """Return a scanner's grain around 128."""
    size = (SIZE[0] // 2, SIZE[1] // 2)
    fine = Image.frombytes("L", size, random.Random(1).randbytes(size[0] * size[1]))
    levels = [round(128 + (level - 128) / 18 * noise) for level in range(256)]
    return fine.resize(SIZE, Image.Resampling.BILINEAR).point(levels).convert("RGB")


class Scan(NamedTuple):
    """Scan of a page: its turn in degrees, its place and noise, light and surroundings, and bend in pixels."""

    angle: float = 0.4
    scale: float = 1.0
    right: int = 0
    down: int = 0
    noise: float = 1.0
    darkest: int = 226
    around: tuple[int, int, int] = (255, 255, 255)
    height: int = SIZE[1]
    bend: float = 0.0
    slant: float = 0.0

    def __call__(self, page: Image.Image) -> bytes:
        image = ImageChops.multiply(self._slanted(self._bent(self._moved(page))), light(self.darkest))
        image = ImageChops.add(image, grain(self.noise), 1, -128)
        return jpeg(image.resize((SIZE[0] * self.height // SIZE[1], self.height), Image.Resampling.BICUBIC))

    def _moved(self, page: Image.Image) -> Image.Image:
        small = page.resize((round(SIZE[0] * self.scale), round(SIZE[1] * self.scale)), Image.Resampling.BICUBIC)
        laid = Image.new("RGB", SIZE, self.around)
        laid.paste(small, ((SIZE[0] - small.width) // 2 + self.right, (SIZE[1] - small.height) // 2 + self.down))
        return laid.rotate(self.angle, Image.Resampling.BICUBIC, fillcolor=self.around)

    def _slanted(self, image: Image.Image) -> Image.Image:
        """Return the image as it is seen from below its foot: wider there than at its head, by a part of it."""
        if not self.slant:
            return image
        width, height = image.size
        out = width * self.slant / 2
        corners = (-out, 0, out, height, width - out, height, width + out, 0)
        return image.transform(
            image.size, Image.Transform.QUAD, corners, Image.Resampling.BICUBIC, fillcolor=self.around
        )

    def _bent(self, image: Image.Image) -> Image.Image:
        """Return the image with its middle higher than its sides, by so many pixels."""
        if not self.bend:
            return image
        width, height = image.size
        strips = 20
        edges = [width * strip // strips for strip in range(strips + 1)]
        ups = [self.bend * (1 - (2 * edge / width - 1) ** 2) for edge in edges]
        mesh = [
            ((x0, 0, x1, height), (x0, up0, x0, height + up0, x1, height + up1, x1, up1))
            for x0, x1, up0, up1 in zip(edges, edges[1:], ups, ups[1:], strict=False)
        ]
        return image.transform(image.size, Image.Transform.MESH, mesh, Image.Resampling.BICUBIC, fillcolor="white")


SCANS = {
    "as it is": Scan(angle=0),
    "a little crooked": Scan(),
    "two degrees to the left": Scan(angle=2),
    "larger": Scan(scale=1.05),
    "all at once": Scan(angle=-1.3, scale=0.94, right=-15, down=20),
    "noisy": Scan(noise=3),
    "in uneven light": Scan(darkest=140),
    "on a dark lid": Scan(angle=1.5, around=(15, 15, 15)),
    "on a desk": Scan(angle=1, scale=0.95, around=(90, 80, 70), darkest=180),
    "bent": Scan(bend=14),
    "as a photo": Scan(angle=1.2, scale=0.96, around=(90, 80, 70), darkest=160, noise=2, slant=0.02, height=2048),
    "at 2,048 pixels": Scan(height=2048),
    "at 800 pixels": Scan(height=800),
}


def jpeg(image: Image.Image) -> bytes:
    out = BytesIO()
    image.save(out, "JPEG", quality=60)
    return out.getvalue()
