"""Running the clients that are measured, against a simulated model that counts."""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace

from aita_local.emulator import no_proxy
from benchmarks.harness.clients import Job, Outcome
from benchmarks.harness.model_server import ROOT, Counted, Model, end, stopping
from benchmarks.harness.results_table import Limit

PEERS = {"threads": "thread pool with openai", "gathered": "asyncio with openai", "flexllm": "flexllm"}
"""The peers by their names in ``benchmarks.harness.clients``."""

PATIENCE = 240.0
"""Seconds that a run may take."""

_PEERS_PYTHON = ROOT / ".aita" / "peers" / "bin" / "python"


@dataclass(frozen=True, slots=True)
class Run:
    """One run: what the client says of it, and what the model counted."""

    outcome: Outcome
    counted: Counted


@dataclass(frozen=True, slots=True)
class Runs:
    """The same run, some times over, of so many tasks each."""

    runs: Sequence[Run]
    tasks: int

    @property
    def seconds(self) -> float:
        """The median."""
        return statistics.median(run.outcome.seconds for run in self.runs)

    @property
    def megabytes(self) -> float:
        """The most memory that one had."""
        return max(run.outcome.megabytes for run in self.runs)

    @property
    def lost(self) -> int:
        """The tasks that came to nothing, or to something wrong."""
        return sum(self.tasks - run.outcome.right for run in self.runs)

    @property
    def told(self) -> str:
        """The runs as a person reads them."""
        requests = sum(run.counted.requests for run in self.runs)
        refused = sum(run.counted.rate_limited for run in self.runs)
        median = f", median of {len(self.runs)}" if len(self.runs) > 1 else ""
        counted = f"429s {refused} of {requests}" if refused else f"{requests} requests"
        return f"{self.seconds:.2f} s{median}, {counted}"

    def lost_at_most(self, most: float | None) -> Limit:
        """Return how many were lost, held against a bound; ``None`` only tells."""
        return Limit("lost", self.lost, most)

    def refused_at_most(self, most: float | None) -> Limit:
        """Return which share of the requests was answered 429, held against a bound; ``None`` only tells."""
        requests = sum(run.counted.requests for run in self.runs)
        refused = sum(run.counted.rate_limited for run in self.runs)
        return Limit("429s", refused / max(1, requests), most, is_share=True)


def perform(model: Model, client: str, job: Job) -> Run:
    """Run a client with a full bucket, fresh counts and a checkpoint of its own."""
    model.control(reset_stats=True, seed=0)
    with tempfile.TemporaryDirectory(prefix="aita-bench-") as checkpoints:
        outcome = run_once(client, replace(job, checkpoints=checkpoints))
    return Run(outcome, model.stats())


def run_once(client: str, job: Job) -> Outcome:
    """Run a client to its end.

    Raises
    ------
    RuntimeError
        If it fails as a whole.
    """
    deadline = time.monotonic() + PATIENCE
    with started(client, job) as process:
        while True:
            try:
                out, err = process.communicate(timeout=1)
                break
            except subprocess.TimeoutExpired:
                if stopping.is_set() or time.monotonic() > deadline:
                    raise
        if process.returncode:
            raise RuntimeError(f"{client} ended with {process.returncode}:\n{err[-2000:]}")
        return Outcome(**json.loads(out.splitlines()[-1]))


@contextmanager
def started(client: str, job: Job) -> Iterator[subprocess.Popen[str]]:
    """Start a client, and end it at the end if it has not ended.

    Raises
    ------
    RuntimeError
        If its environment is not there.
    """
    if client == "flexllm" and not _PEERS_PYTHON.exists():
        raise RuntimeError(f"the peers' environment {_PEERS_PYTHON.parents[1]} is not there: run `make peers`")
    python = str(_PEERS_PYTHON) if client == "flexllm" else sys.executable
    # What a person has set for aita or openai has no say in a measurement.
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("AITA_", "OPENAI_"))}
    process = subprocess.Popen(
        [python, "-m", "benchmarks.harness.clients", client, json.dumps(asdict(job))],
        cwd=ROOT,
        env=environment | {"NO_PROXY": no_proxy(), "no_proxy": no_proxy()},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        try:
            yield process
        finally:
            end(process)
