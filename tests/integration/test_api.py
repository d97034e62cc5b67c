"""The API's handler: what it takes, what it answers, and what it refuses."""

import base64
import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from aita.models.names import MAX_UPLOAD_BYTES
from tests.integration.material import QUESTIONS, exam, right
from tests.integration.provider import Answer
from tests.integration.stack import Stack

ROOT = Path(__file__).parents[2]


def start(stack: Stack, assignment: str, **extra: Any) -> tuple[int, Any]:
    return stack.call("POST", "/runs", {"assignment": assignment, "pipeline": "rubric"}, **extra)


def test_the_same_idempotency_key_starts_one_run(stack: Stack, assignment: str) -> None:
    stack.put(f"{assignment}/questions.json", exam(assignment))
    key = {"headers": {"Idempotency-Key": f"key-{assignment}"}}
    answers = [start(stack, assignment, **key) for _ in range(3)]
    assert {code for code, _ in answers} == {201}
    assert len({run["run_id"] for _, run in answers}) == 1
    stack.wait(answers[0][1]["run_id"])
    code, error = stack.call("POST", "/runs", {"assignment": assignment, "pipeline": "transcribe"}, **key)
    assert (code, error["error"]) == (409, "ConflictError")


def test_the_same_idempotency_key_resumes_once(stack: Stack, assignment: str) -> None:
    stack.put(f"{assignment}/questions.json", exam(assignment))
    _, run = start(stack, assignment)
    path = f"/runs/{run['run_id']}/resume"
    stack.wait(run["run_id"])
    key = {"headers": {"Idempotency-Key": f"again-{assignment}"}}
    answers = [stack.call("POST", path, **key) for _ in range(2)]
    assert [(code, answered["attempt"]) for code, answered in answers] == [(200, 2)] * 2
    stack.wait(run["run_id"])
    code, error = stack.call("POST", path, {"max_cost_usd": "1"}, **key)
    assert (code, error["error"]) == (409, "ConflictError")


def test_uploads_are_bound_to_key_type_and_size(stack: Stack, assignment: str) -> None:
    names = ["questions.json", "scans/José Núñez/page 1.jpg", "blank_exam.pdf"]
    body = {"files": [{"name": name, "size": 1000} for name in names]}
    code, answer = stack.call("POST", f"/assignments/{assignment}/uploads", body)
    assert code == 200
    assert [upload["name"] for upload in answer["uploads"]] == names
    fields = answer["uploads"][1]["fields"]
    assert fields["key"] == f"{assignment}/scans/José Núñez/page 1.jpg"
    assert fields["Content-Type"] == "image/jpeg"


@pytest.mark.parametrize(
    ("name", "kept", "content_type"),
    [
        ("scans/Ann/1.jpg", "scans/Ann/1.jpg", "image/jpeg"),
        ("roster.csv", "roster.csv", "text/csv"),
        ("scans/Ann/${filename}.pdf", "scans/Ann/$_{filename}.pdf", "application/pdf"),  # S3 puts any name in its place
    ],
)
def test_what_s3_is_signed_to_take(stack: Stack, assignment: str, name: str, kept: str, content_type: str) -> None:
    """The policy is what S3 holds an upload to: the fields beside it are only what an honest client sends."""
    before = datetime.now(UTC)
    _, answer = stack.call("POST", f"/assignments/{assignment}/uploads", {"files": [{"name": name, "size": 1000}]})
    policy = json.loads(base64.b64decode(answer["uploads"][0]["fields"]["policy"]))
    conditions = policy["conditions"]
    assert [each for each in conditions if isinstance(each, list)] == [["content-length-range", 1000, 1000]]
    exact = {key: value for each in conditions if isinstance(each, dict) for key, value in each.items()}
    assert {key: value for key, value in exact.items() if not key.startswith("x-amz-")} == {
        "bucket": "aita-test",
        "key": f"{assignment}/{kept}",
        "Content-Type": content_type,
    }
    lives = datetime.fromisoformat(policy["expiration"]) - before
    assert timedelta() < lives <= timedelta(minutes=15, seconds=5)


def test_a_download_lives_fifteen_minutes(stack: Stack, assignment: str) -> None:
    stack.put(f"{assignment}/questions.json", exam(assignment))
    _, answer = stack.call("GET", f"/assignments/{assignment}/files")
    (file,) = answer["files"]
    asked = dict(parse_qsl(urlsplit(file["url"]).query))
    assert int(asked["X-Amz-Expires"]) <= 15 * 60
    assert asked["response-content-disposition"] == 'attachment; filename="questions.json"'


@pytest.mark.parametrize(
    "name", ["../x.jpg", "scans/a/b/c.jpg", "scans/a/x.exe", "students.json", "rubrics.json", "scans//x.jpg", "/x.jpg"]
)
def test_uploads_of_other_names_are_refused(stack: Stack, assignment: str, name: str) -> None:
    body = {"files": [{"name": name, "size": 10}]}
    code, error = stack.call("POST", f"/assignments/{assignment}/uploads", body)
    assert (code, error["error"]) == (422, "InvalidMaterialError")


@pytest.mark.parametrize("size", [-1, MAX_UPLOAD_BYTES + 1])
def test_uploads_of_other_sizes_are_refused(stack: Stack, assignment: str, size: int) -> None:
    body = {"files": [{"name": "questions.json", "size": size}]}
    code, error = stack.call("POST", f"/assignments/{assignment}/uploads", body)
    assert (code, error["error"]) == (400, "RequestError")
    assert "size" in error["message"]


@pytest.mark.parametrize("name", ["a/b", "a.b", "Ärzte", "x" * 300, "runs", "cache", ""])
def test_wrong_assignment_names(stack: Stack, name: str) -> None:
    code, error = start(stack, name)
    assert code == 400
    assert "letters, digits" in error["message"]


def test_a_pipeline_without_what_it_needs(stack: Stack, assignment: str) -> None:
    code, error = start(stack, assignment)
    assert (code, error["error"]) == (404, "NotFoundError")
    stack.put(f"{assignment}/user_rubrics.json", {})
    code, error = start(stack, assignment)
    assert (code, error["error"]) == (422, "MissingMaterialError")
    assert "questions.json" in error["message"]
    code, error = stack.call("POST", "/runs", {"assignment": assignment, "pipeline": "transcribe"})
    assert (code, error["error"]) == (422, "MissingMaterialError")
    assert "scans" in error["message"]
    code, error = stack.call("POST", "/runs", {"assignment": assignment, "pipeline": "nothing"})
    assert code == 400
    assert "rubric, transcribe" in error["message"]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"points": 0}, "questions[0].points"),
        ({"points": -1}, "questions[0].points"),
        ({"question_text": ""}, "questions[0].question_text"),
        ({"question_id": "1b"}, "'1b'"),
        ({"question_type": "riddle"}, "questions[0].question_type"),
    ],
)
def test_wrong_questions_are_named_by_path(stack: Stack, assignment: str, change: dict[str, Any], told: str) -> None:
    material = exam(assignment)
    material["questions"][0] |= change
    stack.put(f"{assignment}/questions.json", material)
    code, error = start(stack, assignment)
    assert (code, error["error"]) == (422, "InvalidMaterialError")
    assert told in error["message"]


def test_wrong_rubrics_of_the_instructor_are_named(stack: Stack, assignment: str) -> None:
    stack.put(f"{assignment}/questions.json", exam(assignment))
    own = {"total_points": 5, "criteria": [{"points": 4, "description": "mine"}]}
    stack.put(f"{assignment}/user_rubrics.json", {QUESTIONS[0]["question_id"]: own})
    code, error = start(stack, assignment)
    assert code == 422
    assert "user_rubrics.json" in error["message"]
    assert "sum to 4" in error["message"]


def test_options_that_differ_from_the_deployed_are_refused(stack: Stack, assignment: str) -> None:
    stack.put(f"{assignment}/questions.json", exam(assignment))
    for options, told in (({"max_workers": 9}, "MaxConcurrency=9"), ({"model": "other"}, "ModelName=other")):
        body = {"assignment": assignment, "pipeline": "rubric", "options": options}
        code, error = stack.call("POST", "/runs", body)
        assert (code, error["error"]) == (409, "ConflictError")
        assert told in error["message"]


def test_unknown_runs_and_routes(stack: Stack) -> None:
    for method, path in (
        ("GET", "/runs/nobody"),
        ("GET", "/runs/nobody/tasks"),
        ("GET", "/runs/nobody/results"),
        ("GET", "/runs/nobody/grades"),
        ("POST", "/runs/nobody/resume"),
        ("POST", "/runs/nobody/cancel"),
        ("GET", "/nowhere"),
    ):
        code, error = stack.call(method, path)
        assert (code, error["error"]) == (404, "NotFoundError"), path


def test_requests_of_another_shape(stack: Stack, assignment: str) -> None:
    bodies: tuple[Any, ...] = ({}, {"assignment": assignment}, [], "x")
    for body in (*bodies, {"assignment": assignment, "pipeline": "rubric", "x": 1}):
        code, error = stack.call("POST", "/runs", body)
        assert (code, error["error"]) == (400, "RequestError"), body
    for query in ("limit=0", "limit=1000", "status=NO"):
        code, error = stack.call("GET", f"/runs/x/tasks?{query}")
        assert (code, error["error"]) == (400, "RequestError"), query


def test_a_body_is_bounded(stack: Stack, assignment: str) -> None:
    large = {"assignment": assignment, "pipeline": "x" * 300_000}
    code, error = stack.call("POST", "/runs", large)
    assert (code, error["error"]) == (413, "RequestTooLargeError")
    deep: Any = 1
    for _ in range(50):
        deep = [deep]
    code, error = stack.call("POST", "/runs", {"assignment": assignment, "pipeline": "rubric", "options": deep})
    assert (code, error["error"]) == (400, "RequestError")
    assert "deeper than 16" in error["message"]


@pytest.mark.filterwarnings("ignore:Received multipart/form-data:UserWarning")  # Powertools says so before it refuses
def test_a_body_that_is_no_json_is_refused(stack: Stack, assignment: str) -> None:
    for content_type in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"):
        code, error = stack.call("POST", "/runs", {"assignment": assignment}, headers={"Content-Type": content_type})
        assert (code, error["error"]) == (400, "RequestError"), content_type


def test_no_other_origin_is_answered(stack: Stack) -> None:
    answer = stack.answer("GET", "/openapi.json", headers={"Origin": "https://example.com"})
    assert answer["statusCode"] == 200
    assert not [name for name in answer["multiValueHeaders"] if name.lower().startswith("access-control")]


def test_openapi_says_what_errors_look_like(stack: Stack) -> None:
    _, document = stack.call("GET", "/openapi.json")
    for path, operations in document["paths"].items():
        for verb, operation in operations.items():
            good, error = operation["responses"]
            assert (good[0], error) == ("2", "default"), (verb, path)
    assert set(document["components"]["schemas"]["ErrorResponse"]["required"]) == {"error", "message"}
    names = set(document["components"]["schemas"])
    assert set(re.findall(r"#/components/schemas/(\w+)", json.dumps(document))) <= names


def test_lists_page_by_next_token(stack: Stack, assignment: str) -> None:
    stack.put(f"{assignment}/questions.json", exam(assignment))
    started = [stack.wait(stack.start(assignment, "rubric"))["run_id"] for _ in range(3)]
    seen, token = [], ""
    while True:
        code, page = stack.call("GET", f"/runs?assignment={assignment}&limit=2{token}")
        assert code == 200
        seen += [run["run_id"] for run in page["runs"]]
        if page["next_token"] is None:
            break
        token = f"&next_token={page['next_token']}"
    assert seen == started[::-1]
    tasks, token = [], ""
    while True:
        code, page = stack.call("GET", f"/runs/{started[0]}/tasks?limit=4{token}")
        assert code == 200
        tasks += [task["task_id"] for task in page["tasks"]]
        if page["next_token"] is None:
            break
        token = f"&next_token={page['next_token']}"
    assert len(tasks) == len(set(tasks)) == 6


def test_results_are_listed_once_gathered(stack: Stack, assignment: str) -> None:
    stack.put(f"{assignment}/questions.json", exam(assignment))
    run = stack.wait(stack.start(assignment, "rubric"))
    code, answer = stack.call("GET", f"/runs/{run['run_id']}/results")
    assert code == 200
    assert [file["name"] for file in answer["files"]] == ["answer_keys.json", "rubrics.json"]
    assert all("X-Amz-Signature" in file["url"] for file in answer["files"])


def test_progress_costs_at_most_ten_read_units(stack: Stack, assignment: str) -> None:
    stack.put(f"{assignment}/questions.json", exam(assignment))
    run = stack.wait(stack.start(assignment, "rubric"))
    stack.requests.clear()
    stack.call("GET", f"/runs/{run['run_id']}")
    assert stack.requests == {"api GetItem": 1}
    row = stack.dynamodb.get_item(TableName="aita-test", Key={"pk": {"S": f"RUN#{run['run_id']}"}, "sk": {"S": "META"}})
    assert len(str(row["Item"])) < 10 * 4096, "a consistent read of 4 KB is one unit"


def test_the_template_has_every_route(stack: Stack) -> None:
    code, document = stack.call("GET", "/openapi.json")
    assert code == 200
    answered = {(method, path) for path, operations in document["paths"].items() for method in operations}
    routed = re.findall(r'Method: (\w+), Path: "?([^" ]+)', (ROOT / "template.yaml").read_text())
    assert {(method.lower(), path) for method, path in routed} == answered | {("get", "/openapi.json")}


def test_an_estimate_is_of_the_real_prompts(stack: Stack, assignment: str) -> None:
    stack.put(f"{assignment}/questions.json", exam(assignment))
    code, found = stack.call("POST", "/runs/estimate", {"assignment": assignment, "pipeline": "rubric"})
    assert code == 200
    assert [(stage["stage"], stage["calls"]) for stage in found["stages"]] == [("answer_key", 1), ("rubric", 3)]
    assert found["input_tokens"] > 1_000
    assert found["cost_usd"] is None, "nobody knows the price of this model"


def test_a_cap_needs_a_known_price(stack: Stack, assignment: str) -> None:
    stack.put(f"{assignment}/questions.json", exam(assignment))
    body = {"assignment": assignment, "pipeline": "rubric", "options": {"max_cost_usd": "0.5"}}
    code, error = stack.call("POST", "/runs", body)
    assert (code, error["error"]) == (400, "RequestError")
    assert "price" in error["message"]


def test_a_resume_takes_a_body_or_none(stack: Stack, assignment: str) -> None:
    stack.put(f"{assignment}/questions.json", exam(assignment))
    run = stack.wait(stack.start(assignment, "rubric"))
    code, error = stack.call("POST", f"/runs/{run['run_id']}/resume", {"max_cost_usd": "1"})
    assert (code, error["error"]) == (400, "RequestError")
    assert stack.call("POST", f"/runs/{run['run_id']}/resume")[0] == 200
    stack.wait(run["run_id"])


def test_uploads_are_listed_page_by_page(stack: Stack, assignment: str) -> None:
    for name in ("blank_exam.pdf", "scans/Ann Lee/1.jpg", "scans/Ann Lee/2.jpg", "scans/Bob/1.jpg"):
        stack.put(f"{assignment}/{name}", name)
    found: list[str] = []
    token = None
    while True:
        query = {"limit": "2"} | ({"next_token": token} if token else {})
        code, page = stack.call("GET", f"/assignments/{assignment}/uploads", query=query)
        assert code == 200
        assert len({file["etag"] for file in page["files"]}) == len(page["files"])
        found += [file["name"] for file in page["files"]]
        token = page["next_token"]
        if token is None:
            break
    assert found == ["blank_exam.pdf", "scans/Ann Lee/1.jpg", "scans/Ann Lee/2.jpg", "scans/Bob/1.jpg"]


def test_who_starts_a_run_beside_another_is_warned_of_the_accounts_quota(stack: Stack, assignment: str) -> None:
    """The quota is 10 here, and each run works on 4 at once: one fits beside what is not a task, two do not."""

    def begin_another(request: dict[str, Any]) -> Answer:
        started.append(start(stack, f"{assignment}-2")[1])
        stack.provider.answer = right
        return right(request)

    started: list[dict[str, Any]] = []
    for name in (assignment, f"{assignment}-2"):
        stack.put(f"{name}/questions.json", exam(name))
    stack.provider.answer = begin_another
    _, alone = start(stack, assignment)
    stack.wait(alone["run_id"])
    assert alone["warning"] == ""
    assert "2 runs are at work with up to 4 tasks at once each" in started[0]["warning"]
    assert stack.wait(started[0]["run_id"])["warning"] == ""
