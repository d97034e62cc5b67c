"""The sample exam from its scans to its grades, in process: each answer gets what the careful grader gives it."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from aita.models.exam import ExamSpec
from aita.models.grade import Cell, CellState
from aita.models.review_flags import FlagKind
from aita.models.run import RunStatus
from aita.services.assignments.assignment_files import AssignmentFiles
from aita.services.grading.gradebook import Gradebook
from tests.support.fakes import ASSIGNMENT
from tests.support.sample_exam import EXAM, SampleExamRun, sample_exam
from tests.support.simulated import simulated_model

SAMPLES = EXAM.parent
TRUTH: dict[str, Any] = json.loads((SAMPLES / "truth.json").read_text("utf-8"))
GRADES: dict[tuple[str, str], dict[str, Any]] = {(g["student"], g["question_id"]): g for g in TRUTH["grades"]}
STUDENTS = {page["student"] for page in TRUTH["pages"]}
QUESTIONS = ExamSpec.model_validate_json((EXAM / "questions.json").read_text("utf-8"))
CELLS = {(student, question.question_id) for student in STUDENTS for question in QUESTIONS.questions}
BLANK = ("ines munoz tarres", "3")

OPEN = {
    ("Leopold Quist", "5"): {FlagKind.INSTRUCTION},
    ("Priya Castellane", "4"): {FlagKind.LOW_CONFIDENCE, FlagKind.ILLEGIBLE, FlagKind.UNEXPLAINED_INK},
    ("Priya Castellane", "5"): {FlagKind.LOW_CONFIDENCE},  # on one page with question 4
}
"""The cells that a person must see, and why."""


def ran(*left_out: str) -> Iterator[SampleExamRun]:
    with simulated_model() as model:
        harness = sample_exam(model, *left_out)
        run = harness.run("exam")
        assert run.status is RunStatus.SUCCEEDED, run
        yield harness


@pytest.fixture(scope="module")
def whole() -> Iterator[SampleExamRun]:
    """The exam with its blank exam, whose questions are read from it."""
    yield from ran("questions.json")


@pytest.fixture(scope="module")
def without_blank() -> Iterator[SampleExamRun]:
    """The exam without its blank exam, whose questions are read from a student's pages."""
    yield from ran("questions.json", "blank_exam.pdf")


def folders(harness: SampleExamRun) -> dict[str, str]:
    """Return the students' folders by student id."""
    return {each["student_id"]: each["folder"] for each in harness.artifact("students.json")["students"]}


def cells(harness: SampleExamRun) -> dict[tuple[str, str], Cell]:
    names = folders(harness)
    return {
        (names[student_id], question_id): Cell.model_validate(cell)
        for student_id, graded in harness.artifact("grades.json").items()
        for question_id, cell in graded.items()
    }


def test_the_questions_are_read_as_the_instructor_wrote_them(whole: SampleExamRun) -> None:
    assert ExamSpec.model_validate(whole.artifact("exam_spec.json")) == QUESTIONS


def test_a_students_pages_tell_the_questions_where_there_is_no_blank_exam(without_blank: SampleExamRun) -> None:
    assert ExamSpec.model_validate(without_blank.artifact("exam_spec.json")) == QUESTIONS


def test_every_answer_is_found_as_it_was_written_and_where(whole: SampleExamRun) -> None:
    names = folders(whole)
    marks = {
        (page["student"], mark["question_id"]): {
            "page": page["page"],
            "top": mark["top"],
            "bottom": mark["bottom"],
        }
        for page in TRUTH["pages"]
        for mark in page["answers"]
    }
    found = {
        (names[student_id], answer["question_id"]): answer
        for student_id, answers in whole.artifact("answers.json").items()
        for answer in answers["question_answers"]
    }
    assert found.keys() == CELLS
    for place, answer in found.items():
        assert answer["raw_text"] == (GRADES[place]["answer"] if place in GRADES else "")
        assert answer["pages"] == [marks[place]]


def test_all_that_was_handed_in_is_an_answers_or_known(whole: SampleExamRun) -> None:
    parts = [part for ledger in whole.artifact("ledger.json").values() for part in ledger["parts"]]
    assert {part["owner"] for part in parts} == {"answer", "print", "page_head"}
    heads = [part for part in parts if part["owner"] == "page_head"]
    assert len(heads) == len(TRUTH["pages"])
    assert all(part["ink"] > 200 and part["bottom"] <= 0.12 for part in heads)


def test_each_answer_has_the_careful_graders_points_quotes_and_reasons(whole: SampleExamRun) -> None:
    graded = cells(whole)
    assert graded.keys() == CELLS
    for place, truth in GRADES.items():
        cell = graded[place]
        assert [criterion.model_dump() for criterion in cell.criteria] == [
            {**given, "quote_found": True} for given in truth["criteria"]
        ]
        assert cell.feedback == truth["feedback"]
        assert cell.points == sum(given["points"] for given in truth["criteria"])


def test_only_what_is_doubtful_goes_to_a_person(whole: SampleExamRun) -> None:
    graded = cells(whole)
    waiting = {place: {flag.kind for flag in cell.flags} for place, cell in graded.items() if cell.state.is_open}
    assert waiting == OPEN
    rest = {place: cell.state for place, cell in graded.items() if place not in OPEN}
    assert rest == dict.fromkeys(CELLS - OPEN.keys(), CellState.GRADED) | {BLANK: CellState.BLANK}


def test_asking_for_full_marks_is_neither_obeyed_nor_punished(whole: SampleExamRun) -> None:
    graded = cells(whole)
    asking = graded["Leopold Quist", "5"]
    assert (asking.state, asking.points) == (CellState.NEEDS_REVIEW, 0)
    assert sum(cell.points or 0 for (student, _), cell in graded.items() if student == "Leopold Quist") == 6.5


def test_totals_are_of_the_whole_exam_and_final_once_nothing_is_open(whole: SampleExamRun) -> None:
    book = Gradebook.of(AssignmentFiles(whole.objects, ASSIGNMENT), ())
    names = folders(whole)
    totals = {names[student_id]: (each.points, each.final) for student_id, each in book.students.items()}
    assert totals == {
        "Maya Lindqvist": (30, True),
        "ines munoz tarres": (19, True),
        "Tobias Wrenfield": (19.5, True),
        "Priya Castellane": (14.5, False),
        "Leopold Quist": (6.5, False),
    }
    assert {each.out_of for each in book.students.values()} == {30}


def test_a_blank_answer_costs_no_call_and_equal_ones_share_one(whole: SampleExamRun) -> None:
    asked = [request for request in whole.model.requests if request.schema_name == "Grading"]
    assert len(asked) == len({(grade["question_id"], grade["answer"]) for grade in TRUTH["grades"]})


def test_nothing_read_is_no_blank_answer_where_nobody_knows_the_blank_page(without_blank: SampleExamRun) -> None:
    graded = cells(without_blank)
    assert graded[BLANK].state is CellState.NEEDS_REVIEW
    assert FlagKind.NO_BLANK_EXAM in {flag.kind for flag in graded[BLANK].flags}
    assert {place for place, cell in graded.items() if cell.state.is_open} == {BLANK, *OPEN}


def test_the_exam_run_again_costs_no_call(whole: SampleExamRun) -> None:
    calls, graded = whole.model.calls, cells(whole)
    assert whole.run("exam").status is RunStatus.SUCCEEDED
    assert whole.model.calls == calls
    assert cells(whole) == graded


def test_a_second_reading_of_the_samples_says_the_same() -> None:
    """The simulated model finds each strip on its page, and reads what stands there."""
    for harness in ran():
        before = {answer: (cell.state, cell.points) for answer, cell in cells(harness).items()}
        run = harness.run("grade", see="always", readings=2, enable_checkpointing=False)
        assert run.status is RunStatus.SUCCEEDED
        assert {answer: (cell.state, cell.points) for answer, cell in cells(harness).items()} == before
        read = {answer for answer, cell in cells(harness).items() if cell.second_look and cell.second_look.read_twice}
        assert read == CELLS - {BLANK}


def test_answers_that_are_seen_on_the_page_get_the_same_grades() -> None:
    """The simulated model reads what was transcribed; the strips are cut from the scans."""
    for harness in ran():
        before = {answer: (cell.state, cell.points) for answer, cell in cells(harness).items()}
        run = harness.run("grade", see="always", enable_checkpointing=False)
        assert run.status is RunStatus.SUCCEEDED
        assert {answer: (cell.state, cell.points) for answer, cell in cells(harness).items()} == before
        seen = {answer for answer, cell in cells(harness).items() if cell.second_look and cell.second_look.strips}
        assert seen == CELLS - {BLANK}
