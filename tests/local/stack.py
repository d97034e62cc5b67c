"""A local stack of the tests' own: what a person does with it, and what can be seen of it from outside."""

import json
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest

from aita.client.file_transfer import FileTransfer
from aita.client.sigv4 import SigV4Transport
from aita.client.stack_outputs import Stack, find_stack
from aita.client.stack_target import StackTarget
from aita_local import stack
from aita_local.deploy import client
from aita_local.emulator import Emulator
from aita_local.stack import Connection, LocalSettings
from aita_local.state_dir import LOOPBACK, PROJECT, StateDir

AITA = Path(sys.executable).with_name("aita")
SAMPLES = PROJECT / "samples"
TRUTH: dict[str, Any] = json.loads((SAMPLES / "truth.json").read_text())
PAGES = len(TRUTH["pages"])

MAX_WORKERS = 5
PATIENCE = 600.0
"""Seconds after which something does not come any more, on the busiest machine."""

HELD = 10 * PATIENCE
"""A latency, in seconds, by which the model answers nothing until it gets another one."""

Json = dict[str, Any]

_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def wait_until(condition: Callable[[], bool], what: str) -> None:
    """Poll until the condition holds; fail the test if it never does."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, f"waited {PATIENCE:g} s in vain until {what}"
        time.sleep(0.05)


@dataclass(frozen=True, slots=True)
class Done:
    """How an ``aita`` command ended."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Json:
        """The one JSON document that it printed."""
        document: Json = json.loads(self.out)
        return document


@dataclass(frozen=True, slots=True)
class Model:
    """The simulated model, watched and steered."""

    base_url: str

    def stats(self) -> Json:
        return self._ask("/stats")

    @property
    def requests(self) -> int:
        count: int = self.stats()["requests"]
        return count

    @property
    def replies(self) -> int:
        count: int = self.stats()["replies"]
        return count

    def control(self, **orders: float | str | None) -> None:
        self._ask("/control", json.dumps(orders).encode())

    def _ask(self, path: str, body: bytes | None = None) -> Json:
        with _DIRECT.open(self.base_url.removesuffix("/v1") + path, body, timeout=PATIENCE) as response:
            answer: Json = json.load(response)
        return answer


@dataclass(frozen=True)
class LocalStack:
    """A stack on this machine, in a home of its own."""

    home: StateDir
    settings: LocalSettings

    def up(self) -> Connection:
        return stack.up(self.settings, home=self.home)

    def down(self) -> None:
        stack.down(home=self.home)

    def kill_emulator(self) -> None:
        """End the emulator as a crash would."""
        daemon = Emulator(self.home).daemon
        pid = json.loads((self.home.path / "processes" / "emulator.json").read_text())["pid"]
        os.kill(pid, 9)
        wait_until(lambda: not daemon.is_running(), "the emulator was gone")

    def aita(self, *arguments: str, **environ: str) -> Done:
        """Run a command as a person does in a shell."""
        done = subprocess.run(
            [AITA, "--local", *arguments],
            cwd=PROJECT,
            env={**os.environ, "AITA_HOME": str(self.home.path), "COLUMNS": "200", **environ},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=2 * PATIENCE,
            check=False,
        )
        return Done(done.returncode, done.stdout, done.stderr)

    def run(self, *arguments: str, **environ: str) -> Json:
        """Run a command that must succeed, and return its document."""
        done = self.aita("--json", *arguments, **environ)
        assert done.status == 0, done
        return done.json

    @property
    def endpoint_url(self) -> str:
        return Emulator(self.home).endpoint_url

    @property
    def model(self) -> Model:
        return Model(f"http://{LOOPBACK}:{self.home.port('simulated-model')}/v1")

    @cached_property
    def place(self) -> StackTarget:
        return StackTarget("aita", "us-east-1", self.endpoint_url, local=True)

    @cached_property
    def deployed(self) -> Stack:
        return find_stack(self.place)

    @property
    def api(self) -> SigV4Transport:
        return SigV4Transport(self.place, self.deployed.api_url, self.deployed.region)

    @property
    def transfer(self) -> FileTransfer:
        return FileTransfer(self.place)

    def forget_replies(self) -> None:
        """Empty the cache of replies, so that the next run has to ask the model."""
        s3 = client("s3", self.endpoint_url)
        for key in self.keys("cache/"):
            s3.delete_object(Bucket=self.deployed.bucket, Key=key)

    def keys(self, prefix: str) -> list[str]:
        pages = client("s3", self.endpoint_url).get_paginator("list_objects_v2")
        found = pages.paginate(Bucket=self.deployed.bucket, Prefix=prefix)
        return [file["Key"] for page in found for file in page.get("Contents", [])]

    def artifact(self, assignment: str, name: str) -> Any:
        found = client("s3", self.endpoint_url).get_object(Bucket=self.deployed.bucket, Key=f"{assignment}/{name}")
        return json.loads(found["Body"].read())

    def texts(self, assignment: str) -> dict[tuple[str, int], str]:
        """Return what was transcribed, by folder and page."""
        students = self.artifact(assignment, "students.json")["students"]
        folders = {student["student_id"]: student["folder"] for student in students}
        pages = self.artifact(assignment, "transcriptions.json").items()
        return {(folders[student], page["page"]): page_text(page) for student, some in pages for page in some}

    def function_logs(self) -> dict[str, list[str]]:
        """Return all messages of each log group."""
        logs = client("logs", self.endpoint_url)
        groups = [group["logGroupName"] for group in logs.describe_log_groups()["logGroups"]]
        pages = logs.get_paginator("filter_log_events")
        return {
            name: [event["message"] for page in pages.paginate(logGroupName=name) for event in page["events"]]
            for name in groups
        }

    def executions(self) -> Iterator[Json]:
        """Yield each execution with its input, output and history."""
        states = client("stepfunctions", self.endpoint_url)
        for found in states.list_executions(stateMachineArn=self.deployed.state_machine_arn)["executions"]:
            arn = found["executionArn"]
            pages = states.get_paginator("get_execution_history").paginate(executionArn=arn)
            yield {
                **states.describe_execution(executionArn=arn),
                "history": [event for page in pages for event in page["events"]],
            }

    def rows(self) -> list[Json]:
        pages = client("dynamodb", self.endpoint_url).get_paginator("scan").paginate(TableName=self.deployed.table)
        return [row for page in pages for row in page["Items"]]


def full_home(factory: pytest.TempPathFactory) -> StateDir:
    """Return the home where the layers are built as AWS gets them: one for all workers, as that takes long."""
    base = factory.getbasetemp()
    return StateDir((base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "full-layers")


def page_text(page: Json) -> str:
    """Return the text of a transcription's lines."""
    return "\n".join(line["text"] for line in page["lines"])


def true_texts(*folders: str) -> dict[tuple[str, int], str]:
    """Return what is on the pages of some students, or of all."""
    return {
        (page["student"], page["page"]): page_text(page)
        for page in TRUTH["pages"]
        if not folders or page["student"] in folders
    }
