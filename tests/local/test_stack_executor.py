"""The executor on the stack, when its caller dies and when the model does."""

import os
import subprocess
import sys
from collections.abc import Iterator

import pytest

from aita import LLMTask, SimpleLLMTask, create_executor
from tests.local.stack import HELD, LocalStack, wait_until

TASKS = 12

CALLER = f"""
from aita import SimpleLLMTask, create_executor
tasks = [SimpleLLMTask(task_id=str(n), prompt=f"killed {{n}}") for n in range({TASKS})]
create_executor(backend="stack", show_progress=False, rate_limit=0).execute_batch(tasks, "killed")
"""


@pytest.fixture
def anything(stack: LocalStack, monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalStack]:
    stack.model.control(anything=True)
    monkeypatch.setenv("AITA_LOCAL", "true")
    monkeypatch.setenv("AITA_HOME", str(stack.home.path))
    yield stack
    stack.model.control(anything=False, status=None, code="")


def prompts(text: str) -> list[LLMTask[object]]:
    return [SimpleLLMTask(task_id=str(number), prompt=f"{text} {number}") for number in range(TASKS)]


def test_a_batch_whose_caller_was_killed_is_taken_up(anything: LocalStack) -> None:
    anything.model.control(latency=HELD)
    caller = subprocess.Popen([sys.executable, "-c", CALLER], env=dict(os.environ))
    try:
        wait_until(lambda: anything.model.requests > 0, "the first calls had started")
    finally:
        caller.kill()
        caller.wait()
    assert anything.model.replies == 0
    anything.model.control(latency=0.05)
    executor = create_executor(backend="stack", show_progress=False, rate_limit=0)
    batch = executor.execute_batch(prompts("killed"), "killed", resume_from_checkpoint=True)
    assert batch.success_rate == 1
    assert batch.metrics.resumed == TASKS
    assert anything.model.requests == TASKS, "nothing was asked twice"


def test_a_model_that_refuses_the_key_stops_the_batch_and_a_second_one_goes_on(anything: LocalStack) -> None:
    executor = create_executor(backend="stack", show_progress=False, rate_limit=0)
    assert executor.execute_batch(prompts("key")[:4], "key").success_rate == 1
    anything.model.control(status=401, code="invalid_api_key")
    batch = executor.execute_batch(prompts("key"), "key")
    assert "HALTED" in (batch.stopped or "")
    assert all((result.error or "").startswith("NotRun: ") for result in batch.failed_results)
    anything.model.control(status=None, code="")
    again = executor.execute_batch(prompts("key"), "key")
    assert (again.success_rate, again.stopped) == (1, None)
