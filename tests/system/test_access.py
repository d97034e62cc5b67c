"""The policies for people against what their commands ask of AWS: nothing is missing, and nothing is granted in vain.

The tests before the last ones run each one's commands on moto, where the calls are recorded; alone, the last ones would
prove nothing.
"""

import io
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from aita.cli.main import main
from aita.client.account_checks import is_set
from aita.client.polling import PollInterval
from aita.client.stack_outputs import Stack as Deployed
from aita.client.stack_target import StackTarget
from aita.models.names import DOCTOR
from tests.integration.calls import ACCOUNT, BUCKET, TABLE, Call, record
from tests.integration.in_process import InProcess
from tests.integration.material import exam, page
from tests.integration.stack import Stack, answer_quota, deployed
from tests.support.ledgers import part
from tests.system.test_permissions import MACHINE, answer
from tests.template.conftest import ROOT, read_template, settled, transform
from tests.template.grants import Grant, grants

ASSIGNMENT = "accessed"
API = f"arn:aws:execute-api:us-east-1:{ACCOUNT}:abc12345/v1"
STACK = f"arn:aws:cloudformation:us-east-1:{ACCOUNT}:stack/aita/1"
FIND = Call("cloudformation:DescribeStacks", STACK)
POLICIES = ("Instructor", "Grader", "Operator")
NAMES = {
    "AWS::AccountId": ACCOUNT,
    "AWS::Partition": "aws",
    "AWS::Region": "us-east-1",
    "AWS::StackId": STACK,
    "Api": "abc12345",
    "ApiKeySecretName": "aita/api-key",
    "Bucket.Arn": BUCKET,
    "RunStateMachine": MACHINE,
    "Table.Arn": TABLE,
}

Command = Callable[..., Any]


class Recorded(InProcess):
    """The API in this process, which keeps what IAM is asked about each request."""

    calls: set[Call]

    def request(self, method: str, *path: str, **given: Any) -> Any:
        self.calls.add(Call("execute-api:Invoke", f"{API}/{method}/{'/'.join(path)}"))
        return super().request(method, *path, **given)


@pytest.fixture(scope="module")
def granted() -> dict[str, list[Grant]]:
    """What each policy grants where AWS's own keys encrypt."""
    resources = settled(transform(read_template())["Resources"], {"UsesApiKey"})
    return {name: grants(resources, f"{name}Policy", NAMES) for name in POLICIES}


@pytest.fixture(scope="module")
def people() -> dict[str, set[Call]]:
    """What each one's commands asked for, over all tests of the module."""
    return {name: set() for name in POLICIES}


@pytest.fixture(scope="module")
def graded() -> Iterator[Stack]:
    """A stack whose bucket keeps versions, with an exam of two students that is graded but for one part of a page."""
    with deployed() as stack:
        stack.s3.put_bucket_versioning(Bucket="aita-test", VersioningConfiguration={"Status": "Enabled"})
        stack.provider.answer = answer
        stack.put(f"{ASSIGNMENT}/questions.json", exam(ASSIGNMENT))
        for student in ("Ann", "Bob"):
            stack.put(f"{ASSIGNMENT}/scans/{student}/1.jpg", page(student))
        for pipeline in ("rubric", "transcribe", "grade", "report"):
            assert stack.wait(stack.start(ASSIGNMENT, pipeline))["status"] == "SUCCEEDED"
        yield stack


def by(stack: Stack, calls: set[Call], patched: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    """Return what runs a command, records its calls, and returns its document."""
    reached = Recorded(stack)
    reached.calls = calls
    make = StackTarget.client

    def find(_place: StackTarget) -> Deployed:
        calls.add(FIND)
        machine = stack.state_machine_arn
        return Deployed("aita", "us-east-1", "", "aita-test", "aita-test", machine, 4, "m", "aita/api-key")

    def client(place: StackTarget, service: str) -> Any:
        made = make(place, service)
        record(made.meta.events, calls)
        made.meta.events.register("before-send.lambda.GetAccountSettings", answer_quota)
        return made

    patched.setattr("aita.cli.session.find_stack", find)
    patched.setattr("aita.cli.session.SigV4Transport", lambda *_: reached)
    patched.setattr("aita.cli.session.FileTransfer", lambda *_: reached)
    patched.setattr(StackTarget, "client", client)

    def run(*arguments: str, expected: int = 0) -> Any:
        capsys.readouterr()
        status = main(["--json", *arguments])
        told = capsys.readouterr()
        assert status == expected, (arguments, told)
        document = re.search(r"^\{\n.*", told.out, re.MULTILINE | re.DOTALL)  # after metrics of functions, a line each
        assert document is not None
        return json.loads(document[0])

    return run


@pytest.fixture
def instructor(
    graded: Stack, people: dict[str, set[Call]], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Command:
    return by(graded, people["Instructor"], monkeypatch, capsys)


@pytest.fixture
def grader(
    graded: Stack, people: dict[str, set[Call]], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Command:
    return by(graded, people["Grader"], monkeypatch, capsys)


@pytest.fixture
def operator(
    graded: Stack, people: dict[str, set[Call]], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Command:
    return by(graded, people["Operator"], monkeypatch, capsys)


def test_an_instructor_sets_and_grades_an_exam(instructor: Command, graded: Stack, tmp_path: Path) -> None:
    folder = tmp_path / "exam"
    (folder / "scans" / "Cy").mkdir(parents=True)
    (folder / "scans" / "Cy" / "1.jpg").write_bytes(page("Cy"))
    (folder / "questions.json").write_text(json.dumps(exam("instructed")))
    on = ("--assignment", "instructed")
    instructor("upload", str(folder), *on)
    instructor("estimate", "generate-rubric", *on)
    for command in ("generate-rubric", "transcribe", "grade"):
        run = instructor(command, *on, "--detach")
        assert graded.wait(run["run_id"])["status"] == "SUCCEEDED"
    instructor("status", run["run_id"])
    instructor("tasks", run["run_id"])
    instructor("results", run["run_id"], "--out", str(tmp_path / "results"))
    graded.wait(instructor("resume", run["run_id"], "--detach")["run_id"])
    instructor("runs", *on)
    instructor("students", "list", *on)
    instructor("names", "list", *on)
    instructor("keys", "show", *on)
    instructor("rubric", "diff", *on)
    (version,) = instructor("questions", "versions", *on)["versions"]
    assert not instructor("questions", "versions", version["version_id"], *on)["changed"]
    instructor("export", "jsonl", *on, "--out", str(tmp_path / "grades.jsonl"))


def test_a_grader_looks_and_decides(grader: Command, graded: Stack, tmp_path: Path) -> None:
    on = ("--assignment", ASSIGNMENT)
    cells = grader("review", "list", *on, "--all")["cells"]
    cell = cells[0]["cell_id"]
    grader("review", "show", cell, *on, "--out", str(tmp_path))
    grader("review", "set", cell, *on, "--points", "1", "--why", "so", "--by", "Ada")
    grader("review", "undo", cell, *on, "--by", "Ada")
    grader("review", "equal", *on)
    grader("assignments")
    grader("assignments", ASSIGNMENT)
    grader("rubric", "show", *on)
    student = graded.get(f"{ASSIGNMENT}/students.json")["students"][0]["student_id"]
    graded.put(f"{ASSIGNMENT}/ledger.json", {student: {"parts": [part("p-1", "1a", lines=[1])]}})
    grader("review", "parts", *on)
    grader("review", "part", "p-1", *on, "--nothing", "--by", "Ada")


def test_an_operator_examines_the_stack(operator: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("aita.cli.commands.doctor.AWS", PollInterval(0.01, 0.01))
    checks = operator("doctor", expected=1)["checks"]  # the provider here reads no word on a picture
    assert {each["check"] for each in checks if not each["ok"]} == {"model"}


def test_an_operator_sets_the_key(operator: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(2):
        monkeypatch.setattr("sys.stdin", io.StringIO("sk-another\n"))
        operator("key", "set")
        described = boto3.client("secretsmanager").describe_secret(SecretId="aita/api-key")
        boto3.client("secretsmanager").delete_secret(SecretId="aita/api-key", ForceDeleteWithoutRecovery=True)
    assert described["Tags"] == [{"Key": "aita", "Value": "aita"}], "the second secret is the command's own"
    assert not is_set(StackTarget("aita", "us-east-1"), "aita/api-key"), "as the doctor asks"


def test_an_operator_looks_after_runs(operator: Command, graded: Stack) -> None:
    run = graded.wait(graded.start(ASSIGNMENT, "report"))["run_id"]
    operator("runs", "--assignment", ASSIGNMENT)
    operator("status", run)
    operator("tasks", run)
    graded.wait(operator("resume", run, "--detach")["run_id"])
    operator("cancel", run, expected=1)


def test_an_operator_audits_and_purges(operator: Command, graded: Stack, tmp_path: Path) -> None:
    on = ("--assignment", ASSIGNMENT)
    operator("audit", *on, "--out", str(tmp_path))
    students = f"{ASSIGNMENT}/students.json"
    graded.put(students, graded.get(students))  # so that there is an earlier version to look into
    operator("purge", *on, "--student", "Nobody", "--yes", expected=1)
    operator("purge", *on, "--student", "Bob", "--yes")
    operator("purge", *on, "--yes")


@pytest.mark.parametrize("name", POLICIES)
def test_every_call_is_granted(people: dict[str, set[Call]], granted: dict[str, list[Grant]], name: str) -> None:
    assert len(people[name]) > 5, f"the {name.lower()} did nothing: run the whole module"
    refused = [
        call
        for call in sorted(people[name])
        if not any(grant.covers(call.action, call.resource, call.partition) for grant in granted[name])
    ]
    assert not refused


@pytest.mark.parametrize("name", POLICIES)
def test_every_grant_is_used(people: dict[str, set[Call]], granted: dict[str, list[Grant]], name: str) -> None:
    def is_used(grant: Grant) -> bool:
        return any(grant.covers(call.action, call.resource, call.partition) for call in people[name])

    assert not [grant for grant in granted[name] if not is_used(grant)]


def test_what_each_may_not_do(granted: dict[str, list[Grant]]) -> None:
    def may(name: str, method: str, path: str) -> bool:
        return any(grant.covers("execute-api:Invoke", f"{API}/{method}/{path}") for grant in granted[name])

    decisions = ("assignments/a/reviews/c", "assignments/a/parts/p/decisions")
    assert all(may("Grader", "POST", each) and not may("Operator", "POST", each) for each in decisions)
    for path in ("runs", "runs/r/cancel", "assignments/a/uploads", "assignments/a/students/s"):
        assert not may("Grader", "POST", path)
    assert may("Operator", "POST", f"assignments/{DOCTOR}/uploads")
    assert not may("Operator", "POST", "assignments/a/uploads")
    assert not may("Operator", "POST", "assignments/a/students/s")
    assert {grant.action for grant in granted["Instructor"]} == {FIND.action, "execute-api:Invoke"}


def test_the_documents_name_what_the_operators_commands_need(granted: dict[str, list[Grant]]) -> None:
    lines = (ROOT / "docs" / "operations.md").read_text("utf-8").splitlines()
    rows = [line for line in lines if line.startswith(("| purge |", "| audit |", "| doctor |"))]
    documented = {action for row in rows for action in re.findall(r"`(\w[\w-]*:\w+)`", row)}
    of_the_key = {f"secretsmanager:{action}" for action in ("CreateSecret", "PutSecretValue", "TagResource")}
    assert documented - {"sts:GetCallerIdentity"} == {grant.action for grant in granted["Operator"]} - of_the_key
