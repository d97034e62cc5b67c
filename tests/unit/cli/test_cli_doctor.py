"""What the doctor finds on a stack, and what it says to fix."""

import json
from typing import Any

import pytest

from aita.cli.word_picture import WORD, draw
from aita.executor.chat_runs import PIPELINE, _id_of
from aita.models.names import DOCTOR
from aita.models.run import RunStatus
from aita.version import VERSION
from tests.support.command_fixtures import Aita
from tests.support.fake_stack import RUN, FakeStack, run_view

pytestmark = pytest.mark.slow

SECRET = "sk-the-key"


@pytest.fixture
def healthy(stack: FakeStack) -> FakeStack:
    """A stack without anything to find."""
    stack.secrets["aita/api-key"] = SECRET
    stack.answer("GET", "/openapi.json", {"info": {"title": "aita", "version": VERSION}})
    stack.answer("POST", "/runs", run_view(assignment=DOCTOR))
    stack.answer("GET", f"/runs/{RUN}", run_view(RunStatus.SUCCEEDED, assignment=DOCTOR))
    stack.answer(
        "GET", f"/runs/{RUN}/results", lambda: replies(stack, f"I read {WORD}", '{"only_in_the_schema": "red"}')
    )
    return stack


def replies(stack: FakeStack, *texts: str) -> dict[str, Any]:
    """Answer the lines that were sent last, as a run that has ended does."""
    pipeline = stack.asked("POST", "/runs")[-1].body["pipeline"]
    model = {PIPELINE: "model-1", "kind.reader_chat": "read-1", "kind.grader_chat": "model-1"}[pipeline]
    lines = stack.uploads[f"tasks/{pipeline.removeprefix('kind.')}.jsonl"].decode().splitlines()
    found = [
        {
            "line": place + 1,
            "task_id": _id_of(line, place, DOCTOR, model, pipeline),
            "result": {"text": text},
            "asks": 1,
        }
        for place, (line, text) in enumerate(zip(lines, texts, strict=False))
    ]
    name = f"{pipeline.removeprefix('kind.')}.results.json"
    return {"files": [stack.file(name, json.dumps(found).encode())]}


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


def test_a_reader_and_a_grader_of_their_own_are_checked_too(healthy: FakeStack, aita: Aita) -> None:
    healthy.parameters |= {
        "ReaderModel": "read-1",
        "ReaderBaseUrl": "https://reader.test/v1",
        "ReaderKeySecretName": "aita/reader-key",
        "GraderBaseUrl": "https://grader.test/v1",
        "GraderKeySecretName": "aita/grader-key",
    }
    healthy.secrets["aita/reader-key"] = SECRET
    healthy.answers.pop(("POST", "/runs"))
    healthy.answers.pop(("GET", f"/runs/{RUN}"))
    healthy.answer("POST", "/runs", run_view(assignment=DOCTOR, reader_model="read-1"))
    healthy.answer("GET", f"/runs/{RUN}", run_view(RunStatus.SUCCEEDED, assignment=DOCTOR, reader_model="read-1"))
    status, document = found(aita)
    checks = {check["check"]: check for check in document["checks"]}
    assert list(checks)[7:] == ["reader's key", "grader's key", "reader", "grader"]
    assert checks["reader"]["found"].startswith("read-1 answers with up to")
    assert checks["grader"]["found"].startswith("model-1 answers with up to")
    assert [name for name, check in checks.items() if not check["ok"]] == ["grader's key"]
    assert "aita key set --for grader" in checks["grader's key"]["found"].replace("--local ", "")
    assert status == 1


def test_each_check_is_a_line_for_people(healthy: FakeStack, aita: Aita) -> None:
    status, out, _ = aita("doctor")
    assert status == 0
    lines = out.splitlines()
    assert [line.split()[0] for line in lines[:-1]] == ["ok"] * 7
    assert lines[-1] == "All is well"
    assert SECRET not in out


def test_the_model_is_asked_in_runs_that_are_never_answered_from_the_cache(healthy: FakeStack, aita: Aita) -> None:
    found(aita)
    started = healthy.asked("POST", "/runs")
    assert [each.body["options"] for each in started] == [{"enable_checkpointing": False}] * 3
    pictures = [data for name, data in healthy.uploads.items() if name.startswith("images/")]
    assert pictures == [draw()]


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


def test_amazon_bedrock_needs_no_key(healthy: FakeStack, aita: Aita) -> None:
    healthy.secrets.clear()
    healthy.parameters["ModelBaseUrl"] = "bedrock"
    status, document = found(aita)
    assert status == 0
    (key,) = [check for check in document["checks"] if check["check"] == "key"]
    assert "none is needed" in key["found"]


def quota(aita: Aita) -> dict[str, Any]:
    return next(check for check in found(aita)[1]["checks"] if check["check"] == "quota")


@pytest.mark.parametrize(("left", "enough"), [(7, False), (8, True), (10, True)])
def test_the_quota_must_hold_a_runs_tasks_and_what_runs_beside_them(
    healthy: FakeStack, aita: Aita, left: int, enough: bool
) -> None:
    """So the doctor passes on a new account, whose quota can be 10, with the template's default."""
    healthy.concurrency = left
    assert quota(aita)["ok"] is enough


def test_what_to_ask_aws_for_is_told(healthy: FakeStack, aita: Aita) -> None:
    healthy.concurrency = 7
    assert "request-service-quota-increase" in quota(aita)["found"]
    assert quota(aita)["found"].endswith("at once (sam deploy --parameter-overrides MaxConcurrency=4)")
    healthy.concurrency = 3
    assert "MaxConcurrency" not in quota(aita)["found"]


@pytest.mark.parametrize(("at_work", "enough"), [(1, True), (2, False)])
def test_the_runs_at_work_must_fit_together(healthy: FakeStack, aita: Aita, at_work: int, enough: bool) -> None:
    healthy.concurrency, healthy.at_work = 10, at_work
    assert quota(aita)["ok"] is enough
    assert f"{at_work} are at work" in quota(aita)["found"] or "2 runs are at work" in quota(aita)["found"]


def test_a_model_that_does_not_answer(healthy: FakeStack, aita: Aita) -> None:
    healthy.answers["GET", f"/runs/{RUN}"].clear()
    reason = "the provider refuses the key (401)"
    healthy.answer("GET", f"/runs/{RUN}", run_view(RunStatus.FAILED, assignment=DOCTOR, reason=reason))
    healthy.answers["GET", f"/runs/{RUN}/results"].clear()
    healthy.answer("GET", f"/runs/{RUN}/results", {"files": []})
    assert f"model-1 did not answer: {reason}" in problems(aita)["model"]


def test_a_model_that_does_not_see_is_a_problem(healthy: FakeStack, aita: Aita) -> None:
    healthy.answers["GET", f"/runs/{RUN}/results"].clear()
    healthy.answer("GET", f"/runs/{RUN}/results", lambda: replies(healthy, "yes", '{"only_in_the_schema": "red"}'))
    told = problems(aita)["model"]
    assert "does not see pictures" in told
    assert "Choose a model that does" in told


def test_a_model_that_is_busy_is_not_waited_for_as_long_as_a_run_waits(healthy: FakeStack, aita: Aita) -> None:
    waiting = {"waits": 3, "wait_reason": "the provider answered 500; the provider says: no mmproj"}
    healthy.answers["GET", f"/runs/{RUN}"].clear()
    healthy.answer("GET", f"/runs/{RUN}", run_view(RunStatus.RUNNING, assignment=DOCTOR, **waiting))
    healthy.answer("POST", f"/runs/{RUN}/cancel", run_view(RunStatus.CANCELLED, assignment=DOCTOR))
    assert problems(aita)["model"].startswith(
        "model-1 did not answer: the provider answered 500; the provider says: no"
    )
    assert healthy.asked("POST", f"/runs/{RUN}/cancel")


def test_what_the_questions_left_and_why_is_no_fault(healthy: FakeStack, aita: Aita) -> None:
    status, document = found(aita)
    (model,) = (check["found"] for check in document["checks"] if check["check"] == "model")
    assert status == 0
    found_, _, left = model.partition("; what it left stays ('aita purge --assignment aita-doctor' deletes it): ")
    assert found_ == "model-1 answers with up to 8,192 tokens; sees pictures"
    assert left
