"""A deploy of new code in the middle of a run."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from aita_local.deploy import Deployment, Parameters
from aita_local.emulator import Emulator
from tests.local.stack import HELD, MAX_WORKERS, PAGES, LocalStack, true_texts, wait_until

MARK = "code of the second release"
Deploy = Callable[[], None]


@pytest.fixture
def deploy_marked(stack: LocalStack) -> Iterator[Deploy]:
    """Deploys task's code with a line more, which is logged, and puts the first code back in the end."""
    built = stack.home.path / "build" / "TaskFunction" / "app.py"
    first = built.read_text()
    yield lambda: redeploy(stack, built, first.replace("    item = ", f'    logger.info("{MARK}")\n    item = ', 1))
    redeploy(stack, built, first)


def redeploy(stack: LocalStack, built: Path, code: str) -> None:
    built.write_text(code)
    parameters = Parameters(
        runtime=Emulator(stack.home).runtime,
        max_concurrency=MAX_WORKERS,
        rate_limit_rps=stack.settings.rate_limit_rps,
        model_base_url=stack.model.base_url,
        model_name=stack.settings.model,
        mask_header=stack.settings.mask_header,
    )
    Deployment(stack.home, stack.endpoint_url).deploy(parameters)


def test_a_run_in_progress_goes_on_with_new_code(stack: LocalStack, uploaded: str, deploy_marked: Deploy) -> None:
    stack.forget_replies()
    stack.model.control(latency=HELD)  # so that most pages are still to come when the new code is there
    run_id = stack.run("transcribe", "--assignment", uploaded, "--detach")["run_id"]
    wait_until(lambda: stack.model.requests == MAX_WORKERS, "the first calls had started")
    deploy_marked()
    assert stack.model.requests < PAGES, "every page was asked for before the deploy had ended: nothing is proven"
    stack.model.control(latency=0.05)

    run = stack.aita("--json", "watch", run_id).json
    assert run["status"] == "SUCCEEDED"
    assert all(stage["succeeded"] == stage["total"] > 0 for stage in run["stages"])
    assert stack.texts(uploaded) == true_texts()
    # On AWS an invocation in flight runs to its end; the emulator ends it, and the item is tried again.
    assert stack.model.replies - run["usage"]["calls"] in range(MAX_WORKERS + 1), "nothing that was done is done again"
    assert any(MARK in line for lines in stack.function_logs().values() for line in lines)
