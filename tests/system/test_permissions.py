"""Every role against the AWS calls of the code: what no grant allows fails, and so does a grant that nothing uses.

The tests before the last ones drive every function through all that it does, on moto, where the calls are recorded;
alone, the last ones would prove nothing.
"""

import hashlib
import io
import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from PIL import Image

from aita.aws.dynamodb.task_table import DynamoTaskTable
from aita.bootstrap import utc_now
from aita.models.run import TaskRow
from aita.services.runs.pipelines import PIPELINES, stage_of
from aita_local.simulated_model.fault_injection import FaultSettings
from tests.integration.calls import ACCOUNT, BUCKET, TABLE
from tests.integration.material import exam, kind, page, right
from tests.integration.provider import Answer
from tests.integration.stack import FUNCTIONS, Stack
from tests.support.ledgers import part
from tests.template.conftest import Json, read_template, settled, transform
from tests.template.grants import Grant, denials, grants, matches
from tests.template.test_checkov import GIVEN

ASSIGNMENT = "permitted"
OF_LAMBDA = {"WriteLogs", "SendTraces"}
"""What Lambda itself does in a function's name: tests/template/test_resources.py holds it."""

OF_ROLES = {"ReaderKey", "GraderKey"}
"""What is granted where a role has an endpoint of its own: tests/integration/test_roles.py uses it."""

MACHINE = f"arn:aws:states:us-east-1:{ACCOUNT}:stateMachine:aita-test-run"
NAMES = {
    "AWS::AccountId": ACCOUNT,
    "AWS::Partition": "aws",
    "AWS::Region": "us-east-1",
    "AWS::StackName": "aita-test",
    "ApiKeySecretName": "aita/api-key",
    "ReaderKeySecretName": "aita/reader-key",
    "GraderKeySecretName": "aita/grader-key",
    "BatchFunction.Arn": f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:batch",
    "Bucket.Arn": BUCKET,
    "RunStateMachine": MACHINE,
    "Table.Arn": TABLE,
} | {f"{function.capitalize()}LogGroup.Arn": f"{function}'s log group" for function in FUNCTIONS}


def answer(request: dict[str, Any]) -> Answer:
    """Answer what the tests ask, gradings included."""
    if "response_format" not in request:
        return Answer("fine")
    if kind(request) == "NameReading":
        return Answer(json.dumps({"name": "Cy", "number": ""}))
    if kind(request) not in ("Grading", "StripGrading"):
        return right(request)
    numbers = re.findall(r"^Criterion (\d+) ", request["messages"][0]["content"], re.MULTILINE)
    criteria = [{"criterion": int(each), "quote": "four", "reason": "said", "points": 1} for each in numbers]
    return Answer(json.dumps({"criteria": criteria, "feedback": "well", "addresses_grader": False}))


@pytest.fixture(scope="module")
def granted() -> dict[str, list[Grant]]:
    """What the template grants each function."""
    return of_roles(grants)


@pytest.fixture(scope="module")
def denied() -> dict[str, list[Grant]]:
    """What the template denies each function, whatever it grants."""
    return of_roles(denials)


def of_roles(found: Callable[[Json, str, dict[str, str]], list[Grant]]) -> dict[str, list[Grant]]:
    resources = settled(transform(read_template())["Resources"], GIVEN)
    roles = {function: resources[f"{function.capitalize()}Function"]["Properties"]["Role"] for function in FUNCTIONS}
    return {function: found(resources, role["Fn::GetAtt"][0], NAMES) for function, role in roles.items()}


@pytest.fixture(scope="module")
def driven(module_stack: Stack) -> Stack:
    """The module's stack, whose calls add up over its tests."""
    module_stack.provider.answer = answer
    module_stack.s3.put_bucket_versioning(Bucket="aita-test", VersioningConfiguration={"Status": "Enabled"})
    return module_stack


def get(stack: Stack, path: str, expected: int = 200) -> Any:
    code, answered = stack.call("GET", path)
    assert code == expected, answered
    return answered


def run(
    stack: Stack, pipeline: str, status: str = "SUCCEEDED", assignment: str = ASSIGNMENT, **options: Any
) -> dict[str, Any]:
    ended = stack.wait(stack.start(assignment, pipeline, **options))
    assert ended["status"] == status, ended
    return ended


def resume(stack: Stack, run: dict[str, Any]) -> None:
    code, resumed = stack.call("POST", f"/runs/{run['run_id']}/resume")
    assert code == 200, resumed
    assert stack.wait(run["run_id"])["status"] == "SUCCEEDED"


def test_uploads(driven: Stack) -> None:
    names = (
        "questions.json", "user_rubrics.json", "question_specific_instructions.json", "rubric_instructions.txt",
        "roster.csv", "grade_scale.json", "blank_exam.pdf", "scans/Ada/1.jpg", "tasks/chat.jsonl",
        "user_answer_keys.json", f"images/{'0' * 64}.png", "piles.json", "piles/class.pdf",
    )  # fmt: skip
    files = [{"name": name, "size": 5} for name in names]
    code, answered = driven.call("POST", f"/assignments/{ASSIGNMENT}/uploads", {"files": files})
    assert code == 200, answered


def test_questions_are_extracted(driven: Stack) -> None:
    driven.put(f"{ASSIGNMENT}/blank_exam.jpg", page("blank"))
    driven.put(f"{ASSIGNMENT}/scans/Ada/1.jpg", page("Ada's"))
    driven.put(f"{ASSIGNMENT}/scans/Bob/1.jpg", page("Bob's"))
    driven.put(f"{ASSIGNMENT}/roster.csv", "Student Name,Email\nAda,ada@example.edu\nCy,cy@example.edu\n")
    run(driven, "extract-questions")
    run(driven, "transcribe", read_names=True)
    run(driven, "report")


def test_a_pile_is_separated(driven: Stack) -> None:
    one, two = io.BytesIO(), Image.open(io.BytesIO(page("Cy's")))
    Image.open(io.BytesIO(page("Di's"))).save(one, "PDF", save_all=True, append_images=[two])
    driven.put("piled/piles/class.pdf", one.getvalue())
    driven.put("piled/piles/photo.jpg", page("Eve's"))
    driven.put("piled/piles.json", '{"pages": 2}')
    run(driven, "transcribe", assignment="piled")
    (loose,) = get(driven, "/assignments/piled/loose-pages")["pages"]
    assert loose["file"] == "photo.jpg"
    get(driven, "/assignments/piled/state")


def test_a_scan_that_is_gone_fails_alone(driven: Stack) -> None:
    def lose(function: str, event: dict[str, Any]) -> None:
        if function == "split":
            driven.s3.delete_object(Bucket="aita-test", Key="gone/scans/Ada/1.jpg")

    driven.put("gone/scans/Ada/1.jpg", page("gone"))
    driven.before = lose
    run(driven, "transcribe", "FAILED", assignment="gone")
    driven.before = lambda function, event: None


def test_a_whole_exam_waits_for_review_and_goes_on(driven: Stack) -> None:
    driven.put(f"{ASSIGNMENT}/questions.json", exam(ASSIGNMENT))
    driven.put(f"{ASSIGNMENT}/rubric_instructions.txt", "Be kind, and be exact. " * 400)  # a prefix worth a cache
    options: dict[str, Any] = {
        "review": True,
        "rate_limit_rps": 50,
        "prefix_scheduling": True,
        "checkpoint_interval": 1,
    }
    waiting = run(driven, "exam", "WAITING_FOR_REVIEW", **options)
    resume(driven, waiting)
    for name in ("results", "tasks", "tasks?status=FAILED"):
        get(driven, f"/runs/{waiting['run_id']}/{name}")
    get(driven, f"/runs?assignment={ASSIGNMENT}")
    get(driven, "/openapi.json")


def test_each_pipeline_alone(driven: Stack) -> None:
    for pipeline in ("rubric", "transcribe", "grade", "report"):
        body = {"assignment": ASSIGNMENT, "pipeline": pipeline}
        code, answered = driven.call("POST", "/runs/estimate", body)
        assert code == 200, answered
        get(driven, f"/runs/{run(driven, pipeline)['run_id']}/results")


def test_people_decide(driven: Stack) -> None:
    get(driven, f"/assignments/{ASSIGNMENT}/reviews")
    cell = get(driven, f"/assignments/{ASSIGNMENT}/reviews?closed=true")["cells"][0]
    path = f"/assignments/{ASSIGNMENT}/reviews/{cell['cell_id']}"
    get(driven, path)
    body = {"action": "set", "points": 1, "why": "said so", "by": "Ada", "basis": cell["basis"]}
    code, answered = driven.call("POST", path, body)
    assert code == 201, answered
    for action in ("claim", "release"):
        code, answered = driven.call("POST", f"{path}/{action}", {}, identity={"userArn": "arn:aws:iam::1:user/ada"})
        assert code == 200, answered
    for name in ("claims", "answers?question=1a", f"answers/{cell['cell_id']}", "equal-answers", "grades", "state"):
        get(driven, f"/assignments/{ASSIGNMENT}/{name}")
    get(driven, "/assignments")
    get(driven, f"/assignments/{ASSIGNMENT}/decisions")
    (headed,) = get(driven, f"/assignments/{ASSIGNMENT}/names")["students"]
    assert (headed["match"], len(headed["heads"])) == ("read", 1)
    (student, *_) = get(driven, f"/assignments/{ASSIGNMENT}/students")["students"]
    path = f"/assignments/{ASSIGNMENT}/students/{student['student_id']}"
    code, answered = driven.call("POST", path, {"action": "nobody", "by": "Ada"})
    assert code == 201, answered
    (newest, *_) = get(driven, f"/runs?assignment={ASSIGNMENT}")["runs"]
    get(driven, f"/runs/{newest['run_id']}/grades")
    get(driven, f"/assignments/{ASSIGNMENT}/files")
    for name in ("questions", "user_answer_keys", "user_rubrics"):
        driven.put(f"versioned/{name}.json", "{}")
        get(driven, f"/assignments/versioned/versions?file={name}.json")


def test_people_decide_on_parts(driven: Stack) -> None:
    students = driven.get(f"{ASSIGNMENT}/students.json")["students"]
    unplaced = part("p-1", "1a", lines=[1])
    driven.put(f"{ASSIGNMENT}/ledger.json", {students[0]["student_id"]: {"parts": [unplaced]}})
    (found,) = get(driven, f"/assignments/{ASSIGNMENT}/parts")["parts"]
    path = f"/assignments/{ASSIGNMENT}/parts/p-1"
    get(driven, path)
    body = {"action": "belongs", "question_id": "1a", "by": "Ada", "basis": found["basis"]}
    code, answered = driven.call("POST", f"{path}/decisions", body)
    assert code == 201, answered
    get(driven, f"/assignments/{ASSIGNMENT}/part-decisions")
    run(driven, "grade", see="always", readings=2)
    assert driven.get(f"{ASSIGNMENT}/strips.json"), "the answer with the part is seen on the page"
    assert driven.get(f"{ASSIGNMENT}/readings.json"), "and read twice"
    answers = get(driven, f"/assignments/{ASSIGNMENT}/answers?question=1a&show=all")["answers"]
    assert any(each["strips"] for each in answers), "and its strips have URLs"


def test_a_changed_rubric_is_tried(driven: Stack) -> None:
    own = {"total_points": 5, "criteria": [{"points": 5, "description": "another one"}]}
    driven.put(f"{ASSIGNMENT}/user_rubrics.json", {"1a": own})
    get(driven, f"/assignments/{ASSIGNMENT}/rubric-changes")
    sampled = run(driven, "regrade-sample")
    get(driven, f"/runs/{sampled['run_id']}/results")
    run(driven, "report")


def test_tasks_of_a_kind_with_an_image(driven: Stack) -> None:
    data = page("a figure")
    sha256 = hashlib.sha256(data).hexdigest()
    driven.put(key := f"{ASSIGNMENT}/images/{sha256}.jpg", data)
    line = {"messages": [{"text": "What is it?", "images": [{"key": key, "sha256": sha256}]}]}
    driven.put(f"{ASSIGNMENT}/tasks/chat.jsonl", json.dumps(line))
    ended = run(driven, "kind.chat")
    get(driven, f"/runs/{ended['run_id']}/results")
    get(driven, f"/runs/{ended['run_id']}/tasks?status=PENDING")


def test_requests_go_to_batches_at_the_provider(driven: Stack) -> None:
    driven.put("batched/questions.json", exam("batched"))
    driven.put("batched/rubric_instructions.txt", "Be kind, be exact, and be brief. " * 400)  # a prefix worth a cache
    driven.put("batched/scans/Ada/1.jpg", page("batched"))
    options: dict[str, Any] = {
        "provider_batch": "first",
        "rate_limit_rps": 50,
        "prefix_scheduling": True,
        "checkpoint_interval": 1,
        "see": "always",
        "read_names": True,
    }
    driven.put("batched/roster.csv", "Name\nCy\n")
    run(driven, "exam", assignment="batched", **options)
    data = page("another figure")
    sha256 = hashlib.sha256(data).hexdigest()
    driven.put(key := f"batched/images/{sha256}.jpg", data)
    image = {"key": key, "sha256": sha256}
    lines = [{"messages": [{"text": f"What is {each}?", "images": [image]}]} for each in "ab"]
    driven.put("batched/tasks/chat.jsonl", "\n".join(map(json.dumps, lines)))
    run(driven, "kind.chat", assignment="batched", **options)


def test_a_run_that_waits_for_batches_is_cancelled(driven: Stack) -> None:
    driven.put("given-up/questions.json", exam("given-up"))
    driven.provider.faults.change(FaultSettings(batch_seconds=3600))
    run_id = driven.start("given-up", "rubric", provider_batch="first")
    driven.wait_for_batches(run_id)
    assert driven.call("POST", f"/runs/{run_id}/cancel")[0] == 200
    driven.provider.faults.change(FaultSettings())
    assert driven.wait(run_id)["status"] == "CANCELLED"


def test_failures_are_resumed_and_what_is_not_wanted_goes(driven: Stack) -> None:
    driven.put("failing/questions.json", exam("failing"))
    driven.provider.answer = lambda _: Answer("no JSON")
    failed = run(driven, "rubric", "FAILED", assignment="failing")
    driven.put("failing/questions.json", exam("otherwise"))
    throttled = iter([Answer(status=429, code="rate_limit_exceeded", headers={"Retry-After": "1"})])
    driven.provider.answer = lambda request: next(throttled, None) or answer(request)
    resume(driven, failed)
    driven.provider.answer = lambda _: Answer(status=401, code="invalid_api_key")
    driven.put("failing/questions.json", exam("halted"))
    run(driven, "rubric", "HALTED", assignment="failing")
    driven.provider.answer = answer


def test_a_run_of_the_version_that_asked_twice_for_each_page_is_resumed(driven: Stack) -> None:
    driven.put("older/questions.json", exam("older"))
    driven.put("older/scans/Ada/1.jpg", page("older"))
    driven.provider.answer = lambda _: Answer(status=401, code="invalid_api_key")
    halted = run(driven, "transcribe", "HALTED", assignment="older")
    driven.provider.answer = answer
    folder = f"runs/{halted['run_id']}"
    (item,) = driven.get(f"{folder}/transcribe/items.json")
    driven.put(f"{folder}/map_answers/inputs.json", {"questions": exam("older")["questions"], "texts": {}})
    table = DynamoTaskTable(driven.dynamodb, "aita-test", utc_now, 365)
    starts = [{"question_id": "1a", "line": 1, "top": 0.1, "confidence": 0.9}]
    for stage, result in (("transcribe", READ), ("map_answers", {"starts": starts})):
        key = f"{folder}/{stage}/results/{stage}-before.json"
        row = {"task_id": f"{stage}-before", "status": "SUCCEEDED", "refs": item["refs"]}
        driven.put(key, row | {"result": result})
        ended = TaskRow.model_validate(row | {"stage": stage, "attempt": 1, "result_key": key, "ended_at": utc_now()})
        assert table.record(halted["run_id"], ended)
    driven.provider.requests.clear()
    resume(driven, halted)
    assert driven.provider.requests == []


READ = {"page": 1, "text": "four", "confidence": 0.9, "notes": "", "flagged": False}
"""A page's transcription as it was before it had lines."""


def test_a_function_that_dies_in_a_shared_call_leaves_the_rest_to_collect(driven: Stack) -> None:
    def die(function: str, event: dict[str, Any]) -> None:
        if function == "task" and "batch" in event["item"]:
            raise MemoryError

    driven.put("dying/questions.json", exam("dying"))
    driven.before = die
    run(driven, "rubric", "FAILED", assignment="dying", batch_size=5)
    driven.before = lambda function, event: None


def test_a_run_is_cancelled(driven: Stack) -> None:
    def cancel(request: dict[str, Any]) -> Answer:
        driven.call("POST", f"/runs/{driven.invocations[-1][1]['run_id']}/cancel")
        return answer(request)

    driven.put("cancelled/questions.json", exam("cancelled"))
    driven.provider.answer = cancel
    run(driven, "rubric", "CANCELLED", assignment="cancelled")
    driven.provider.answer = answer


def test_a_run_is_started_once_for_a_key(driven: Stack) -> None:
    for assignment, status in (("once", 404), ("failing", 201), ("failing", 201)):  # one that failed may be sent again
        body = {"assignment": assignment, "pipeline": "rubric"}
        code, started = driven.call("POST", "/runs", body, headers={"Idempotency-Key": assignment})
        assert code == status, started
    driven.wait(started["run_id"])


def test_a_run_that_shows_no_change_is_looked_after(driven: Stack) -> None:
    driven.put("lost/questions.json", exam("lost"))
    ended = run(driven, "rubric", assignment="lost")
    driven.dynamodb.update_item(
        TableName="aita-test",
        Key={"pk": {"S": f"RUN#{ended['run_id']}"}, "sk": {"S": "META"}},
        UpdateExpression="SET #status = :running, updated_at = :long_ago",
        ExpressionAttributeNames={"#status": "status"},
        ExpressionAttributeValues={":running": {"S": "RUNNING"}, ":long_ago": {"S": "2020-01-01T00:00:00+00:00"}},
    )
    assert get(driven, f"/runs/{ended['run_id']}")["status"] == "FAILED"


@pytest.mark.parametrize("function", FUNCTIONS)
def test_every_call_is_granted(driven: Stack, granted: dict[str, list[Grant]], function: str) -> None:
    calls = driven.calls[function]
    assert len(calls) > 5, f"{function} did nothing: run the whole module"
    refused = [
        call
        for call in sorted(calls)
        if not any(
            grant.covers(call.action, call.resource, call.partition, call.presigned) for grant in granted[function]
        )
    ]
    assert not refused, refused


@pytest.mark.parametrize("function", FUNCTIONS)
def test_every_grant_is_used(driven: Stack, granted: dict[str, list[Grant]], function: str) -> None:
    def is_used(grant: Grant) -> bool:
        return any(
            grant.covers(call.action, call.resource, call.partition, call.presigned) for call in driven.calls[function]
        )

    unused = [grant for grant in granted[function] if not is_used(grant) and grant.sid not in OF_LAMBDA | OF_ROLES]
    assert not unused, unused
    partitions = {(grant.sid, each) for grant in granted[function] for each in grant.partitions}
    asked = {call.partition for call in driven.calls[function] if call.partition}
    assert all(any(matches(partition, pattern) for partition in asked) for _, pattern in partitions), partitions


@pytest.mark.parametrize("function", FUNCTIONS)
def test_no_call_is_denied(driven: Stack, denied: dict[str, list[Grant]], function: str) -> None:
    for call in driven.calls[function]:
        assert not any(
            each.covers(call.action, call.resource, call.partition, call.presigned) for each in denied[function]
        ), call


@pytest.mark.parametrize("of", ["scans", "piles"])
@pytest.mark.parametrize("folder", ["pages", "images", "reports", "tasks", "rubric_versions"])
def test_split_alone_reads_scans_whatever_their_folder_is_called(
    granted: dict[str, list[Grant]], denied: dict[str, list[Grant]], folder: str, of: str
) -> None:
    read = "s3:GetObject", f"{BUCKET}/{ASSIGNMENT}/{of}/{folder}/1.jpg"
    allowed = {name for name in FUNCTIONS if any(grant.covers(*read) for grant in granted[name])}
    refused = {name for name in FUNCTIONS if any(grant.covers(*read) for grant in denied[name])}
    assert allowed - refused == {"split"}


@pytest.mark.parametrize("function", ["task", "names", "batch", "split", "collect"])
def test_who_students_are_is_out_of_reach(granted: dict[str, list[Grant]], function: str) -> None:
    for name in ("students.json", "roster.csv"):
        for action in ("s3:GetObject", "s3:PutObject"):
            assert not any(grant.covers(action, f"{BUCKET}/{ASSIGNMENT}/{name}") for grant in granted[function])


def test_heads_are_read_by_names_alone_and_by_urls_that_the_api_signs() -> None:
    """Over all roles: those of the functions, and that of the state machine."""
    resources = settled(transform(read_template())["Resources"], GIVEN)
    roles = [name for name, resource in resources.items() if resource["Type"] == "AWS::IAM::Role"]
    names = NAMES | {f"{function.capitalize()}Function.Arn": function for function in FUNCTIONS}

    def may(action: str, *, presigned: bool = False) -> set[str]:
        head = action, f"{BUCKET}/{ASSIGNMENT}/heads/s-1/a-0001.jpg", "", presigned
        return {
            role
            for role in roles
            if any(grant.covers(*head) for grant in grants(resources, role, names))
            and not any(denial.covers(*head) for denial in denials(resources, role, names))
        }

    assert len(roles) == len(FUNCTIONS) + 1
    assert may("s3:GetObject") == {"NamesFunctionRole"}
    assert may("s3:GetObject", presigned=True) == {"NamesFunctionRole", "ApiFunctionRole"}
    assert may("s3:PutObject") == {"SplitFunctionRole"}


@pytest.mark.parametrize("stage", sorted({name for stages in PIPELINES.values() for name in stages}))
def test_results_are_written_by_the_stages_own_function(
    granted: dict[str, list[Grant]], denied: dict[str, list[Grant]], stage: str
) -> None:
    """Batch asks a stage's first request at once; Plan takes over transcriptions of runs before version 0.3."""
    result = "s3:PutObject", f"{BUCKET}/runs/r/{stage}/results/{stage}-1.json"
    allowed = {name for name in FUNCTIONS if any(grant.covers(*result) for grant in granted[name])}
    refused = {name for name in FUNCTIONS if any(denial.covers(*result) for denial in denied[name])}
    function = stage_of(stage).function
    others = {"batch"} if function == "task" else set[str]()
    assert allowed - refused == {function} | others | ({"plan"} if stage == "transcribe" else set[str]())


def test_names_runs_the_items_that_read_names_and_nothing_else(driven: Stack) -> None:
    ran = [(function, event["stage"]) for function, event in driven.invocations if "item" in event]
    assert ("names", "read_names") in ran
    assert {stage for function, stage in ran if function == "names"} == {"read_names"}
    assert {function for function, stage in ran if stage == "read_names"} == {"names"}
    assert "read_names" not in {event["stage"] for function, event in driven.invocations if function == "batch"}


@pytest.mark.parametrize("stage", ["split", "split_exam", "separate", "count_pages"])
def test_the_names_of_scans_are_read_by_split_alone(granted: dict[str, list[Grant]], stage: str) -> None:
    sources = f"{BUCKET}/runs/r/{stage}/sources.json"
    readers = {
        function
        for function, grants_ in granted.items()
        if any(grant.covers("s3:GetObject", sources) for grant in grants_)
    }
    assert readers == {"split"}
