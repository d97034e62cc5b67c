"""What a changed rubric touches, with what grading again because of it costs."""

from decimal import Decimal

import pytest

from aita.errors import MissingMaterialError, RequestError
from aita.models.api import RunOptions
from aita.models.review import DecisionRequest
from aita.models.rubric_change import QuestionChange
from aita.models.run import RunSettings
from aita.services.assignments import object_keys
from aita.services.assignments.assignment_files import AssignmentFiles
from aita.services.grading.gradebook import Gradebook
from aita.services.grading.review_queue import Reviews
from aita.services.runs.cost_estimate import Estimator
from tests.support.fakes import ASSIGNMENT, MODEL, Harness
from tests.support.grades import RUBRICS, STUDENTS, cells, criteria, put_answers

DEFAULTS = RunSettings(model=MODEL, max_workers=5)
STRICTER = {"total_points": 5, "criteria": criteria(3, 2, description="stricter")}
OTHER_POINTS = {"total_points": 10, "criteria": criteria(2, 4, 4)}


def estimator(harness: Harness) -> Estimator:
    return Estimator(harness.objects, DEFAULTS, lambda taken, given: Decimal(taken + given), harness.decisions)


@pytest.fixture
def graded(harness: Harness) -> Harness:
    put_answers(harness)
    harness.run("grade")
    return harness


def test_a_rubric_that_did_not_change_touches_nothing(graded: Harness) -> None:
    diff = estimator(graded).rubric_changes(ASSIGNMENT, RunOptions())
    assert (diff.questions, diff.rescaled, diff.regraded, diff.others) == ((), 0, 0, 0)
    assert (diff.estimate.calls, diff.estimate.cost_usd) == (0, Decimal(0))


def test_grading_again_costs_a_call_for_each_answer_and_other_points_none(graded: Harness) -> None:
    graded.put("user_rubrics.json", RUBRICS | {"1a": STRICTER, "2": OTHER_POINTS})
    calls = graded.model.calls
    diff = estimator(graded).rubric_changes(ASSIGNMENT, RunOptions())
    assert diff.questions == (
        QuestionChange(question_id="1a", regraded=len(STUDENTS)),
        QuestionChange(question_id="2", rescaled=len(STUDENTS)),
    )
    assert (diff.rescaled, diff.regraded, diff.others) == (2, 2, 0)
    assert diff.estimate.calls == 2
    assert diff.estimate.input_tokens > 500
    assert diff.estimate.cost_usd == diff.estimate.input_tokens + diff.estimate.output_tokens
    assert graded.model.calls == calls, "nobody is asked"


def test_more_graders_are_more_calls_and_grade_all_others_too(graded: Harness) -> None:
    graded.put("user_rubrics.json", RUBRICS | {"1a": STRICTER})
    diff = estimator(graded).rubric_changes(ASSIGNMENT, RunOptions(graders=3))
    assert (diff.regraded, diff.estimate.calls, diff.others) == (2, 6, 4)


def test_the_sample_is_graded_and_the_grades_stay(graded: Harness) -> None:
    before = graded.artifact("grades.json")
    graded.put("user_rubrics.json", RUBRICS | {"1a": STRICTER})
    run = graded.run("regrade-sample")
    assert run.stages["regrade_sample"].succeeded == 2
    assert graded.artifact("grades.json") == before
    [file] = graded.reader.results(run).files
    assert file.name == "regrade_sample.json"
    calls = graded.model.calls
    graded.run("grade")
    assert graded.model.calls == calls, "applying pays for the sample no second time"


def test_what_was_never_graded_is_refused(harness: Harness) -> None:
    with pytest.raises(RequestError, match="letters, digits"):
        estimator(harness).rubric_changes("a/b", RunOptions())
    put_answers(harness)
    with pytest.raises(MissingMaterialError, match="aita grade"):
        estimator(harness).rubric_changes(ASSIGNMENT, RunOptions())


def test_a_persons_decision_is_what_counted_before_and_lapses(graded: Harness) -> None:
    cell = cells(graded)["s-1", "1a"]
    reviews = Reviews(graded.objects, graded.decisions, graded.clock)
    asked = {
        "action": "set",
        "points": 4.5,
        "why": "a slip",
        "by": "Kim",
        "basis": reviews.show(ASSIGNMENT, cell.cell_id).basis,
    }
    reviews.decide(ASSIGNMENT, cell.cell_id, DecisionRequest.model_validate(asked), "")
    graded.put("user_rubrics.json", RUBRICS | {"1a": STRICTER})
    diff = estimator(graded).rubric_changes(ASSIGNMENT, RunOptions())
    assert diff.questions == (QuestionChange(question_id="1a", regraded=len(STUDENTS), lapsing=1),)
    run = graded.run("regrade-sample")
    sample = graded.objects.json(object_keys.stage_file(run.run_id, "regrade_sample", "gathered"))
    assert {each["student_id"]: each["before"] for each in sample} == {"s-1": 4.5, "s-2": cell.points}
    graded.run("grade")
    grades = Gradebook.of(
        AssignmentFiles(graded.objects, ASSIGNMENT, graded.decisions), graded.decisions.all(ASSIGNMENT)
    )
    assert grades.decision(cell.cell_id) is None, "the decision has lapsed"
