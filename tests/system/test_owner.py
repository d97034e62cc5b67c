"""What a stack's owner does by the command, on a bucket that keeps every version: audit, and purge.

What must go is gone, and the rest is as it was.
"""

import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from aita.cli.main import main
from aita.client.stack_outputs import Stack as Deployed
from aita.client.stack_target import StackTarget
from aita.imaging.pages import pages
from tests.integration.material import exam, image_of, kind, page, right
from tests.integration.provider import Answer
from tests.integration.stack import Stack, deployed

ANN, BOB = "Ann Lee", "Bob Xylander"
ROSTER = (
    "Student Name;Student ID;Email\nAnn Lee;111;ann@x.test\nCyd Xylander;222;cyd@x.test\nBob Xylander;333;bobx@x.test\n"
)
(BOBS,) = pages(page("Bob's"))
SAID = "xylophones"

OPERATIONS = Path(__file__).parents[2] / "docs" / "operations.md"

_ACTIONS = {
    "ListObjectsV2": "ListBucket",
    "ListObjectVersions": "ListBucketVersions",
    "DeleteObjects": "DeleteObjectVersion",
}
"""Where IAM calls an operation otherwise: every deletion names a version."""

Owner = Callable[..., tuple[int, Any]]


def answer(request: dict[str, Any]) -> Answer:
    if kind(request) == "Transcription" and image_of(request) == BOBS.jpeg:
        return right(request, SAID)
    return right(request)


@pytest.fixture(scope="module")
def versioned() -> Iterator[Stack]:
    with deployed() as stack:
        stack.s3.put_bucket_versioning(Bucket="aita-test", VersioningConfiguration={"Status": "Enabled"})
        stack.provider.answer = answer
        yield stack


@pytest.fixture
def aita(versioned: Stack, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Owner:
    """Run a command; return its exit status and its document."""
    described = Deployed("aita", "us-east-1", "", "aita-test", "aita-test", versioned.state_machine_arn, 4, "m", "k")
    monkeypatch.setattr("aita.cli.session.find_stack", lambda place: described)

    def run(*arguments: str) -> tuple[int, Any]:
        capsys.readouterr()
        status = main(["--json", *arguments])
        return status, json.loads(capsys.readouterr().out)

    return run


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """The actions that IAM is asked about, for who runs the commands."""
    actions: set[str] = set()
    make = StackTarget.client

    def client(place: StackTarget, service: str) -> Any:
        def build(params: dict[str, Any], model: Any, **_: Any) -> None:
            name = model.name + ("Version" if "VersionId" in params else "")
            actions.add(f"{service}:{_ACTIONS.get(name, name)}")

        made = make(place, service)
        made.meta.events.register("before-parameter-build", build)
        return made

    monkeypatch.setattr(StackTarget, "client", client)
    return actions


def documented(command: str) -> set[str]:
    """Return the actions that docs/operations.md lists for a command, but for finding the stack."""
    (line,) = (each for each in OPERATIONS.read_text("utf-8").splitlines() if each.startswith(f"| {command} |"))
    return set(re.findall(r"`(\w+:\w+)`", line)) - {"cloudformation:DescribeStacks"}


@pytest.fixture
def graded(versioned: Stack, assignment: str) -> Iterator[str]:
    """An assignment with two students, graded and reported twice, so that files have earlier versions."""
    put(versioned, assignment)
    for pipeline in ("rubric", "transcribe", "grade"):
        run(versioned, assignment, pipeline, batch_size=5)
    run(versioned, assignment, "report")
    cell = versioned.call("GET", f"/assignments/{assignment}/reviews?closed=true")[1]["cells"]
    for each in cell:
        decision = {"action": "set", "points": 1, "why": "so", "by": "me", "basis": each["basis"]}
        assert versioned.call("POST", f"/assignments/{assignment}/reviews/{each['cell_id']}", decision)[0] == 201
    yield assignment
    for key, version in objects(versioned):  # the next test looks for the same student's work
        versioned.s3.delete_object(Bucket="aita-test", Key=key, VersionId=version)


def put(stack: Stack, assignment: str) -> None:
    stack.put(f"{assignment}/questions.json", exam(assignment))
    stack.put(f"{assignment}/roster.csv", ROSTER)
    stack.put(f"{assignment}/scans/{ANN}/1.jpg", page(f"{assignment} Ann's"))
    stack.put(f"{assignment}/scans/{BOB}/1.jpg", b"an earlier version")
    stack.put(f"{assignment}/scans/{BOB}/1.jpg", page("Bob's"))


def run(stack: Stack, assignment: str, pipeline: str, **options: Any) -> dict[str, Any]:
    ended = stack.wait(stack.start(assignment, pipeline, **options))
    assert ended["status"] == "SUCCEEDED", ended
    return ended


def objects(stack: Stack) -> dict[tuple[str, str], bytes]:
    """Return every version of every object by key and version; of a deletion mark, nothing."""
    found = {}
    for listed in stack.s3.get_paginator("list_object_versions").paginate(Bucket="aita-test"):
        for each in listed.get("Versions", ()):
            place = {"Bucket": "aita-test", "Key": each["Key"], "VersionId": each["VersionId"]}
            found[each["Key"], each["VersionId"]] = stack.s3.get_object(**place)["Body"].read()
        found |= {(each["Key"], each["VersionId"]): b"" for each in listed.get("DeleteMarkers", ())}
    return found


def items(stack: Stack) -> list[str]:
    listed = stack.dynamodb.get_paginator("scan").paginate(TableName="aita-test")
    return [json.dumps(item, sort_keys=True) for each in listed for item in each["Items"]]


def where(stack: Stack, *needles: str) -> list[str]:
    """Return where any of these is, in whatever version of whatever is kept."""
    kept = [(key, key.encode() + b"\n" + data) for (key, _), data in objects(stack).items()]
    kept += [(item[:80], item.encode()) for item in items(stack)]
    return [place for place, data in kept if any(needle.encode() in data for needle in needles)]


def student_id(stack: Stack, assignment: str, folder: str) -> str:
    students = stack.get(f"{assignment}/students.json")["students"]
    return next(str(each["student_id"]) for each in students if each["folder"] == folder)


def run_ids(stack: Stack, assignment: str) -> list[str]:
    return [each["run_id"] for each in stack.call("GET", f"/runs?assignment={assignment}")[1]["runs"]]


def test_an_audit_recomputes(versioned: Stack, graded: str, aita: Owner, tmp_path: Path) -> None:
    status, told = aita("audit", "-a", graded, "--out", str(tmp_path / "audit"))
    assert status == 0
    assert told["counts"] == {
        "totals": 2,
        "decisions": 6,
        "part_decisions": 0,
        "rubrics": 3,
        "runs": 4,
        "requests": told["counts"]["requests"],
    }
    assert told["counts"]["requests"] > 8
    done = subprocess.run([sys.executable, "-I", told["files"][1]], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "2 totals recomputed: all as recorded\n")
    assert aita("audit", "-a", "never-was", "--out", str(tmp_path))[1]["error"] == "MissingMaterialError"


def test_nothing_of_an_assignment_is_left_and_all_of_another_is(versioned: Stack, graded: str, aita: Owner) -> None:
    put(versioned, "other")
    run(versioned, "other", "rubric", batch_size=5)
    others = {place: data for place, data in objects(versioned).items() if not place[0].startswith(f"{graded}/")}
    ids = run_ids(versioned, graded)
    kept = {place for place in others if not any(run_id in place[0] for run_id in ids)}
    paid = {place for place in kept if any(run_id.encode() in others[place] for run_id in ids)}
    assert paid, "the cache has replies that it paid for"
    rows = [item for item in items(versioned) if not any(each in item for each in (graded, *ids))]
    status, told = aita("purge", "-a", graded, "--yes")
    assert status == 0
    assert told["deleted"]["object_versions"] > 50
    assert told["deleted"]["rows"] > 20
    assert not any(told["remains"].values())
    assert where(versioned, graded, SAID, *ids) == []
    assert {place for place in objects(versioned) if place not in paid} == kept - paid
    assert items(versioned) == rows
    for said in ("90 days", "for a day or two more", "IP address"):
        assert any(said in line for line in told["left"]), said


def test_of_a_student_nothing_is_left_and_all_of_the_others_is(versioned: Stack, graded: str, aita: Owner) -> None:
    bob, ann = (student_id(versioned, graded, folder) for folder in (BOB, ANN))
    before = {name: versioned.get(f"{graded}/{name}.json") for name in ("pages", "answers", "grades", "transcriptions")}
    assert len(where(versioned, bob)) > 10
    status, told = aita("purge", "-a", graded, "--student", BOB, "--yes")
    assert (status, told["student_id"]) == (0, bob)
    for said in ("tasks/, images/", "the only one of its name"):
        assert any(said in line for line in told["left"]), said
    assert not any(told["remains"].values())
    mine = [place for place in where(versioned, bob, SAID, BOB, "bobx@x.test") if not place.startswith("runs/")]
    assert mine == []
    assert where(versioned, bob, f"{graded}/scans/{BOB}") == []
    for name, held in before.items():
        assert versioned.get(f"{graded}/{name}.json") == {ann: held[ann]}
    roster = versioned.s3.get_object(Bucket="aita-test", Key=f"{graded}/roster.csv")["Body"].read().decode()
    assert [line.split(";")[1] for line in roster.splitlines()] == ["Student ID", "111", "222"]
    assert len(where(versioned, ann)) > 10
    decided = versioned.call("GET", f"/assignments/{graded}/decisions")[1]["decisions"]
    assert {each["student_id"] for each in decided} == {ann}
    calls = len(versioned.provider.requests)
    run(versioned, graded, "grade")
    assert versioned.get(f"{graded}/grades.json").keys() == {ann}
    assert len(versioned.provider.requests) == calls, "what was graded of the others still counts"
    assert aita("purge", "-a", graded, "--student", bob, "--yes")[0] == 1, "there is no such student any more"


def test_replies_that_no_result_names_are_found_all_the_same(versioned: Stack, graded: str, aita: Owner) -> None:
    bob = student_id(versioned, graded, BOB)
    for (key, version), data in objects(versioned).items():
        if "/results/transcribe-" in key and bob.encode() in data:
            versioned.s3.delete_object(Bucket="aita-test", Key=key, VersionId=version)
    assert any(place.startswith("cache/") for place in where(versioned, SAID))
    assert aita("purge", "-a", graded, "--student", bob, "--yes")[0] == 0
    assert where(versioned, SAID, bob) == []


def test_it_is_refused_while_a_run_is_running(versioned: Stack, assignment: str, aita: Owner) -> None:
    put(versioned, assignment)
    ended = run(versioned, assignment, "rubric")
    meta = {"pk": {"S": f"RUN#{ended['run_id']}"}, "sk": {"S": "META"}}

    def set_status(status: str) -> None:
        versioned.dynamodb.update_item(
            TableName="aita-test",
            Key=meta,
            UpdateExpression="SET #s = :s",
            ExpressionAttributeNames={"#s": "status"},
            ExpressionAttributeValues={":s": {"S": status}},
        )

    before = objects(versioned)
    stopped = "was stopped or failed, and functions"
    for status, says in (("RUNNING", "is running: cancel it"), ("CANCELLED", stopped), ("FAILED", stopped)):
        set_status(status)
        code, told = aita("purge", "-a", assignment, "--yes")
        assert (code, told["error"]) == (1, "ConflictError")
        assert says in told["message"]
    assert objects(versioned) == before


@pytest.mark.parametrize(
    ("arguments", "code", "error"),
    [
        (("--student", "Nobody"), 1, "NotFoundError"),
        (("-a", "never-was", "--yes"), 1, "NotFoundError"),
        ((), 2, "RequestError"),
        (("-a", "runs", "--yes"), 2, "RequestError"),
    ],
)
def test_what_is_not_meant_is_not_deleted(
    versioned: Stack, aita: Owner, arguments: tuple[str, ...], code: int, error: str
) -> None:
    put(versioned, "kept")
    before = objects(versioned)
    status, told = aita("purge", "-a", "kept", *arguments)
    assert (status, told["error"]) == (code, error)
    assert objects(versioned) == before


def test_what_an_operator_needs_is_what_is_documented(
    versioned: Stack, graded: str, aita: Owner, asked: set[str], tmp_path: Path
) -> None:
    assert aita("audit", "-a", graded, "--out", str(tmp_path))[0] == 0
    assert asked == documented("audit")
    asked.clear()
    students = f"{graded}/students.json"
    versioned.put(students, versioned.get(students))  # so that there is an earlier version to look into
    assert aita("purge", "-a", graded, "--student", "Nobody", "--yes")[0] == 1
    assert aita("purge", "-a", graded, "--student", BOB, "--yes")[0] == 0
    assert aita("purge", "-a", graded, "--yes")[0] == 0
    assert asked == documented("purge")


def test_whose_it_is_is_told_before_it_is_deleted(
    versioned: Stack, graded: str, aita: Owner, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    monkeypatch.setattr("aita.cli.output.Output.note", lambda _, line: told.append(line))
    bob = student_id(versioned, graded, BOB)
    assert aita("purge", "-a", graded, "--student", bob)[0] == 2
    assert f" of student {BOB} ({bob}) of assignment {graded} are going to be deleted" in told[0]
