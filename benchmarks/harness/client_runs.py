"""Runs of the measured clients with a simulated model that counts."""

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
from benchmarks.harness.model_server import ROOT, Counts, Model, end, stopping
from benchmarks.harness.results_table import Limit

PEERS = {"threads": "thread pool with openai", "gathered": "asyncio with openai", "flexllm": "flexllm"}
"""The peers by their names in ``benchmarks.harness.clients``."""

PATIENCE = 240.0
"""Time limit of a run, in seconds."""

_PEERS_PYTHON = ROOT / ".aita" / "peers" / "bin" / "python"


@dataclass(frozen=True, slots=True)
class Outcomes:
    """Repetitions of a job of ``tasks`` tasks with one client, without the counts of a server."""

    outcomes: Sequence[Outcome]
    tasks: int

    @property
    def seconds(self) -> float:
        """Median duration, without imports."""
        return statistics.median(outcome.seconds for outcome in self.outcomes)

    @property
    def processor_ms(self) -> float:
        """Median processor time of a call, in milliseconds."""
        return statistics.median(outcome.processor for outcome in self.outcomes) / self.tasks * 1_000

    @property
    def megabytes(self) -> float:
        """Highest peak of memory."""
        return max(outcome.megabytes for outcome in self.outcomes)

    def lost_at_most(self, most: float | None) -> Limit:
        """Return the limit of tasks without a right result; ``None`` is no bound."""
        return Limit("lost", sum(self.tasks - outcome.right for outcome in self.outcomes), most)


@dataclass(frozen=True, slots=True)
class Run:
    """One run: the client's outcome and the model's counts."""

    outcome: Outcome
    counted: Counts


@dataclass(frozen=True, slots=True)
class Runs:
    """Repetitions of a run of ``tasks`` tasks."""

    runs: Sequence[Run]
    tasks: int

    @property
    def seconds(self) -> float:
        """Median duration."""
        return statistics.median(run.outcome.seconds for run in self.runs)

    @property
    def megabytes(self) -> float:
        """Highest peak of memory."""
        return max(run.outcome.megabytes for run in self.runs)

    @property
    def lost(self) -> int:
        """Number of tasks without a right result."""
        return sum(self.tasks - run.outcome.right for run in self.runs)

    @property
    def summary(self) -> str:
        """Duration and requests, for the table."""
        requests = sum(run.counted.requests for run in self.runs)
        refused = sum(run.counted.rate_limited for run in self.runs)
        median = f", median of {len(self.runs)}" if len(self.runs) > 1 else ""
        counted = f"429s {refused} of {requests}" if refused else f"{requests} requests"
        return f"{self.seconds:.2f} s{median}, {counted}"

    def lost_at_most(self, most: float | None) -> Limit:
        """Return the limit of lost tasks; ``None`` is no bound."""
        return Limit("lost", self.lost, most)

    def refused_at_most(self, most: float | None) -> Limit:
        """Return the limit of the share of requests answered 429; ``None`` is no bound."""
        requests = sum(run.counted.requests for run in self.runs)
        refused = sum(run.counted.rate_limited for run in self.runs)
        return Limit("429s", refused / max(1, requests), most, is_share=True)


def perform(model: Model, client: str, job: Job) -> Run:
    """Run a client with a full bucket, reset counts and a checkpoint of its own."""
    model.control(reset_stats=True, seed=0)
    return Run(run_checkpointed(client, job), model.stats())


def run_checkpointed(client: str, job: Job) -> Outcome:
    """Run a client to its end, with a checkpoint of its own."""
    with tempfile.TemporaryDirectory(prefix="aita-bench-") as checkpoints:
        return run_once(client, replace(job, checkpoints=checkpoints))


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
    """Start a client, and terminate it at the end of the block if it still runs.

    Raises
    ------
    RuntimeError
        If its environment does not exist.
    """
    if client == "flexllm" and not _PEERS_PYTHON.exists():
        raise RuntimeError(f"the peers' environment {_PEERS_PYTHON.parents[1]} is not there: run `make peers`")
    python = str(_PEERS_PYTHON) if client == "flexllm" else sys.executable
    # The user's own settings of aita and openai do not apply.
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
