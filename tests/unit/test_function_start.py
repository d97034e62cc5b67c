"""What the start of a function loads: whoever waits for its first answer waits for that, too."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.cases.cold_start import ENVIRONMENT

ROOT = Path(__file__).parents[2]
REPORT = "import app, gc, json, sys; print(json.dumps({'modules': list(sys.modules), 'collects': gc.isenabled()}))"

pytestmark = pytest.mark.slow


def test_the_task_function_loads_no_stage_that_its_items_may_not_need() -> None:
    environment = os.environ | ENVIRONMENT | {"PYTHONPATH": f"{ROOT / 'functions' / 'task'}:{ROOT / 'layers' / 'aita'}"}
    started = subprocess.run(
        [sys.executable, "-c", REPORT], check=True, env=environment, cwd="/", capture_output=True, text=True
    )
    found = json.loads(started.stdout)
    assert {"openai", "boto3"} <= set(found["modules"])
    stages = {name.rpartition(".")[2] for name in found["modules"] if name.startswith("aita.services.stages.")}
    assert stages == {"base", "custom_tasks"}
    assert found["collects"], "only the start does without the collector"
