"""Stage ``extract_questions``: from the exam's pages to its questions, or to a refusal that says why."""

import json
from typing import Any

import pytest

from aita.errors import MissingMaterialError
from aita.models.exam import ExamSpec
from aita.models.run import Run, RunStatus, TaskStatus
from aita.tasks.request import LLMRequest
from tests.support.fakes import NONSENSE, QUESTIONS, Harness, extracted, pages_of, right


def blank_exam(harness: Harness, pages: int) -> None:
    harness.put("blank_exam.pdf", "|".join(f"page {number}" for number in range(1, pages + 1)))


def ids(harness: Harness) -> list[str]:
    return [question.question_id for question in spec(harness).questions]


def spec(harness: Harness) -> ExamSpec:
    return ExamSpec.model_validate(harness.artifact("exam_spec.json"))


def counts(run: Run) -> list[int]:
    stage = run.stages["extract_questions"]
    return [stage.total, stage.succeeded, stage.failed]


def names(harness: Harness, run: Run) -> list[str]:
    return [file.name for file in harness.reader.results(run).files]


def failing(*first_pages: int) -> Any:
    """Return a model that says nonsense about the windows that begin on these pages."""

    def otherwise(request: LLMRequest) -> str:
        return NONSENSE if pages_of(request)[0] in first_pages else str(right(request))

    return otherwise


def test_a_blank_exam_becomes_questions(harness: Harness) -> None:
    blank_exam(harness, 3)
    run = harness.run("extract-questions")
    assert (run.status, counts(run)) == (RunStatus.SUCCEEDED, [1, 1, 0])
    assert (spec(harness).exam_name, spec(harness).total_pages, ids(harness)) == ("Sums", 3, ["1", "2", "3"])
    assert [question.page_number for question in spec(harness).questions] == [1, 2, 3]
    assert "exam_spec.json" in names(harness, run)


def test_a_large_exam_goes_in_windows_that_are_merged(harness: Harness) -> None:
    blank_exam(harness, 9)
    run = harness.run("extract-questions")
    assert (run.status, counts(run)) == (RunStatus.SUCCEEDED, [3, 3, 0])
    assert [pages_of(request) for request in harness.model.requests] == [[1, 2, 3, 4], [4, 5, 6, 7], [7, 8, 9]]
    assert [len(images) for images in harness.model.images] == [4, 4, 3]
    assert (ids(harness), spec(harness).total_pages) == ([str(n) for n in range(1, 10)], 9)


def test_what_breaks_a_rule_is_asked_again_with_what_was_wrong(harness: Harness) -> None:
    blank_exam(harness, 1)
    question = json.loads(extracted(1))["questions"][0]
    harness.model.say(extracted(questions=[question, question]), extracted(questions=[question | {"points": 0}]))
    run = harness.run("extract-questions")
    assert run.status is RunStatus.SUCCEEDED
    told = [request.messages[-1].text for request in harness.model.requests[1:]]
    assert "questions 1 and 2 of the list have the same question_id" in told[0]
    assert "question 1 of the list must have more than 0 points" in told[1]


def test_what_remains_wrong_fails_with_the_reason(harness: Harness) -> None:
    blank_exam(harness, 1)
    harness.model.otherwise = lambda request: extracted(7)
    run = harness.run("extract-questions")
    assert run.status is RunStatus.FAILED
    row = harness.row(run, "extract_questions")
    assert row.error_type == "BrokenRuleError"
    assert "question 1 of the list is on none of these pages: page_number goes from 1 to 1" in row.error_message
    assert run.reason.startswith("the exam's questions are not complete, as page 1 could not be read")


def test_a_part_of_an_exam_does_not_look_like_a_whole_one(harness: Harness) -> None:
    blank_exam(harness, 9)
    harness.model.otherwise = failing(4, 7)
    run = harness.run("extract-questions")
    assert (run.status, counts(run)) == (RunStatus.FAILED, [3, 1, 2])
    assert "as pages 4 to 7, pages 7 to 9 could not be read" in run.reason
    assert "midterm/exam_spec.json" not in harness.objects.data
    assert "exam_spec.json" not in names(harness, run)
    harness.model.otherwise = right
    resumed = harness.resume(run)
    assert resumed.status is RunStatus.SUCCEEDED
    assert len(ids(harness)) == 9


def test_an_earlier_exam_is_neither_replaced_nor_shown_as_this_runs(harness: Harness) -> None:
    blank_exam(harness, 2)
    harness.run("extract-questions")
    before = harness.artifact("exam_spec.json")
    blank_exam(harness, 9)
    harness.model.otherwise = failing(4)
    run = harness.run("extract-questions")
    assert harness.artifact("exam_spec.json") == before
    assert "exam_spec.json" not in names(harness, run)


def test_a_window_without_an_end_was_not_read(harness: Harness) -> None:
    blank_exam(harness, 5)
    run = harness.begin("extract-questions")
    for event in harness.events(run, "split_exam"):
        harness.invoke(event, "arn:split")
    harness.collect(run, "split_exam")
    harness.invoke(harness.events(run, "extract_questions")[0])
    answer = harness.collect(run, "extract_questions")
    assert (answer.status, counts(harness.runs.get(run.run_id))) == (RunStatus.FAILED, [2, 1, 1])
    assert "as pages 4 to 5 could not be read" in answer.reason


def test_what_does_not_fit_together_ends_the_run_with_ids_and_pages(harness: Harness) -> None:
    blank_exam(harness, 5)

    def otherwise(request: LLMRequest) -> str:
        reply = json.loads(extracted(*pages_of(request)[1:]))
        reply["questions"][0]["question_id"] = "2"
        return json.dumps(reply)

    harness.model.otherwise = otherwise
    run = harness.run("extract-questions")
    assert (run.status, counts(run)) == (RunStatus.FAILED, [2, 2, 0])
    assert "'2' is on page 2 and, with another text, on page 5" in run.reason
    assert "midterm/exam_spec.json" not in harness.objects.data


def test_a_refusal_stays_when_the_state_machine_asks_again(harness: Harness) -> None:
    blank_exam(harness, 1)
    harness.model.otherwise = failing(1)
    run = harness.run("extract-questions")
    again = harness.collect(run, "extract_questions")
    assert (again.status, again.reason) == (RunStatus.FAILED, run.reason)


def test_the_instructors_questions_win(harness: Harness) -> None:
    harness.exam()
    blank_exam(harness, 3)
    run = harness.run("extract-questions")
    assert (run.status, counts(run), harness.model.calls) == (RunStatus.SUCCEEDED, [0, 0, 0], 0)
    assert ids(harness) == [question["question_id"] for question in QUESTIONS]


def test_every_file_of_the_exam_must_be_readable(harness: Harness) -> None:
    for number, data in enumerate((b"one", b"BAD", b"three"), 1):
        harness.put(f"scans/Ann/{number}.jpg", data)
    run = harness.run("extract-questions")
    assert (run.status, run.stage, harness.model.calls) == (RunStatus.FAILED, "split_exam", 0)
    assert run.reason.startswith("1 of the 3 files that the questions are read from can't be read")
    assert [row.status for row in harness.rows(run)].count(TaskStatus.FAILED) == 1
    assert not {"midterm/exam_pages.json", "midterm/exam_spec.json"} & set(harness.objects.data)
    harness.put("scans/Ann/2.jpg", b"two")
    assert harness.resume(run).status is RunStatus.SUCCEEDED
    assert ids(harness) == ["1", "2", "3"]


def test_there_must_be_something_to_read(harness: Harness) -> None:
    harness.put("grade_scale.json", {})
    with pytest.raises(MissingMaterialError, match="nothing to read the questions from"):
        harness.begin("extract-questions")


def test_changed_pages_are_new_work(harness: Harness) -> None:
    blank_exam(harness, 2)
    harness.run("extract-questions")
    harness.run("extract-questions")
    assert harness.model.calls == 1
    blank_exam(harness, 3)
    harness.run("extract-questions")
    assert harness.model.calls == 2
