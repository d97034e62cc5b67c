"""The sample exam as one pile, with printed covers and a scanner's faults: it ends in the grades of its folders."""

from collections.abc import Iterator

import pytest

from aita.models.grade import Cell
from aita.models.run import RunStatus
from tests.support.fakes import ASSIGNMENT
from tests.support.sample_exam import SampleExamRun, sample_exam
from tests.support.sample_pile import sample_pile
from tests.support.simulated import simulated_model

Grades = dict[tuple[str | None, str], tuple[float | None, str]]
"""Points and state of each answer, by the name on the roster and the question."""


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
    yield from ran(sample_pile(ASSIGNMENT))


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
