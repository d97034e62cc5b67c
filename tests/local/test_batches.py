"""The sample exam through batches of the simulated model's, on a stack whose waits are shortened."""

from collections.abc import Iterator

import pytest

from aita_local.emulator import ENVIRONMENT
from aita_local.stack import LocalSettings
from aita_local.state_dir import StateDir
from tests.local.stack import MAX_WORKERS, PAGES, SAMPLES, LocalStack, wait_until

EXAM = "batched"


@pytest.fixture(scope="module")
def batched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStack]:
    """A stack of its own, as other tests need waits as they are: 300 s take one."""
    assert ENVIRONMENT.exists(), "the emulator's environment is not there: run `make emulator`"
    made = LocalStack(
        StateDir(tmp_path_factory.mktemp("batched") / "home"), LocalSettings(max_workers=MAX_WORKERS, rate_limit_rps=0)
    )
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("SFN_WAIT_SCALE", "0.003")
        try:
            made.up()
            made.run("upload", str(SAMPLES / "exam"), "--assignment", EXAM)
            yield made
        finally:
            made.down()


def test_the_sample_exam_is_graded_through_batches(batched: LocalStack) -> None:
    batched.model.control(latency=0, batch_fault="error_after_creation")
    run = batched.run("exam", "--assignment", EXAM, "--batch")
    assert run["status"] == "SUCCEEDED"
    stats = batched.model.stats()
    assert stats["batch_requests_repeated"] == 0, stats
    assert stats["batch_files"] == 0, stats
    assert run["usage"]["batch_calls"] == stats["batch_requests"] > PAGES, (run["usage"], stats)
    assert run["usage"]["calls"] == stats["batch_requests"] + stats["replies"], (run["usage"], stats)


def test_its_results_are_those_of_ordinary_calls(batched: LocalStack) -> None:
    names = ("answer_keys.json", "rubrics.json", "transcriptions.json", "answers.json")
    found = {name: batched.artifact(EXAM, name) for name in names}
    for command in ("generate-rubric", "transcribe"):
        run = batched.run(command, "--assignment", EXAM, AITA_ENABLE_CHECKPOINTING="false")
        assert run["usage"]["cached_calls"] == run["usage"]["batch_calls"] == 0
        assert run["usage"]["calls"] > 0
    assert {name: batched.artifact(EXAM, name) for name in names} == found


def test_a_run_that_is_cancelled_cancels_its_batch(batched: LocalStack) -> None:
    batched.model.control(batch_seconds=3600, batch_fault="")
    run_id = batched.run(
        "generate-rubric", "--assignment", EXAM, "--batch", "--detach", AITA_ENABLE_CHECKPOINTING="false"
    )["run_id"]
    wait_until(lambda: batched.run("status", run_id)["batch_progress"] is not None, "the run waited for its batch")
    assert "waiting for the provider's batch" in batched.aita("status", run_id).out
    assert batched.run("cancel", run_id)["status"] == "CANCELLED"
    wait_until(lambda: batched.model.stats()["batches_cancelled"] == 1, "the batch was cancelled")
