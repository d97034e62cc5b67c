"""Questions that share a call, on the real definition and the real handlers."""

import json
from typing import Any

import pytest

from aita.aws.dynamodb.task_table import DynamoTaskTable
from tests.integration.material import asked_question, asked_questions, exam, kind, right
from tests.integration.provider import Answer
from tests.integration.stack import Stack

IDS = ["1a", "1b", "2"]


def without_1b(request: dict[str, Any]) -> Answer:
    """Leave question 1b out of replies about several."""
    answer = right(request)
    if kind(request) != "AnswerKeys":
        return answer
    keys = json.loads(answer.text)["answer_keys"]
    return Answer(json.dumps({"answer_keys": [key for key in keys if key["question_id"] != "1b"]}))


def asked(stack: Stack) -> list[tuple[str, list[str]]]:
    """Return what was asked about answer keys, and of which questions."""
    found = [(kind(each), asked_questions(each)) for each in stack.provider.requests]
    return [each for each in found if each[0] != "Rubric"]


def counts(run: dict[str, Any]) -> list[tuple[str, int, int, int]]:
    return [(stage["stage"], stage["total"], stage["succeeded"], stage["failed"]) for stage in run["stages"]]


def test_a_missing_part_is_asked_alone_and_a_crash_in_between_pays_nothing_again(
    stack: Stack, assignment: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    stack.put(f"{assignment}/questions.json", exam(assignment))
    stack.provider.answer = without_1b
    record, recorded = DynamoTaskTable.record, []

    def dying(self: DynamoTaskTable, run_id: str, row: Any) -> bool:
        recorded.append(row.refs["question_id"])
        if len(recorded) == 2:
            raise MemoryError
        return record(self, run_id, row)

    monkeypatch.setattr(DynamoTaskTable, "record", dying)
    run = stack.wait(stack.start(assignment, "rubric", batch_size=5))
    assert recorded[:5] == ["1a", "2", "1a", "2", "1b"], "parts first, and all of them again after the crash"
    assert run["status"] == "SUCCEEDED"
    assert counts(run) == [("answer_key", 3, 3, 0), ("rubric", 3, 3, 0)]
    assert asked(stack) == [("AnswerKeys", IDS), ("AnswerKey", ["1b"])]
    assert run["usage"]["calls"] == len(stack.provider.requests) == 5
    assert set(stack.get(f"{assignment}/answer_keys.json")) == set(IDS)
    tasks = [task for task in stack.tasks(run["run_id"], "SUCCEEDED") if task["stage"] == "answer_key"]
    asks = {task["refs"]["question_id"]: task["asks"] for task in tasks}
    assert asks == {"1a": 1, "1b": 1, "2": 0}, "the shared call is the first's whose part came"


def test_what_always_crashes_fails_as_a_whole_and_is_resumed(stack: Stack, assignment: str) -> None:
    stack.put(f"{assignment}/questions.json", exam(assignment))

    def before(function: str, event: dict[str, Any]) -> None:
        if function == "task" and "batch" in event["item"]:
            raise MemoryError

    stack.before = before
    run = stack.wait(stack.start(assignment, "rubric", batch_size=5))
    assert run["status"] == "FAILED"
    assert counts(run) == [("answer_key", 3, 0, 3)], "what the definition could not record has failed too"
    failed = [task["error_type"] for task in stack.tasks(run["run_id"], "FAILED")]
    assert sorted(failed) == ["FunctionStopped", "FunctionStopped", "MemoryError"]
    assert stack.tasks(run["run_id"], "PENDING") == []
    assert stack.provider.requests == []
    stack.before = lambda function, event: None
    code, _ = stack.call("POST", f"/runs/{run['run_id']}/resume")
    assert code == 200
    resumed = stack.wait(run["run_id"])
    assert resumed["status"] == "SUCCEEDED"
    assert counts(resumed) == [("answer_key", 3, 3, 0), ("rubric", 3, 3, 0)]
    assert asked(stack) == [("AnswerKeys", IDS)]


def test_a_rerun_is_free_and_a_changed_question_is_asked_alone(stack: Stack, assignment: str) -> None:
    material = exam(assignment)
    stack.put(f"{assignment}/questions.json", material)
    stack.wait(stack.start(assignment, "rubric", batch_size=5))
    stack.provider.requests.clear()
    assert stack.wait(stack.start(assignment, "rubric", batch_size=5))["usage"]["calls"] == 0
    assert stack.provider.requests == []
    material["questions"][1]["question_text"] += " Say why."
    stack.put(f"{assignment}/questions.json", material)
    run = stack.wait(stack.start(assignment, "rubric", batch_size=5))
    assert run["status"] == "SUCCEEDED"
    assert asked(stack) == [("AnswerKey", ["1b"])]
    assert [asked_question(each) for each in stack.provider.requests] == ["1b", "1b"]


def test_metrics_count_tasks_and_not_invocations(
    stack: Stack, assignment: str, capsys: pytest.CaptureFixture[str]
) -> None:
    stack.put(f"{assignment}/questions.json", exam(assignment))
    stack.provider.answer = lambda request: Answer("no JSON") if kind(request) == "AnswerKey" else without_1b(request)
    run = stack.wait(stack.start(assignment, "rubric", batch_size=5))
    assert run["status"] == "PARTIAL"
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines() if "TasksSucceeded" in line]
    (shared,) = [line for line in lines if line["stage"] == "answer_key"]
    assert (shared["TasksSucceeded"], shared["TasksFailed"]) == ([2.0], [1.0])
    assert shared["InputTokens"] == [500.0], "one call for all, and four for the one that failed"
