"""The sample exam's class as one pile, with printed covers, as a scanner that was fed by people in a hurry makes it."""

import io

import segno
from PIL import Image, ImageDraw

from aita.imaging.pages import pages
from aita.models.student import RosterEntry
from aita.services.assignments.cover_codes import make
from aita.services.assignments.roster_csv import read_roster
from tests.support.sample_exam import EXAM

ON_ROSTER = {
    "Leopold Quist": None,
    "Maya Lindqvist": "Maya Lindqvist",
    "Priya Castellane": "Priya Castellane",
    "Tobias Wrenfield": "Tobias Wrenfield",
    "ines munoz tarres": "Inés Muñoz Tarrés",
}
"""Names on the roster by folder: Leopold is not on it, and has no printed cover."""

SIZE = (1240, 1754)
"""Pixels of an A4 page at 150 dpi."""


def sheets(folder: str) -> list[Image.Image]:
    """Return the pages of a student's folder."""
    files = sorted((EXAM / "scans" / folder).iterdir())
    images = [Image.open(io.BytesIO(page.jpeg)) for file in files for page in pages(file.read_bytes())]
    return [image.convert("L").resize(SIZE) for image in images]


def cover(assignment: str, entry: RosterEntry) -> Image.Image:
    """Return a printed cover: a name, and the code that tells whose it is."""
    page, code = Image.new("L", SIZE, 255), io.BytesIO()
    segno.make(make(assignment, entry).text, micro=False).save(code, kind="png", scale=6)
    page.paste(Image.open(code).convert("L"), (150, 150))
    ImageDraw.Draw(page).text((150, 600), entry.name, fill=0, font_size=40)
    return page


def white() -> Image.Image:
    return Image.new("L", SIZE, 255)


def pdf(images: list[Image.Image]) -> bytes:
    data = io.BytesIO()
    images[0].save(data, "PDF", save_all=True, append_images=images[1:], resolution=150.0, quality=90)
    return data.getvalue()


def faulty() -> dict[str, list[Image.Image]]:
    """Return the students' pages as a scanner that was fed by people in a hurry gives them."""
    found = {folder: sheets(folder) for folder in ON_ROSTER}
    leopold, maya, priya, tobias, ines = found.values()
    found["Leopold Quist"] = [page for sheet in leopold for page in (sheet, white())]
    maya[1] = maya[1].rotate(180)
    priya.insert(1, priya[0].rotate(0.4, fillcolor=255, translate=(5, 8)))
    tobias[1], tobias[2] = tobias[2], tobias[1]
    ines[:] = ines[1:] + ines[:1]
    return found


def sample_pile(assignment: str) -> bytes:
    """Return the PDF of the whole class: each student on the roster has a cover with an empty back."""
    entries = {entry.name: entry for entry in read_roster((EXAM / "roster.csv").read_bytes()).entries}
    images: list[Image.Image] = []
    for folder, some in faulty().items():
        name = ON_ROSTER[folder]
        images += [*([] if name is None else [cover(assignment, entries[name]), white()]), *some]
    return pdf(images)
