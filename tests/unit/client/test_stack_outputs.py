"""Finding the stack, and what is said when it can't be found."""

import json
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from aita.client.stack_outputs import find_stack
from aita.client.stack_target import StackTarget
from aita.errors import StackError
from tests.support.command_fixtures import Aita
from tests.support.fake_stack import FakeStack


def local(stack: FakeStack) -> StackTarget:
    return StackTarget("aita", "us-east-1", stack.url, local=True)


def problem(place: StackTarget) -> str:
    with pytest.raises(StackError) as caught:
        find_stack(place)
    return str(caught.value)


def test_a_stack_tells_of_itself(stack: FakeStack) -> None:
    assert asdict(find_stack(local(stack))) == {
        "name": "aita",
        "region": "us-east-1",
        "api_url": f"{stack.url}/_aws/execute-api/abc12345/v1",
        "bucket": "bucket",
        "table": "table",
        "state_machine_arn": "arn:aws:states:us-east-1:000000000000:stateMachine:aita",
        "max_concurrency": 5,
        "model": "model-1",
        "api_key_secret": "aita/api-key",
        "role_models": {},
        "role_secrets": {},
        "is_protected": True,
    }


def test_a_table_that_can_be_deleted_is_told(stack: FakeStack) -> None:
    stack.parameters["DeletionProtection"] = "false"
    assert not find_stack(local(stack)).is_protected


def test_a_stack_tells_of_its_reader_and_grader(stack: FakeStack) -> None:
    stack.parameters |= {
        "ReaderModel": "",
        "ReaderBaseUrl": "https://reader.test/v1",
        "ReaderKeySecretName": "aita/reader-key",
        "GraderModel": "grade-model",
        "GraderBaseUrl": "",
        "GraderKeySecretName": "aita/grader-key",
    }
    found = find_stack(local(stack))
    assert found.role_models == {"reader": "model-1", "grader": "grade-model"}
    assert found.role_secrets == {"reader": "aita/reader-key"}


def test_a_stack_that_is_not_there(stack: FakeStack) -> None:
    stack.missing = True
    assert "there is no stack 'aita'" in problem(local(stack))
    assert "aita local up" in problem(local(stack))
    assert "for the stack on this computer add --local" in problem(replace(local(stack), local=False))


def test_a_stack_that_is_not_ready(stack: FakeStack) -> None:
    stack.status = "ROLLBACK_COMPLETE"
    assert "ROLLBACK_COMPLETE" in problem(local(stack))


def test_a_stack_of_something_else(stack: FakeStack) -> None:
    del stack.outputs["TableName"]
    assert "does not tell its TableName" in problem(local(stack))


def test_an_emulator_that_does_not_run(aita: Aita, stack: FakeStack, tmp_path: Path) -> None:
    file = tmp_path / "project" / ".aita" / "local.json"
    file.write_text(json.dumps({"endpoint_url": "http://127.0.0.1:9", "region": "us-east-1", "stack": "aita"}))
    code, _, err = aita("runs", "-a", "midterm")
    assert code == 1
    assert "http://127.0.0.1:9: start it with 'aita local up'" in err


@pytest.mark.slow
def test_no_network(stack: FakeStack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "a")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "b")
    assert "AWS can't be reached" in problem(StackTarget("aita", "us-east-1", "http://127.0.0.1:9"))


def test_no_region() -> None:
    assert "there is no AWS region" in (told := problem(StackTarget("aita")))
    assert "for the stack on this computer add --local" in told


def test_no_credentials(aita: Aita, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_REGION", "eu-central-1")
    code, _, err = aita("runs", "-a", "midterm", "--region", "eu-central-1")
    assert code == 1
    assert "there are no AWS credentials" in err
    assert "--local" in err


def test_a_profile_that_is_not_there(stack: FakeStack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    assert "nobody" in problem(StackTarget("aita", "us-east-1"))
    assert find_stack(local(stack)).name == "aita"


def test_an_endpoint_of_the_environment_is_taken(aita: Aita, stack: FakeStack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AITA_LOCAL")
    monkeypatch.setenv("AWS_ENDPOINT_URL", stack.url)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "a")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "b")
    stack.answer("GET", "/runs", {"runs": []})
    stack.answer("GET", "/assignments/midterm/files", {"files": [stack.file("questions.json", b"{}")]})
    stack.answer("GET", "/assignments/midterm/uploads", {"files": []})
    assert aita("runs", "-a", "midterm", "--region", "us-east-1")[0] == 0
