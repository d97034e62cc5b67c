"""The run's flag of answers that say the same and were given other points."""

from typing import Any

import pytest

from aita.models.grade import Cell, CellState
from aita.models.review_flags import FlagKind
from aita.tasks.request import LLMRequest
from tests.support.fakes import Harness, answer_of, grading, right
from tests.support.grades import answers, cells, put_answers

TEXTS = {"s-1": "It is  4.0", "s-2": "It is\n4.", "s-3": "It is 40"}


def strict_to(*strict: str) -> Any:
    """Return a model that gives these answers to the first question half of a criterion, and all others all points."""

    def reply(request: LLMRequest) -> str:
        if request.schema_name == "Grading" and answer_of(request) in strict:
            return grading(request, 1.5, 2)
        return right(request)

    return reply


def graded(harness: Harness, *strict: str, **texts: str) -> dict[str, Cell]:
    """Return the cells of the first question after a run, by student."""
    harness.put("answers.json", {each: answers(q1a={"raw_text": text}) for each, text in (TEXTS | texts).items()})
    harness.model.otherwise = strict_to(*strict)
    harness.run("grade")
    return {student: cell for (student, question), cell in cells(harness).items() if question == "1a"}


@pytest.fixture
def three(harness: Harness) -> Harness:
    put_answers(harness, *TEXTS)
    return harness


def test_equal_answers_with_other_points_go_to_a_person(three: Harness) -> None:
    found = graded(three, TEXTS["s-2"], TEXTS["s-3"])
    for student in ("s-1", "s-2"):
        (flag,) = found[student].flags
        assert (found[student].state, flag.kind) == (CellState.NEEDS_REVIEW, FlagKind.UNEQUAL_POINTS)
        assert flag.note == "2 answers that say the same have from 3.5 to 5 points"
    assert (found["s-1"].points, found["s-2"].points) == (5, 3.5)
    assert (found["s-3"].state, found["s-3"].flags) == (CellState.GRADED, ())


def test_equal_answers_with_equal_points_do_not(three: Harness) -> None:
    assert {cell.state for cell in graded(three, TEXTS["s-1"], TEXTS["s-2"]).values()} == {CellState.GRADED}


def test_the_flag_goes_when_the_other_answer_is_another_one(three: Harness) -> None:
    assert graded(three, TEXTS["s-2"])["s-1"].flags
    found = graded(three, **{"s-2": "It is 5"})
    assert {cell.state for cell in found.values()} == {CellState.GRADED}
    assert found["s-1"].flags == ()


def test_another_doubt_stays_when_the_flag_goes(three: Harness) -> None:
    graded(three, TEXTS["s-2"])
    stored = three.artifact("grades.json")
    stored["s-1"]["1a"]["flags"].append({"kind": "low_confidence", "note": ""})
    three.put("grades.json", stored)
    first = graded(three, **{"s-2": "It is 5"})["s-1"]
    assert ([flag.kind for flag in first.flags], first.state) == ([FlagKind.LOW_CONFIDENCE], CellState.NEEDS_REVIEW)


def test_an_answer_that_was_read_otherwise_on_the_page_is_equal_to_none(three: Harness) -> None:
    assert graded(three, TEXTS["s-2"])["s-1"].flags
    stored = three.artifact("grades.json")
    stored["s-2"]["1a"]["flags"].append({"kind": "reading_differs", "note": "it is 40"})
    three.put("grades.json", stored)
    found = graded(three, TEXTS["s-2"])
    assert (found["s-1"].state, found["s-1"].flags) == (CellState.GRADED, ())
    assert [flag.kind for flag in found["s-2"].flags] == [FlagKind.READING_DIFFERS]


def test_drawings_with_the_same_words_are_not_compared(three: Harness) -> None:
    questions = three.artifact("questions.json")
    questions["questions"][0]["question_type"] = "diagram"
    three.put("questions.json", questions)
    found = graded(three, TEXTS["s-2"])
    assert {each.points for each in found.values()} == {5, 3.5}
    assert [flag.kind for each in found.values() for flag in each.flags if flag.kind is FlagKind.UNEQUAL_POINTS] == []
