"""Cold start of each function: the time from a new process to a ready handler with its clients."""

import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

from benchmarks.harness.results_table import Case

ROOT = Path(__file__).parents[2]
TIMES = 10
BARE = """
import boto3, openai
boto3.client("dynamodb"); boto3.client("s3"); openai.OpenAI(api_key="none", max_retries=0)
"""
GRADING = "from aita.services.runs.pipelines import stage_of; stage_of('grade')"
"""Import of the largest stage, which an item of it waits for besides."""

BEDROCK = "import os; os.environ['AITA_MODEL_BASE_URL'] = 'bedrock'"
"""What a stack whose models are Amazon Bedrock's is told."""

BOUNDS = {"task": 1.05, "plan": 0.7, "collect": 0.7, "api": 0.9}
ENVIRONMENT = {
    "AITA_TABLE": "t",
    "AITA_BUCKET": "b",
    "AITA_MODEL": "m",
    "AITA_MODEL_BASE_URL": "https://127.0.0.1:1/v1",
    "AITA_API_KEY_SECRET": "s",
    "AITA_MAX_WORKERS": "5",
    "AITA_STATE_MACHINE_ARN": "arn:aws:states:us-east-1:123456789012:stateMachine:m",
    "AITA_TASK_FUNCTION_ARN": "arn:aws:lambda:us-east-1:123456789012:function:task",
    "AITA_NAMES_FUNCTION_ARN": "arn:aws:lambda:us-east-1:123456789012:function:names",
    "AITA_SPLIT_FUNCTION_ARN": "arn:aws:lambda:us-east-1:123456789012:function:split",
    "AITA_REPORT_FUNCTION_ARN": "arn:aws:lambda:us-east-1:123456789012:function:report",
    "AITA_BATCH_FUNCTION_ARN": "arn:aws:lambda:us-east-1:123456789012:function:batch",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "POWERTOOLS_TRACE_DISABLED": "true",
    "PYDANTIC_DISABLE_PLUGINS": "__all__",
}


def measure() -> list[Case]:
    """Start each function and the bare script in turn, and compare the medians."""
    scripts = {"bare": BARE} | {
        name: f"import sys; sys.path.insert(0, {str(ROOT / 'functions' / name)!r}); import app" for name in BOUNDS
    }
    scripts["task, and its largest stage"] = f"{scripts['task']}\n{GRADING}"
    scripts["task with Amazon Bedrock"] = f"{BEDROCK}\n{scripts['task']}"
    taken: dict[str, list[float]] = {name: [] for name in scripts}
    for _ in range(TIMES + 1):  # the first of each fills the file cache and writes .pyc files
        for name, script in scripts.items():
            taken[name].append(_start(script))
    medians = {name: statistics.median(times[1:]) for name, times in taken.items()}
    bare = medians.pop("bare")
    return [
        Case(
            f"cold start of {name}, median of {TIMES}",
            f"{median * 1000:.0f} ms",
            f"bare openai and boto3: {bare * 1000:.0f} ms",
            median / bare,
            BOUNDS.get(name),
            at_least=False,
        )
        for name, median in medians.items()
    ]


def _start(script: str) -> float:
    """Return the seconds until the script is ready, without the end of its process."""
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"} | ENVIRONMENT
    command = [sys.executable, "-c", f"{script}\nimport time; print(time.monotonic())"]
    started = time.monotonic()  # one clock for all processes of a machine
    done = subprocess.run(command, check=True, env=environment, cwd="/", capture_output=True, text=True)
    return float(done.stdout.splitlines()[-1]) - started
