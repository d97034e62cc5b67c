"""The paths run by an interpreter behind boto3's clients, and what is seen of them from outside."""

import json
import re
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path as File
from typing import Any

from tests.aws.definition import SUBSTITUTIONS, Json, deployed_text
from tests.aws.path import (
    BUCKET,
    STAGE,
    TASK,
    THROTTLED,
    TRIES,
    Answer,
    Circumstance,
    Path,
    Thrown,
    manifest,
    manifest_key,
    payload,
)

TABLE = SUBSTITUTIONS["TableName"]
FUNCTIONS = {"Plan": "plan", "AdvanceBatches": "batch", "RunItem": "task", "Collect": "collect"}
"""The function that a state calls."""

FEW = 50
"""Retries of a throttled invocation here: the definition's own thousand take a minute for each path."""

PATIENCE = 300.0
"""Seconds after which an execution does not end any more, on the busiest machine."""


def hurried(path: Path) -> Path:
    """Return a path on which Lambda throttles for good after ``FEW`` retries instead of a thousand."""
    answers = {
        state: [
            Thrown(told.error, FEW + 1) if isinstance(told, Thrown) and told.times > FEW else told for told in answers
        ]
        for state, answers in path.answers.items()
    }
    return replace(path, answers=answers)


def _fewer(told: Answer) -> Answer:
    return Thrown(told.error, FEW + 1) if isinstance(told, Thrown) and told.times > FEW else told


def hurried_definition(table: str) -> str:
    """Return the definition on a table, with as many retries as ``hurried`` paths have."""
    text, found = re.subn(rf'"MaxAttempts": {TRIES[THROTTLED] - 1}\b', f'"MaxAttempts": {FEW}', deployed_text(table))
    assert found == len(FUNCTIONS), "each function's state waits for Lambda alike"
    return text


def script(paths: Iterable[Path]) -> Json:
    """Return what the functions answer on each path, by run and function."""
    return {
        path.run_id: {
            FUNCTIONS[state]: [[_told(answer, path), answer.times] for answer in answers]
            for state, answers in path.answers.items()
        }
        for path in paths
    }


def _told(answer: Answer, path: Path) -> Json:
    return {"error": answer.error} if isinstance(answer, Thrown) else {"payload": payload(answer, path)}


@dataclass(frozen=True)
class Interpreter:
    """An interpreter with a bucket, a table and functions that answer by the script in a folder."""

    folder: File
    s3: Any
    dynamodb: Any
    stepfunctions: Any
    create: Callable[[str], str]
    """Create a state machine whose table has a name, and return its ARN."""

    def run(self, path: Path) -> "Ended":
        """Run a path to its end."""
        self._prepare(path)
        machine = self.create("no-table" if path.circumstance is Circumstance.NO_TABLE else TABLE)
        started = self.stepfunctions.start_execution(
            stateMachineArn=machine, name=path.run_id, input=json.dumps(path.input)
        )
        deadline = time.monotonic() + PATIENCE
        while (found := self._execution(started))["status"] == "RUNNING":
            assert time.monotonic() < deadline, f"{path.name}: the execution did not end in {PATIENCE:g} s"
            time.sleep(0.02)
        return Ended(
            entered=self._entered(started["executionArn"]),
            ends=(found["error"], found["cause"]) if found["status"] == "FAILED" else None,
            calls={state: self._calls(path.run_id, function) for state, function in FUNCTIONS.items()},
            task=self._row(path, f"TASK#{TASK}"),
            run=self._row(path, "META"),
        )

    def _prepare(self, path: Path) -> None:
        if path.circumstance is not Circumstance.NO_MANIFEST:
            self.s3.put_object(Bucket=BUCKET, Key=manifest_key(path.run_id, 1), Body=manifest(1).encode())
        ended = path.circumstance is Circumstance.ENDED
        later = path.circumstance is Circumstance.LATER_ATTEMPT
        self._put(
            path, "META",
            status={"S": "CANCELLED" if ended else "RUNNING"}, attempt={"N": "2" if later else "1"},
            stages={"M": {STAGE: {"M": {"failed": {"N": "0"}}}}},
        )  # fmt: skip
        if path.circumstance is Circumstance.RECORDED:
            self._put(path, f"TASK#{TASK}", status={"S": "FAILED"}, attempt={"N": "1"}, error_message={"S": "its own"})

    def _put(self, path: Path, sort_key: str, **attributes: Json) -> None:
        key = {"pk": {"S": f"RUN#{path.run_id}"}, "sk": {"S": sort_key}}
        self.dynamodb.put_item(TableName=TABLE, Item=key | attributes)

    def _row(self, path: Path, sort_key: str) -> Json:
        key = {"pk": {"S": f"RUN#{path.run_id}"}, "sk": {"S": sort_key}}
        row: Json = self.dynamodb.get_item(TableName=TABLE, Key=key).get("Item", {})
        return row

    def _execution(self, started: Json) -> Json:
        found: Json = self.stepfunctions.describe_execution(executionArn=started["executionArn"])
        return found

    def _entered(self, arn: str) -> list[str]:
        pages = self.stepfunctions.get_paginator("get_execution_history").paginate(executionArn=arn)
        details = (event.get("stateEnteredEventDetails") for page in pages for event in page["events"])
        return [found["name"] for found in details if found]

    def _calls(self, run_id: str, function: str) -> list[Json]:
        with suppress(FileNotFoundError):
            return [json.loads(line) for line in (self.folder / f"{run_id}.{function}").read_text().splitlines()]
        return []


@dataclass(frozen=True)
class Ended:
    """What is seen of an execution that has ended."""

    entered: list[str]
    ends: tuple[str, str] | None
    calls: dict[str, list[Json]]
    task: Json
    run: Json


def check(path: Path, ended: Ended) -> None:
    """Check that an execution went the way of a path; which states its item entered is told by what they did."""
    assert [state for state in ended.entered if state in path.run.split()] == path.run.split()
    assert ended.ends == path.ends
    assert {state: len(calls) for state, calls in ended.calls.items()} == {
        state: len(list(path.tries(state))) for state in FUNCTIONS
    }
    assert all(
        set(call) == {"run_id", "attempt", "stage"}
        for state in ("Plan", "AdvanceBatches", "Collect")
        for call in ended.calls[state]
    )
    _check_waits(path, ended.calls["RunItem"])
    entered = path.item.split()
    words = ended.task.get("error_message", {}).get("S", "")
    if "CountFailure" in entered:
        assert words.startswith(path.why)
        assert ended.task["status"] == {"S": "FAILED"}
        assert ended.task["error_type"] == {"S": [*path.tries("RunItem")][-1].error}  # type: ignore[union-attr]  # it failed
        assert "quote" not in json.dumps(ended.task), "the cause is kept"
    else:
        assert words == ("its own" if path.circumstance is Circumstance.RECORDED else "")
    counted = "CountFailure" in entered and path.circumstance is not Circumstance.LATER_ATTEMPT
    assert ended.run["stages"]["M"][STAGE]["M"]["failed"] == {"N": str(int(counted))}
    recorded = "RecordRunFailure" in path.run and path.circumstance is not Circumstance.ENDED
    assert ("reason" in ended.run) == recorded
    if recorded:
        assert ended.run["status"] == {"S": "FAILED"}
        assert ended.run["reason"]["S"].startswith(path.why)


def _check_waits(path: Path, calls: list[Json]) -> None:
    """Check that an item brings back what it was told to keep, at each try until it is told anew."""
    kept: Json = {}
    for answer, call in zip(path.tries("RunItem"), calls, strict=True):
        assert call == path.input | {"item": {"task_id": TASK}, "waited": kept}
        if not isinstance(answer, Thrown):
            kept = answer.payload["waited"]
