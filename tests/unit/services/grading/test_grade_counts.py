"""What a run's summary counts: answers as they count now, people's decisions and changes since included."""

import pytest

from aita.errors import MissingMaterialError
from aita.models.api import GradeCounts
from aita.models.grade import CellState
from aita.models.review import DecisionRequest
from aita.models.run import Run
from aita.services.grading.review_queue import Reviews
from tests.support.fakes import ASSIGNMENT, MODEL, Harness
from tests.support.grades import NO_INK, put_answers


@pytest.fixture
def graded(harness: Harness) -> tuple[Harness, Run]:
    """Two students: one answer of each is blank, one open for its doubtful reading, and one graded."""
    flags = [{"kind": "low_confidence", "note": "page 1"}]
    put_answers(harness, ink=NO_INK, q1a={"raw_text": ""}, q1b={"flags": flags})
    decide_presence(harness)
    return harness, harness.run("grade")


def decide_presence(harness: Harness) -> None:
    """Say of each answer whether it is there: on the page that all share there is no ink."""
    data = harness.artifact("answers.json")
    for student in data.values():
        for answer in student["question_answers"]:
            answer["presence"] = "written" if answer["raw_text"] else "blank"
    harness.put("answers.json", data)


def counted(harness: Harness, run: Run) -> GradeCounts:
    return harness.reader.grade_counts(harness.runs.get(run.run_id))


def states(counts: GradeCounts) -> dict[str, int]:
    return {state.value: count for state, count in counts.states.items() if count}


def test_each_state_and_the_final_totals(graded: tuple[Harness, Run]) -> None:
    counts = counted(*graded)
    assert states(counts) == {"BLANK": 2, "NEEDS_REVIEW": 2, "GRADED": 2}
    assert counts.states.keys() == set(CellState)
    assert (counts.students, counts.final, counts.older) == (2, 0, 0)


def test_a_decision_counts(graded: tuple[Harness, Run]) -> None:
    harness, run = graded
    reviews = Reviews(harness.objects, harness.decisions, harness.clock)
    cell = reviews.queue(ASSIGNMENT, 1, None).cells[0]
    asked = {"action": "set", "points": 1, "why": "said", "by": "Ada", "basis": cell.basis}
    reviews.decide(ASSIGNMENT, cell.cell_id, DecisionRequest.model_validate(asked))
    counts = counted(harness, run)
    assert states(counts) == {"BLANK": 2, "NEEDS_REVIEW": 1, "GRADED": 2, "OVERRIDDEN": 1}
    assert counts.final == 1


def test_a_change_since_opens_what_it_touches(graded: tuple[Harness, Run]) -> None:
    harness, run = graded
    harness.put("rubric_instructions.txt", "Be strict.")
    assert states(counted(harness, run)) == {"BLANK": 2, "NEEDS_REVIEW": 4}


@pytest.mark.parametrize(("field", "value"), [("aita", ""), ("model", "another")])
def test_what_another_version_or_model_graded_is_older(graded: tuple[Harness, Run], field: str, value: str) -> None:
    harness, run = graded
    grades = harness.artifact("grades.json")
    for cells in grades.values():
        for cell in cells.values():
            assert cell["model"] == MODEL
            cell[field] = value
    harness.put("grades.json", grades)
    assert counted(harness, run).older == 4, "the blank ones were graded by nobody"


def test_an_assignment_without_its_questions(graded: tuple[Harness, Run]) -> None:
    harness, run = graded
    del harness.objects.data[f"{ASSIGNMENT}/questions.json"]
    with pytest.raises(MissingMaterialError):
        counted(harness, run)


def test_before_anything_was_graded(harness: Harness) -> None:
    put_answers(harness)
    run = harness.begin("grade")
    assert counted(harness, run) == GradeCounts(students=0, final=0, states=dict.fromkeys(CellState, 0), older=0)
