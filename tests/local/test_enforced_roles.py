"""The sample exam on an emulator that enforces the functions' roles, as AWS does."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from aita_local.deploy import client
from aita_local.stack import LocalSettings
from aita_local.state_dir import StateDir
from tests.local.stack import MAX_WORKERS, SAMPLES, Json, LocalStack

ASSIGNMENT = "enforced"


@pytest.fixture(scope="module")
def enforcing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStack]:
    """A stack of its own: whether roles are enforced is said when the emulator starts."""
    home = StateDir(tmp_path_factory.mktemp("enforcing") / "home")
    made = LocalStack(home, LocalSettings(max_workers=MAX_WORKERS, rate_limit_rps=0, mask_header=0.12))
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("AUTH", "true")
        try:
            made.up()
            client("s3", made.endpoint_url).delete_bucket_policy(Bucket=made.deployed.bucket)  # TLS only; here is none
            made.model.control(latency=0.05)
            yield made
        finally:
            made.down()


@pytest.fixture(scope="module")
def graded(enforcing: LocalStack) -> Json:
    enforcing.run("upload", str(SAMPLES / "exam"), "--assignment", ASSIGNMENT)
    return enforcing.run("exam", "--assignment", ASSIGNMENT)


def as_role(stack: LocalStack, role: str) -> Any:
    """Return an S3 client that has a role's rights."""
    found = client("cloudformation", stack.endpoint_url).describe_stack_resource(
        StackName="aita", LogicalResourceId=role
    )
    arn = f"arn:aws:iam::000000000000:role/{found['StackResourceDetail']['PhysicalResourceId']}"
    given = client("sts", stack.endpoint_url).assume_role(RoleArn=arn, RoleSessionName="test")["Credentials"]
    return boto3.client(
        "s3",
        endpoint_url=stack.endpoint_url,
        aws_access_key_id=given["AccessKeyId"],
        aws_secret_access_key=given["SecretAccessKey"],
        aws_session_token=given["SessionToken"],
    )


def test_the_exam_is_graded_and_reported_within_the_roles(enforcing: LocalStack, graded: Json, tmp_path: Any) -> None:
    assert graded["status"] == "SUCCEEDED"
    assert graded["usage"]["calls"] > 40
    cell = enforcing.run("review", "list", "--assignment", ASSIGNMENT)["cells"][0]["cell_id"]
    enforcing.run("review", "show", cell, "--assignment", ASSIGNMENT)
    enforcing.run("review", "set", cell, "--assignment", ASSIGNMENT, "--points", "1", "--why", "read anew")
    enforcing.run("report", "--assignment", ASSIGNMENT, "--out", str(tmp_path / "reports"))
    enforcing.run("results", graded["run_id"], "--out", str(tmp_path / "results"))
    logs = enforcing.function_logs()
    assert len(logs["/aws/lambda/aita-task"]) > 40
    refused = [f"{name}: {line}" for name, lines in logs.items() for line in lines if "AccessDenied" in line]
    assert not refused, refused


def test_versions_are_listed_and_restored_within_the_roles(enforcing: LocalStack, tmp_path: Path) -> None:
    file, on = tmp_path / "questions.json", ("--assignment", "versioned")
    exam = json.loads((SAMPLES / "exam" / "questions.json").read_text("utf-8"))
    for name in ("first", "second"):
        file.write_text(json.dumps(exam | {"exam_name": name}), "utf-8")
        enforcing.run("upload", str(file), *on)
    second, first = enforcing.run("questions", "versions", *on)["versions"]
    assert (second["is_present"], first["is_present"]) == (True, False)
    (changed,) = enforcing.run("questions", "versions", first["version_id"], *on)["changed"]
    assert [line for line in changed["lines"] if line[0] != " "] == [
        ["-", "exam_name: second"],
        ["+", "exam_name: first"],
    ]
    enforcing.run("questions", "restore", first["version_id"], *on, "--yes")
    assert len(enforcing.run("questions", "versions", *on)["versions"]) == 3
    names = {each["by"] for each in (first, second)}
    assert len(names) == 1, "whom the emulator says to have signed"


@pytest.mark.parametrize("function", ["Task", "Split", "Collect"])
def test_the_roles_are_enforced(enforcing: LocalStack, graded: Json, function: str) -> None:
    key = f"{ASSIGNMENT}/students.json"
    assert as_role(enforcing, "PlanFunctionRole").get_object(Bucket=enforcing.deployed.bucket, Key=key)
    with pytest.raises(ClientError) as refused:
        as_role(enforcing, f"{function}FunctionRole").get_object(Bucket=enforcing.deployed.bucket, Key=key)
    assert refused.value.response["Error"]["Code"] == "AccessDenied"
