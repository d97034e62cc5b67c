"""What the doctor finds on a stack, and what it says to fix."""

import json
from typing import Any

import pytest

from aita.cli.commands.doctor import ASSIGNMENT
from aita.models.run import RunStatus
from aita.version import VERSION
from tests.unit.cli.conftest import Aita
from tests.unit.cli.fake_stack import RUN, FakeStack, run_view

SECRET = "sk-the-key"


@pytest.fixture
def healthy(stack: FakeStack) -> FakeStack:
    """A stack without anything to find."""
    stack.secrets["aita/api-key"] = SECRET
    stack.answer("GET", "/openapi.json", {"info": {"title": "aita", "version": VERSION}})
    stack.answer("POST", "/runs", run_view(assignment=ASSIGNMENT))
    stack.answer("GET", f"/runs/{RUN}", run_view(RunStatus.SUCCEEDED, assignment=ASSIGNMENT))
    stack.answer("GET", f"/runs/{RUN}/results", {"files": []})
    return stack


def found(aita: Aita) -> tuple[int, dict[str, Any]]:
    status, out, _ = aita("doctor", "--json")
    return status, json.loads(out)


def problems(aita: Aita) -> dict[str, str]:
    status, document = found(aita)
    assert status == 1
    assert document["ok"] is False
    return {check["check"]: check["found"] for check in document["checks"] if not check["ok"]}


def test_a_healthy_stack(healthy: FakeStack, aita: Aita) -> None:
    status, document = found(aita)
    assert (status, document["ok"], document["not_checked"]) == (0, True, [])
    names = [check["check"] for check in document["checks"]]
    assert names == ["credentials", "stack", "region", "version", "key", "quota", "model"]


def test_each_check_is_a_line_for_people(healthy: FakeStack, aita: Aita) -> None:
    status, out, _ = aita("doctor")
    assert status == 0
    lines = out.splitlines()
    assert [line.split()[0] for line in lines[:-1]] == ["ok"] * 7
    assert lines[-1] == "All is well"
    assert SECRET not in out


def test_the_model_is_asked_once_and_never_answered_from_the_cache(healthy: FakeStack, aita: Aita) -> None:
    found(aita)
    (started,) = healthy.asked("POST", "/runs")
    assert started.body["options"] == {"enable_checkpointing": False}
    (tasks,) = healthy.uploads.values()
    assert len(tasks.splitlines()) == 1


def test_credentials_that_are_refused(healthy: FakeStack, aita: Aita) -> None:
    healthy.account = ""
    assert "AWS refuses these credentials" in problems(aita)["credentials"]


def test_without_a_stack_the_rest_is_not_checked(healthy: FakeStack, aita: Aita) -> None:
    healthy.missing = True
    assert "there is no stack" in problems(aita)["stack"]
    assert found(aita)[1]["not_checked"] == ["region", "version", "key", "quota", "model"]
    assert not healthy.asked("POST", "/runs")
    status, out, _ = aita("doctor")
    assert status == 1
    assert out.splitlines()[-1].startswith("Not checked: region")


def test_another_version(healthy: FakeStack, aita: Aita) -> None:
    healthy.answers["GET", "/openapi.json"].clear()
    healthy.answer("GET", "/openapi.json", {"info": {"version": "9.9"}})
    assert list(problems(aita)) == ["version"]
    assert "9.9" in problems(aita)["version"]


def test_no_key(healthy: FakeStack, aita: Aita) -> None:
    healthy.secrets.clear()
    assert "aita key set" in problems(aita)["key"]


@pytest.mark.parametrize(("left", "enough"), [(10, False), (14, False), (15, True)])
def test_the_quota_must_hold_the_tasks_and_what_runs_beside_them(
    healthy: FakeStack, aita: Aita, left: int, enough: bool
) -> None:
    healthy.concurrency = left
    status, document = found(aita)
    assert (status == 0) is enough
    quota = next(check for check in document["checks"] if check["check"] == "quota")
    assert quota["ok"] is enough
    assert enough or "Service Quotas" in quota["found"]


def test_a_model_that_does_not_answer(healthy: FakeStack, aita: Aita) -> None:
    healthy.answers["GET", f"/runs/{RUN}"].clear()
    reason = "the provider refuses the key (401)"
    healthy.answer("GET", f"/runs/{RUN}", run_view(RunStatus.FAILED, assignment=ASSIGNMENT, reason=reason))
    healthy.answer("GET", f"/runs/{RUN}/tasks", {"tasks": [], "next_token": None})
    assert f"model-1 did not answer: {reason}" in problems(aita)["model"]


def test_what_the_question_left_and_why_is_no_fault(healthy: FakeStack, aita: Aita) -> None:
    status, document = found(aita)
    (model,) = (check["found"] for check in document["checks"] if check["check"] == "model")
    assert status == 0
    assert model.startswith("model-1 answered; what it left stays ('aita purge --assignment aita-doctor' deletes it): ")
