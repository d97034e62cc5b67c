"""Lambda refuses to invoke a function: the machine waits, and what it can't have done says why.

The definition's own interpreter is moto's; only its waits are left out, and kept.
"""

import re
from collections import Counter
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from moto.stepfunctions.parser.asl.component.common.retry import retrier_decl

from tests.integration.material import exam
from tests.integration.stack import LambdaRefuses, Stack

THROTTLED, STARTING = "TooManyRequestsException", "CodeArtifactUserPendingException"


@pytest.fixture(autouse=True)
def waits(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The seconds that the machine would have waited before each retry."""
    waited: list[float] = []
    monkeypatch.setattr(retrier_decl, "time", SimpleNamespace(sleep=waited.append))
    return waited


def refuse(stack: Stack, function: str, error: str, times: float = float("inf")) -> Counter[str]:
    """Have Lambda refuse a function so often, and return how often it was asked to run each."""
    asked: Counter[str] = Counter()

    def before(invoked: str, event: dict[str, Any]) -> None:
        asked[invoked] += 1
        if invoked == function and asked[invoked] <= times:
            raise LambdaRefuses(error)

    stack.before = before
    return asked


@pytest.fixture
def impatient(stack: Stack) -> Iterator[None]:
    """The machine tries a throttled invocation again 10 times only: a thousand take a quarter of a minute here."""
    machine = {"stateMachineArn": stack.state_machine_arn}
    definition = stack.stepfunctions.describe_state_machine(**machine)["definition"]
    shorter, lasting = re.subn(r'"MaxAttempts": \d{3,}', '"MaxAttempts": 10', definition)
    assert lasting == 4
    stack.stepfunctions.update_state_machine(**machine, definition=shorter)
    yield
    stack.stepfunctions.update_state_machine(**machine, definition=definition)


@pytest.mark.parametrize("function", ["plan", "task", "collect"])
@pytest.mark.parametrize(("error", "times"), [(THROTTLED, 50), (STARTING, 10)])
def test_a_refusal_that_passes_fails_nothing(
    stack: Stack, assignment: str, waits: list[float], function: str, error: str, times: int
) -> None:
    stack.put(f"{assignment}/questions.json", exam(assignment))
    asked = refuse(stack, function, error, times)
    run = stack.wait(stack.start(assignment, "rubric", batch_size=5))
    assert run["status"] == "SUCCEEDED"
    assert asked[function] > times
    assert len(waits) == times
    assert max(waits) <= 60


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize(
    ("error", "told"), [(THROTTLED, "Lambda was throttled"), ("ServiceException", "Lambda itself could not run")]
)
def test_a_refusal_that_lasts_is_what_the_row_of_each_task_of_the_call_says(
    stack: Stack, assignment: str, error: str, told: str
) -> None:
    stack.put(f"{assignment}/questions.json", exam(assignment))
    refuse(stack, "task", error)
    run = stack.wait(stack.start(assignment, "rubric", batch_size=5))
    assert run["status"] == "FAILED"
    failed = stack.tasks(run["run_id"], "FAILED")
    assert len(failed) == 3
    assert {task["error_type"] for task in failed} == {f"Lambda.{error}"}
    (message,) = {task["error_message"] for task in failed}
    assert message.startswith(told)
    assert message.count("resume the run") == 1
    assert stack.provider.requests == []
    stack.before = lambda function, event: None
    code, _ = stack.call("POST", f"/runs/{run['run_id']}/resume")
    assert code == 200
    assert stack.wait(run["run_id"])["status"] == "SUCCEEDED"


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("function", ["plan", "collect"])
def test_a_run_whose_own_steps_are_throttled_for_good_says_so(stack: Stack, assignment: str, function: str) -> None:
    stack.put(f"{assignment}/questions.json", exam(assignment))
    refuse(stack, function, THROTTLED)
    run = stack.wait(stack.start(assignment, "rubric"))
    assert run["status"] == "FAILED"
    assert run["reason"].startswith("Lambda was throttled")
    assert run["reason"].endswith("resume the run")
    assert stack.execution(run)["status"] == "FAILED"
