"""Runs whose requests go to the provider's batches, on the real definition and the real handlers."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from aita_local.simulated_model.fault_injection import FaultSettings
from tests.integration.material import exam, page, right
from tests.integration.provider import Answer
from tests.integration.stack import Stack


@pytest.fixture(autouse=True)
def no_faults(stack: Stack) -> Iterator[None]:
    yield
    stack.provider.faults.change(FaultSettings())


def batched(stack: Stack, assignment: str, pipeline: str = "rubric", **options: Any) -> dict[str, Any]:
    return stack.wait(stack.start(assignment, pipeline, **{"provider_batch": "first"} | options))


def of_provider(stack: Stack) -> dict[str, int]:
    return stack.provider.batches.statistics()


def test_questions_become_answer_keys_and_rubrics_at_half_the_price(stack: Stack, assignment: str) -> None:
    stack.put(f"{assignment}/questions.json", exam(assignment))
    before = of_provider(stack)
    run = batched(stack, assignment)
    assert run["status"] == "SUCCEEDED"
    assert (run["usage"]["calls"], run["usage"]["batch_calls"]) == (6, 6 - len(stack.provider.requests))
    after = of_provider(stack)
    assert after["batch_requests"] - before["batch_requests"] == run["usage"]["batch_calls"] >= 4
    assert after["batch_requests_repeated"] == before["batch_requests_repeated"]
    assert after["batch_files"] == before["batch_files"], "nothing stays at the provider"
    assert {task["usage"]["batch_calls"] for task in stack.tasks(run["run_id"], "SUCCEEDED")} == {0, 1}


def test_a_whole_exam_has_the_results_of_a_run_without_batches(stack: Stack, assignment: str) -> None:
    """All artifacts and all tasks' results are equal, byte for byte."""
    stack.put(f"{assignment}/questions.json", exam(assignment))
    for student in ("Ada", "Bob"):
        stack.put(f"{assignment}/scans/{student}/1.jpg", page(f"{student}'s"))
    options = {"see": "always", "batch_size": 5}
    ordinary = stack.wait(stack.start(assignment, "exam", **options))
    assert ordinary["status"] == "SUCCEEDED"
    asked = len(stack.provider.requests)
    found = forget(stack, assignment, ordinary["run_id"])
    stack.provider.requests.clear()

    run = batched(stack, assignment, "exam", **options)
    assert run["status"] == "SUCCEEDED"
    assert run["usage"]["batch_calls"] + len(stack.provider.requests) == run["usage"]["calls"] == asked
    assert run["usage"]["batch_calls"] > 0
    again = forget(stack, assignment, run["run_id"])
    assert again.keys() == found.keys()
    assert {name: data for name, data in again.items() if data != found[name]} == {}


def forget(stack: Stack, assignment: str, run_id: str) -> dict[str, bytes]:
    """Return what a run has made, by name, and delete it, and the replies that it was made of.

    Reports are left out: they have the time at which they were made.
    """
    found = {}
    kept = ("questions.json", "scans/", "students.json")
    for key in [*stack.keys(f"{assignment}/"), *stack.keys("cache/"), *stack.keys(f"runs/{run_id}/")]:
        name = key.replace(run_id, "RUN")
        if name.startswith(f"{assignment}/") and name.removeprefix(f"{assignment}/").startswith(kept):
            continue
        is_result = "/results/" in name or (name.startswith(f"{assignment}/") and name.endswith(".json"))
        if is_result and "report" not in name:
            found[name] = stack.s3.get_object(Bucket="aita-test", Key=key)["Body"].read()
        if not name.startswith("runs/"):
            stack.s3.delete_object(Bucket="aita-test", Key=key)
    return found


@pytest.mark.parametrize("fault", ["error_after_creation", "expired", "cancelled", "partial", "queue_full"])
def test_faults_of_batches_cost_no_task(stack: Stack, assignment: str, fault: str) -> None:
    stack.put(f"{assignment}/questions.json", exam(assignment))
    stack.provider.faults.change(FaultSettings(batch_fault=fault))
    repeated = of_provider(stack)["batch_requests_repeated"]
    run = batched(stack, assignment)
    assert run["status"] == "SUCCEEDED"
    assert run["usage"]["calls"] == 6
    assert of_provider(stack)["batch_requests_repeated"] == repeated


def test_a_batch_that_fails_as_a_whole_halts_the_run(stack: Stack, assignment: str) -> None:
    stack.put(f"{assignment}/questions.json", exam(assignment))
    stack.provider.faults.change(FaultSettings(batch_fault="invalid"))
    run = batched(stack, assignment)
    assert run["status"] == "HALTED"
    assert "the provider did nothing of a batch" in run["reason"]
    stack.provider.faults.change(FaultSettings())
    assert stack.call("POST", f"/runs/{run['run_id']}/resume")[0] == 200
    assert stack.wait(run["run_id"])["usage"]["calls"] == 6


def test_a_run_with_batches_only_asks_in_no_other_way(stack: Stack, assignment: str) -> None:
    stack.put(f"{assignment}/questions.json", exam(assignment))
    stack.provider.faults.change(FaultSettings(batch_fault="expired"))
    run = batched(stack, assignment, provider_batch="only")
    assert run["status"] in ("PARTIAL", "FAILED")
    assert "UnansweredError" in {task["error_type"] for task in stack.tasks(run["run_id"], "FAILED")}
    assert len(stack.provider.requests) <= 1
    stack.provider.faults.change(FaultSettings())
    assert stack.call("POST", f"/runs/{run['run_id']}/resume")[0] == 200
    assert stack.wait(run["run_id"])["status"] == "SUCCEEDED"
    assert len(stack.provider.requests) <= 1


def test_a_cancelled_run_cancels_at_the_provider_and_a_resume_pays_nothing_twice(stack: Stack, assignment: str) -> None:
    stack.put(f"{assignment}/questions.json", exam(assignment))
    stack.provider.faults.change(FaultSettings(batch_seconds=3600))
    run_id = stack.start(assignment, "rubric", provider_batch="first")
    view = stack.wait_for_batches(run_id)
    assert view["batch_progress"]["total"] >= 2
    code, cancelled = stack.call("POST", f"/runs/{run_id}/cancel")
    assert (code, cancelled["status"]) == (200, "CANCELLED")
    assert "cancelling" in {batch.status for batch in stack.provider.batches._batches.values()}
    stack.provider.faults.change(FaultSettings())
    assert stack.call("POST", f"/runs/{run_id}/resume")[0] == 200
    resumed = stack.wait(run_id)
    assert resumed["status"] == "SUCCEEDED"
    assert resumed["usage"]["calls"] == 6


def test_no_text_of_a_student_reaches_the_book(stack: Stack, assignment: str) -> None:
    stack.put(f"{assignment}/questions.json", exam(assignment))
    stack.put(f"{assignment}/scans/Ada Lovelace/1.jpg", page("Ada's"))
    stack.provider.answer = lambda request: (
        right(request, "a secret of hers") if "response_format" in request else Answer("fine")
    )
    run = batched(stack, assignment, "transcribe")
    assert run["status"] == "SUCCEEDED"
    books = [key for key in stack.keys(f"runs/{run['run_id']}/") if "/batches" in key]
    written = b"".join(stack.s3.get_object(Bucket="aita-test", Key=key)["Body"].read() for key in books).decode()
    assert json.loads(written.partition("}{")[0] + ("}" if "}{" in written else ""))
    assert "Ada" not in written
    assert "secret" not in written
