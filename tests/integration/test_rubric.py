"""Pipeline ``rubric`` on the real definition and the real handlers."""

import time
from typing import Any

from tests.integration.material import asked_question, exam, kind, right
from tests.integration.provider import Answer
from tests.integration.stack import Context, Stack

WRONG = Answer("this is no JSON")


def fail_key_of(question_id: str) -> Any:
    def answer(request: dict[str, Any]) -> Answer:
        if kind(request) == "AnswerKey" and asked_question(request) == question_id:
            return WRONG
        return right(request)

    return answer


def counts(run: dict[str, Any]) -> list[tuple[str, int, int, int]]:
    return [(stage["stage"], stage["total"], stage["succeeded"], stage["failed"]) for stage in run["stages"]]


def test_questions_become_answer_keys_and_rubrics(stack: Stack, assignment: str) -> None:
    stack.put(f"{assignment}/questions.json", exam(assignment))
    run = stack.wait(stack.start(assignment, "rubric"))
    assert run["status"] == "SUCCEEDED"
    assert counts(run) == [("answer_key", 3, 3, 0), ("rubric", 3, 3, 0)]
    assert stack.execution(run)["status"] == "SUCCEEDED"
    assert stack.get(f"{assignment}/answer_keys.json")["1a"]["correct_answer"] == "4"
    assert stack.get(f"{assignment}/rubrics.json")["2"]["total_points"] == 10
    assert run["usage"]["calls"] == 6
    assert run["usage"]["input_tokens"] == 600
    assert run["usage"]["cost_usd"] is None, "a model without a price has an unknown cost, not zero"


def test_questions_that_share_a_call_end_one_by_one(stack: Stack, assignment: str) -> None:
    stack.put(f"{assignment}/questions.json", exam(assignment))
    run = stack.wait(stack.start(assignment, "rubric", batch_size=5))
    assert run["status"] == "SUCCEEDED"
    assert counts(run) == [("answer_key", 3, 3, 0), ("rubric", 3, 3, 0)]
    assert [kind(request) for request in stack.provider.requests].count("AnswerKeys") == 1
    assert run["usage"]["calls"] == len(stack.provider.requests) == 4


def test_identical_rerun_makes_no_call(stack: Stack, assignment: str) -> None:
    stack.put(f"{assignment}/questions.json", exam(assignment))
    stack.wait(stack.start(assignment, "rubric"))
    asked = len(stack.provider.requests)
    run = stack.wait(stack.start(assignment, "rubric"))
    assert run["status"] == "SUCCEEDED"
    assert len(stack.provider.requests) == asked
    assert run["usage"]["calls"] == 0
    assert run["usage"]["cached_calls"] == 6


def test_one_task_fails_for_good_and_resume_runs_only_that(stack: Stack, assignment: str) -> None:
    stack.put(f"{assignment}/questions.json", exam(assignment))
    stack.provider.answer = fail_key_of("1b")
    run = stack.wait(stack.start(assignment, "rubric"))
    assert run["status"] == "PARTIAL"
    assert counts(run) == [("answer_key", 3, 2, 1), ("rubric", 3, 2, 1)]
    assert stack.execution(run)["status"] == "FAILED", "nothing that failed is reported as success"
    failed = {task["stage"]: task for task in stack.tasks(run["run_id"], "FAILED")}
    assert failed["answer_key"]["error_type"] == "UnparsableReplyError"
    assert failed["answer_key"]["asks"] == 4
    assert failed["rubric"]["error_type"] == "MissingInputError"
    file = stack.get(f"runs/{run['run_id']}/answer_key/results/{failed['answer_key']['task_id']}.json")
    assert file["last_reply"] == WRONG.text

    stack.provider.answer = right
    stack.provider.requests.clear()
    code, _ = stack.call("POST", f"/runs/{run['run_id']}/resume")
    assert code == 200
    resumed = stack.wait(run["run_id"])
    assert resumed["status"] == "SUCCEEDED"
    assert counts(resumed) == [("answer_key", 3, 3, 0), ("rubric", 3, 3, 0)]
    assert [(kind(r), asked_question(r)) for r in stack.provider.requests] == [("AnswerKey", "1b"), ("Rubric", "1b")]
    assert resumed["usage"]["calls"] == 2 + 4 + 2 + 2, "what the failed attempt paid stays in the total"


def test_throttled_then_fine(stack: Stack, assignment: str) -> None:
    stack.put(f"{assignment}/questions.json", exam(assignment))
    throttled = iter([Answer(status=429, code="rate_limit_exceeded", headers={"Retry-After": "1"})] * 2)
    stack.provider.answer = lambda request: next(throttled, None) or right(request)
    run = stack.wait(stack.start(assignment, "rubric"))
    assert run["status"] == "SUCCEEDED"
    assert run["waits"] == 2
    assert run["usage"]["calls"] == 6
    assert "429" in run["wait_reason"]


def test_wrong_key_halts_and_resume_goes_on(stack: Stack, assignment: str) -> None:
    stack.put(f"{assignment}/questions.json", exam(assignment))
    stack.provider.answer = lambda request: Answer(status=401, code="invalid_api_key")
    run = stack.wait(stack.start(assignment, "rubric"))
    assert run["status"] == "HALTED"
    assert "aita key set" in run["reason"]
    assert len(stack.provider.requests) == 1, "one call for each execution environment at most"
    stack.provider.answer = right
    stack.call("POST", f"/runs/{run['run_id']}/resume")
    assert stack.wait(run["run_id"])["status"] == "SUCCEEDED"


def test_the_instructors_rubric_wins_and_costs_no_call(stack: Stack, assignment: str) -> None:
    stack.put(f"{assignment}/questions.json", exam(assignment))
    own = {"total_points": 5, "criteria": [{"points": 5, "description": "mine"}]}
    stack.put(f"{assignment}/user_rubrics.json", {"1a": own})
    run = stack.wait(stack.start(assignment, "rubric"))
    assert stack.get(f"{assignment}/rubrics.json")["1a"]["criteria"][0]["description"] == "mine"
    assert run["usage"]["calls"] == 5


def test_a_task_run_twice_changes_nothing(stack: Stack, assignment: str) -> None:
    stack.put(f"{assignment}/questions.json", exam(assignment))
    run_id = stack.start(assignment, "rubric")
    held: list[dict[str, Any]] = []

    def before(function: str, event: dict[str, Any]) -> None:
        if function == "task" and not held:
            held.append(event)
            stack.handlers["task"](event, Context())  # as if Lambda had lost the first answer

    stack.before = before
    run = stack.wait(run_id)
    assert run["status"] == "SUCCEEDED"
    assert counts(run)[0] == ("answer_key", 3, 3, 0)
    assert run["usage"]["calls"] == len(stack.provider.requests) == 6


def test_crash_in_the_middle_is_tried_again(stack: Stack, assignment: str) -> None:
    stack.put(f"{assignment}/questions.json", exam(assignment))
    crashed: list[str] = []

    def before(function: str, event: dict[str, Any]) -> None:
        if function == "task" and not crashed:
            crashed.append(event["item"]["task_id"])
            raise MemoryError

    stack.before = before
    run = stack.wait(stack.start(assignment, "rubric"))
    assert crashed
    assert run["status"] == "SUCCEEDED"


def test_a_task_that_always_crashes_fails_and_the_others_go_on(stack: Stack, assignment: str) -> None:
    stack.put(f"{assignment}/questions.json", exam(assignment))

    def before(function: str, event: dict[str, Any]) -> None:
        if function == "task" and event["item"]["refs"] == {"question_id": "2"}:
            raise MemoryError

    stack.before = before
    run = stack.wait(stack.start(assignment, "rubric"))
    assert run["status"] == "PARTIAL"
    assert counts(run) == [("answer_key", 3, 2, 1), ("rubric", 3, 2, 1)]
    failed = stack.tasks(run["run_id"], "FAILED")
    assert {task["error_type"] for task in failed} == {"MemoryError"}
    assert all("resume" in task["error_message"] for task in failed)
    query = {"TableName": "aita-test", "KeyConditionExpression": "pk = :pk"}
    rows = stack.dynamodb.query(**query, ExpressionAttributeValues={":pk": {"S": f"RUN#{run['run_id']}"}})["Items"]
    a_week_after_objects = time.time() + (365 + 7) * 86_400
    assert len(rows) == 7
    assert all(abs(int(row["expires_at"]["N"]) - a_week_after_objects) < 600 for row in rows), "the machine's own too"


def test_plan_that_crashes_ends_the_run_as_failed(stack: Stack, assignment: str) -> None:
    stack.put(f"{assignment}/questions.json", exam(assignment))

    def before(function: str, event: dict[str, Any]) -> None:
        if function == "plan":
            raise MemoryError

    stack.before = before
    run = stack.wait(stack.start(assignment, "rubric"))
    assert run["status"] == "FAILED"
    assert "resume" in run["reason"]
    assert stack.execution(run)["status"] == "FAILED"


def test_cancelled_run_makes_no_more_calls(stack: Stack, assignment: str) -> None:
    stack.put(f"{assignment}/questions.json", exam(assignment))
    run_ids: list[str] = []

    def answer(request: dict[str, Any]) -> Answer:
        if len(stack.provider.requests) == 1:
            code, run = stack.call("POST", f"/runs/{run_ids[0]}/cancel")
            assert (code, run["status"]) == (200, "CANCELLED")
        return right(request)

    stack.provider.answer = answer

    def before(function: str, event: dict[str, Any]) -> None:
        run_ids[:] = [event["run_id"]]

    stack.before = before
    run = stack.wait(stack.start(assignment, "rubric"))
    assert run["status"] == "CANCELLED"
    assert len(stack.provider.requests) <= 2, "the copy of the run's state is refreshed by the task's own record"
    code, again = stack.call("POST", f"/runs/{run['run_id']}/cancel")
    assert (code, again["status"]) == (200, "CANCELLED"), "the first answer may have been lost"


def test_second_run_while_one_is_active_is_refused(stack: Stack, assignment: str) -> None:
    stack.put(f"{assignment}/questions.json", exam(assignment))
    answers: list[tuple[int, Any]] = []

    def before(function: str, event: dict[str, Any]) -> None:
        if function == "plan" and not answers:
            request = {"assignment": assignment, "pipeline": "rubric"}
            answers.append(stack.call("POST", "/runs", request))
            answers.append(stack.call("POST", f"/runs/{event['run_id']}/resume"))

    stack.before = before
    run = stack.wait(stack.start(assignment, "rubric"))
    assert [code for code, _ in answers] == [409, 409]
    assert run["run_id"] in answers[0][1]["message"]
    assert run["status"] == "SUCCEEDED"


def test_nothing_left_to_do(stack: Stack, assignment: str) -> None:
    stack.put(f"{assignment}/questions.json", exam(assignment))
    run = stack.wait(stack.start(assignment, "rubric"))
    stack.invocations.clear()
    stack.call("POST", f"/runs/{run['run_id']}/resume")
    resumed = stack.wait(run["run_id"])
    assert resumed["status"] == "SUCCEEDED"
    assert resumed["attempt"] == 2
    assert [function for function, _ in stack.invocations] == ["plan", "collect", "plan", "collect"]
