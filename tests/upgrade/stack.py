"""The stack under the names that the kept replies were paid and the kept rows were written under.

A reply is found again by the provider's URL and the model's name, among others, so both are written here: no default
of the project decides them. Nothing here may need more of the other tests than version 0.1.0 has of them.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any
from unittest.mock import patch

import pytest
from starlette.testclient import TestClient

from aita_local.simulated_model.app import create_app
from aita_local.simulated_model.fault_injection import Faults, FaultSettings
from aita_local.simulated_model.sample.exam import SampleExam
from tests.integration import stack as integration
from tests.integration.provider import Answer, Provider
from tests.integration.stack import Stack, deployed

try:
    from tests.support.simulated import drop
except ModuleNotFoundError:  # in version 0.1.0, where make_0_1_0 runs
    from tests.simulated import drop  # type: ignore[no-redef]

BUCKET = TABLE = "aita-test"
MODEL = "simulated"
URL = "http://localhost:4010/v1"
"""Nothing listens there: the test's provider is reached as the proxy on the way to it."""

_ENVIRONMENT = {
    "AITA_MODEL": MODEL,
    "AITA_MODEL_BASE_URL": URL,
    "AITA_RATE_LIMIT_RPS": "0",
    "AITA_RATE_LIMIT_TPM": "0",
    "AITA_RETENTION_DAYS": "365",
    "AITA_MASK_HEADER": "0.12",
    "AITA_LONGEST_SIDE": "512",
}

OPTIONS = {
    "rate_limit_rps": 0,
    "rate_limit_tpm": 0,
    "enable_checkpointing": True,
    "checkpoint_interval": 10,
    "retry_failed_tasks": True,
    "batch_size": 5,
    "prefix_scheduling": True,
    "graders": 1,
    "disagreement": 0.2,
    "review": False,
}
"""What runs are started with: all of it, so that none of it is a default's."""


@contextmanager
def stack_at(start: datetime) -> Iterator[Stack]:
    """Deploy the stack, whose clock begins at ``start``, with the simulated model behind it."""
    simulated = create_app(SampleExam.load(), Faults(FaultSettings(latency=0)), drop)
    began = time.monotonic()
    set_environment = integration._set_environment

    def clock() -> datetime:
        return start + timedelta(seconds=time.monotonic() - began)

    def set_names(patched: pytest.MonkeyPatch, provider: Provider) -> None:
        set_environment(patched, provider)
        for name, value in _ENVIRONMENT.items():
            patched.setenv(name, value)
        patched.setenv("HTTP_PROXY", provider.base_url.removesuffix("/v1"))

    with (
        TestClient(simulated) as server,
        patch("aita.bootstrap.utc_now", clock),
        patch("aita.client.owner_operations._now", clock),
        patch.object(integration, "_set_environment", set_names),
        deployed() as stack,
    ):

        def answer(request: dict[str, Any]) -> Answer:
            if "response_format" not in request:
                return Answer(f"re: {request['messages'][-1]['content']}")
            answered = server.post("/v1/chat/completions", json=request)
            assert answered.status_code == 200, answered.text
            return Answer(answered.json()["choices"][0]["message"]["content"])

        stack.provider.answer = answer
        stack.s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
        yield stack


def calls(stack: Stack) -> int:
    """Return how often the provider was asked."""
    return len(stack.provider.requests)


def start(stack: Stack, assignment: str, pipeline: str, **options: Any) -> str:
    """Start a run under known options, and return its id."""
    return stack.start(assignment, pipeline, **OPTIONS | options)


def resume(stack: Stack, run_id: str) -> dict[str, Any]:
    """Resume a run and return it as it ended."""
    code, resumed = stack.call("POST", f"/runs/{run_id}/resume")
    assert code == 200, resumed
    return stack.wait(run_id)
