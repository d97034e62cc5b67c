"""What a changed rubric touches, with what grading again because of it costs."""

from decimal import Decimal

import pytest

from aita.errors import MissingMaterialError, RequestError
from aita.models.api import RunOptions
from aita.models.rubric_change import QuestionChange
from aita.models.run import RunSettings
from aita.services.runs.cost_estimate import Estimator
from tests.support.fakes import ASSIGNMENT, MODEL, Harness
from tests.support.grades import RUBRICS, STUDENTS, criteria, put_answers

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
