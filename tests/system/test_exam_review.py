"""A whole exam that waits for review: it stops before anything is graded, and a resume goes on from there."""

import json
from collections.abc import Iterator

import pytest

from aita.models.run import Run, RunStatus
from tests.support.sample_exam import SampleExamRun, sample_exam
from tests.support.simulated import simulated_model

BEFORE = ["split_exam", "extract_questions", "answer_key", "rubric"]


@pytest.fixture
def exam() -> Iterator[SampleExamRun]:
    with simulated_model() as model:
        yield sample_exam(model, "questions.json")


def waiting(exam: SampleExamRun) -> Run:
    run = exam.run("exam", review=True)
    assert run.status is RunStatus.WAITING_FOR_REVIEW
    return run


def test_it_waits_with_the_rubrics_written_and_nothing_graded(exam: SampleExamRun) -> None:
    run = waiting(exam)
    assert list(run.stages) == BEFORE
    assert "resume" in run.reason
    assert exam.artifact("rubrics.json").keys() == exam.artifact("answer_keys.json").keys()
    assert "midterm/grades.json" not in exam.objects.data
    assert not any(key.startswith("midterm/pages/s-") for key in exam.objects.data)


def test_a_resume_grades_and_pays_for_nothing_twice(exam: SampleExamRun) -> None:
    run = waiting(exam)
    asked = len(exam.model.requests)
    run = exam.resume(run)
    assert run.status is RunStatus.SUCCEEDED
    assert exam.artifact("grades.json")
    again = [request for request in exam.model.requests[asked:] if request.schema_name in {"AnswerKey", "Rubric"}]
    assert not again


def test_what_was_changed_during_the_review_is_what_is_graded(exam: SampleExamRun) -> None:
    run = waiting(exam)
    questions = exam.artifact("exam_spec.json")
    questions["questions"][0]["question_text"] += "\nGive the letter only."
    exam.put("questions.json", questions)
    asked = len(exam.model.requests)
    run = exam.resume(run)
    assert run.status is RunStatus.SUCCEEDED
    anew = [r for r in exam.model.requests[asked:] if r.schema_name in {"AnswerKey", "AnswerKeys", "Rubric"}]
    assert len(anew) == 2
    assert all("Give the letter only." in request.messages[-1].text for request in anew)
    key = f"runs/{run.run_id}/grade/inputs.json"
    assert json.loads(exam.objects.data[key])["exam"]["questions"][0] == questions["questions"][0]


def test_without_review_it_does_not_stop(exam: SampleExamRun) -> None:
    assert exam.run("exam").status is RunStatus.SUCCEEDED


def test_a_run_that_failed_after_its_review_does_not_wait_again(exam: SampleExamRun) -> None:
    run = waiting(exam)
    exam.model.otherwise, answers = (lambda request: ""), exam.model.otherwise
    run = exam.resume(run)
    assert run.status in {RunStatus.FAILED, RunStatus.PARTIAL}
    exam.model.otherwise = answers
    assert exam.resume(run).status is RunStatus.SUCCEEDED
