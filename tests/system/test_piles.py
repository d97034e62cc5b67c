"""The sample exam as one pile, with printed covers and a scanner's faults: it ends in the grades of its folders."""

import io
from collections.abc import Iterator

import pytest
import segno
from PIL import Image, ImageDraw

from aita.imaging.pages import pages
from aita.models.grade import Cell
from aita.models.run import RunStatus
from aita.models.student import RosterEntry
from aita.services.assignments.cover_codes import make
from aita.services.assignments.roster_csv import read_roster
from tests.support.fakes import ASSIGNMENT
from tests.support.sample_exam import EXAM, SampleExamRun, sample_exam
from tests.support.simulated import simulated_model

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

Grades = dict[tuple[str | None, str], tuple[float | None, str]]
"""Points and state of each answer, by the name on the roster and the question."""


def sheets(folder: str) -> list[Image.Image]:
    """Return the pages of a student's folder."""
    files = sorted((EXAM / "scans" / folder).iterdir())
    images = [Image.open(io.BytesIO(page.jpeg)) for file in files for page in pages(file.read_bytes())]
    return [image.convert("L").resize(SIZE) for image in images]


def cover(entry: RosterEntry) -> Image.Image:
    """Return a printed cover: a name, and the code that tells whose it is."""
    page, code = Image.new("L", SIZE, 255), io.BytesIO()
    segno.make(make(ASSIGNMENT, entry).text, micro=False).save(code, kind="png", scale=6)
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


def grades(harness: SampleExamRun) -> Grades:
    students = harness.artifact("students.json")["students"]
    names = {each["student_id"]: each["roster_name"] for each in students}
    return {
        (names[student_id], question_id): ((cell := Cell.model_validate(found)).points, cell.state)
        for student_id, of_student in harness.artifact("grades.json").items()
        for question_id, found in of_student.items()
    }


def ran(pile: bytes | None = None) -> Iterator[SampleExamRun]:
    with simulated_model() as model:
        harness = sample_exam(model)
        if pile is not None:
            for key in [key for key in harness.objects.data if "/scans/" in key]:
                del harness.objects.data[key]
            harness.put("piles/class.pdf", pile)
        run = harness.run("exam")
        assert run.status is RunStatus.SUCCEEDED, run.reason
        yield harness


@pytest.fixture(scope="module")
def folders() -> Iterator[SampleExamRun]:
    yield from ran()


@pytest.fixture(scope="module")
def pile() -> Iterator[SampleExamRun]:
    entries = {entry.name: entry for entry in read_roster((EXAM / "roster.csv").read_bytes()).entries}
    images: list[Image.Image] = []
    for folder, some in faulty().items():
        name = ON_ROSTER[folder]
        images += [*([] if name is None else [cover(entries[name]), white()]), *some]
    yield from ran(pdf(images))


def test_the_grades_are_those_of_the_folders(folders: SampleExamRun, pile: SampleExamRun) -> None:
    assert grades(pile) == grades(folders)


def test_every_page_of_the_pile_has_a_place(pile: SampleExamRun) -> None:
    found = pile.artifact("booklets.json")
    assert found["unplaced"] == []
    placed = [page["page"] for booklet in found["booklets"] for page in (*booklet["pages"], *booklet["aside"])]
    assert sorted(placed) == list(range(1, 28))


def test_what_was_mended_is_named(pile: SampleExamRun) -> None:
    assert [booklet["repairs"] for booklet in pile.artifact("booklets.json")["booklets"]] == [
        [],
        ["turned"],
        ["double"],
        ["swapped"],
        ["begins in the middle"],
    ]
