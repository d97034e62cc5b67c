"""What the start of a function loads: whoever waits for its first answer waits for that, too."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from benchmarks.cases.cold_start import ENVIRONMENT

ROOT = Path(__file__).parents[2]
REPORT = "import app, gc, json, sys; print(json.dumps({'modules': list(sys.modules), 'collects': gc.isenabled()}))"

pytestmark = pytest.mark.slow


def start(**variables: str) -> dict[str, Any]:
    """Start the task function, and return what it reports."""
    path = {"PYTHONPATH": f"{ROOT / 'functions' / 'task'}:{ROOT / 'layers' / 'aita'}"}
    started = subprocess.run(
        [sys.executable, "-c", REPORT],
        check=True,
        env=os.environ | ENVIRONMENT | path | variables,
        cwd="/",
        capture_output=True,
        text=True,
    )
    found: dict[str, Any] = json.loads(started.stdout)
    return found


def test_a_function_of_amazon_bedrock_loads_no_openai() -> None:
    modules = set(start(AITA_MODEL_BASE_URL="bedrock")["modules"])
    assert "aita.llm.bedrock_client" in modules
    assert not modules & {"openai", "aita.llm.chat", "aita.aws.api_key"}


def test_the_task_function_loads_no_stage_that_its_items_may_not_need() -> None:
    found = start()
    assert not {"aita.llm.bedrock", "aita.llm.converse"} & set(found["modules"])
    assert {"openai", "boto3"} <= set(found["modules"])
    stages = {name.rpartition(".")[2] for name in found["modules"] if name.startswith("aita.services.stages.")}
    assert stages == {"base", "custom_tasks"}
    assert found["collects"], "only the start does without the collector"
