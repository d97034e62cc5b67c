"""Stack for benchmarks on the emulator, with the simulated model and a client of its API."""

import json
import os
import re
import signal
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aita.client.api_client import ApiClient
from aita.client.sigv4 import SigV4Transport
from aita.client.stack_outputs import find_stack
from aita.client.stack_target import StackTarget
from aita.models.api import RunOptions, RunView, StartRunRequest
from aita.models.run import RunStatus
from aita_local import stack
from aita_local.emulator import Emulator
from aita_local.state_dir import StateDir
from benchmarks.harness.model_server import Model, stopping

POLL_SECONDS = 0.25
PATIENCE_SECONDS = 300.0
GRACE_SECONDS = 10.0


@dataclass(frozen=True)
class Emulated:
    """Running stack: a client of its bucket, its API and its model."""

    home: StateDir
    settings: stack.LocalSettings
    s3: Any
    dynamodb: Any
    bucket: str
    table: str
    api: ApiClient
    model: Model

    def put(self, key: str, data: bytes) -> None:
        """Upload an object, as ``aws s3 sync`` does."""
        self.s3.put_object(Bucket=self.bucket, Key=key, Body=data)

    def forget_limits(self) -> None:
        """Delete the rate limiter's items, so that the next run finds the provider's limit anew."""
        for item in self.dynamodb.scan(TableName=self.table)["Items"]:
            if item["pk"]["S"].startswith("LIMIT#"):
                self.dynamodb.delete_item(TableName=self.table, Key={"pk": item["pk"], "sk": item["sk"]})

    def read(self, key: str) -> Any:
        """Return the content of a JSON file."""
        return json.loads(self.s3.get_object(Bucket=self.bucket, Key=key)["Body"].read())

    def run(self, assignment: str, pipeline: str, options: RunOptions | None = None) -> RunView:
        """Run a pipeline to its end.

        Raises
        ------
        RuntimeError
            If it does not succeed as a whole and in time: half a run is no measurement.
        """
        return self.succeeded(self.start(assignment, pipeline, options))

    def start(self, assignment: str, pipeline: str, options: RunOptions | None = None) -> RunView:
        """Start a run."""
        return self.api.start(
            StartRunRequest(assignment=assignment, pipeline=pipeline, options=options or RunOptions()),
            key=uuid.uuid4().hex,
        )

    def ended(self, run: RunView) -> RunView:
        """Return a run after its end, of any kind, or after the time limit."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while run.status is RunStatus.RUNNING and time.monotonic() < deadline and not stopping.wait(POLL_SECONDS):
            run = self.api.run(run.run_id)
        return run

    def succeeded(self, run: RunView) -> RunView:
        """Return a run after its success.

        Raises
        ------
        RuntimeError
            If it does not succeed as a whole and in time.
        """
        run = self.ended(run)
        if run.status is not RunStatus.SUCCEEDED:
            raise RuntimeError(f"{run.pipeline} of {run.assignment} is {run.status}: {run.reason}")
        return run

    def restart(self) -> None:
        """Stop the stack with its state kept, and start it again; the model starts with default settings."""
        stack.down(home=self.home, say=lambda _: None)
        self.up()

    def up(self) -> None:
        """Start the servers that are not running."""
        stack.up(self.settings, home=self.home, say=lambda _: None)

    def kill(self) -> None:
        """Kill the emulator, like a crash, and wait until it is gone."""
        daemon = Emulator(self.home).daemon
        os.kill(self.emulator_pid, signal.SIGKILL)
        while daemon.is_running():
            time.sleep(0.02)

    def peak_megabytes(self) -> float:
        """Return the highest peak of memory among the functions' processes."""
        folder = str(self.home.path)
        peaks = [_peak(process) for process in Path("/proc").glob("[0-9]*") if _runs_from(process, folder)]
        return max(peaks, default=0.0)

    @property
    def emulator_pid(self) -> int:
        """Process id of the emulator."""
        pid: int = json.loads((self.home.path / "processes" / "emulator.json").read_text())["pid"]
        return pid


@contextmanager
def emulated(concurrency: int) -> Iterator[Emulated]:
    """Start a stack without a rate limit in a home of its own, and stop it at the end of the block."""
    with tempfile.TemporaryDirectory(prefix="aita-bench-") as folder:
        home = StateDir(Path(folder))
        try:
            settings = stack.LocalSettings(max_workers=concurrency, rate_limit_rps=0)
            connection = stack.up(settings, home=home, say=lambda _: None)
            place = StackTarget(connection.stack, connection.region, connection.endpoint_url, local=True)
            found = find_stack(place)
            api = ApiClient(SigV4Transport(place, found.api_url, found.region))
            model = Model(connection.model_base_url)
            s3, dynamodb = place.client("s3"), place.client("dynamodb")
            yield Emulated(home, settings, s3, dynamodb, found.bucket, found.table, api, model)
        finally:
            try:
                stack.down(home=home, say=lambda _: None)
            finally:
                _end_workers(folder)


def _end_workers(folder: str) -> None:
    """End the functions' processes that a killed or interrupted emulator left: they run from its folder."""
    deadline = time.monotonic() + GRACE_SECONDS
    while left := [process for process in Path("/proc").glob("[0-9]*") if _runs_from(process, folder)]:
        if time.monotonic() > deadline:
            for process in left:
                with suppress(ProcessLookupError):
                    os.kill(int(process.name), signal.SIGKILL)
        time.sleep(0.1)


def _peak(process: Path) -> float:
    try:
        status = (process / "status").read_text()
    except OSError:  # it has ended meanwhile
        return 0.0
    found = re.search(r"^VmHWM:\s+(\d+) kB$", status, re.MULTILINE)
    return int(found[1]) / 1024 if found else 0.0


def _runs_from(process: Path, folder: str) -> bool:
    try:
        return folder.encode() in (process / "cmdline").read_bytes()
    except OSError:  # it has ended meanwhile
        return False
