"""The sample exam as one pile with printed covers: the same class ends in the same grades."""

import io
from collections.abc import Iterator
from typing import Any

import pytest
import segno
from PIL import Image

from aita.imaging.pages import pages
from aita.llm.chat import ChatModel
from aita.models.run import RunStatus
from aita.models.student import RosterEntry
from aita.services.assignments.assignment_files import AssignmentFiles
from aita.services.assignments.class_list import ClassList
from aita.services.assignments.cover_codes import make
from aita.services.assignments.roster_csv import read_roster
from aita.services.assignments.roster_matching import find_on_roster
from tests.support.drawn_pages import text
from tests.support.fakes import ASSIGNMENT
from tests.support.sample_exam import EXAM, SampleExamRun, sample_exam
from tests.support.simulated import simulated_model

PAGE = (1240, 1754)
SIDE = 28 * PAGE[0] // 210  # of a code of 28 mm


@pytest.fixture(scope="module")
def model() -> Iterator[ChatModel]:
    with simulated_model() as model:
        yield model


@pytest.fixture(scope="module")
def in_folders(model: ChatModel) -> dict[str, Any]:
    return grades(graded(sample_exam(model)))


def cover(entry: RosterEntry) -> Image.Image:
    """Return a student's cover as it is printed, but for the font."""
    sheet = Image.new("RGB", PAGE, "white")
    text(sheet, 70, 60, entry.name, 40)
    text(sheet, 70, 120, entry.number, 26)
    drawn = io.BytesIO()
    segno.make_qr(make(ASSIGNMENT, entry).text, error="m").save(drawn, kind="png", border=2, scale=8)
    sheet.paste(Image.open(drawn).convert("RGB").resize((SIDE, SIDE)), (PAGE[0] - 70 - SIDE, 50))
    return sheet


def pile() -> tuple[bytes, set[str]]:
    """Return the scans of all who are on the roster as one PDF, each behind a cover, and their folders."""
    folders = sorted(path for path in (EXAM / "scans").iterdir())
    found = find_on_roster([folder.name for folder in folders], read_roster((EXAM / "roster.csv").read_bytes()).entries)
    sheets: list[Image.Image] = []
    known = set()
    for folder in reversed(folders):
        entry, match = found[folder.name]
        if entry is None or match != "exact":
            continue
        known.add(folder.name)
        sheets.append(cover(entry))
        for file in sorted(folder.iterdir()):
            sheets += [Image.open(io.BytesIO(page.jpeg)).convert("RGB") for page in pages(file.read_bytes())]
    out = io.BytesIO()
    sheets[0].save(out, "PDF", save_all=True, append_images=sheets[1:], resolution=150, quality=95)
    return out.getvalue(), known


def graded(harness: SampleExamRun) -> SampleExamRun:
    run = harness.run("exam")
    assert run.status is RunStatus.SUCCEEDED, run.reason
    return harness


def grades(harness: SampleExamRun) -> dict[str, Any]:
    """Return points and state of each answer by the student's name."""
    names = AssignmentFiles(harness.objects, ASSIGNMENT)
    students = ClassList.of(names, harness.decisions.matches(ASSIGNMENT)).students.students
    found = harness.artifact("grades.json")
    return {
        each.name: {
            question_id: (cell["state"], cell["points"]) for question_id, cell in found[each.student_id].items()
        }
        for each in students
    }


def test_the_same_class_ends_in_the_same_grades(model: ChatModel, in_folders: dict[str, Any]) -> None:
    data, known = pile()
    assert len(known) == 4
    harness = sample_exam(model)
    for key in [key for key in harness.objects.data if key.split("/")[2:3] and key.split("/")[2] in known]:
        del harness.objects.data[key]
    harness.put("piles/class.pdf", data)
    assert grades(graded(harness)) == in_folders
    separation = harness.artifact("booklets.json")
    booklets = separation["booklets"]
    assert (sum(len(booklet["pages"]) for booklet in booklets), separation["unplaced"]) == (4 * 3, [])
    assert [len(booklet["aside"]) for booklet in booklets] == [1] * 4
