"""Process of the simulated model, with its control and counts."""

import json
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]

stopping = threading.Event()
"""Set when the benchmark is interrupted: waiting threads then end the processes that they have started."""

_START, _STOP = 30.0, 10.0  # time limits in seconds
_POLL = 0.02
_direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # a proxy can't reach this machine's loopback


@dataclass(frozen=True, slots=True)
class Counts:
    """Counts of the simulated model since their last reset."""

    requests: int
    replies: int
    rate_limited: int
    in_flight: int
    most_in_flight: int
    prompt_tokens: int
    cached_tokens: int
    completion_tokens: int

    @property
    def tokens(self) -> int:
        """All tokens, in and out."""
        return self.prompt_tokens + self.completion_tokens

    @property
    def refused(self) -> float:
        """Share of the requests that was answered 429."""
        return self.rate_limited / self.requests if self.requests else 0.0


@dataclass(frozen=True, slots=True)
class Model:
    """Running simulated model."""

    base_url: str

    def control(self, **fields: object) -> None:
        """Send fields of ``POST /control``: settings and commands; the bucket is full afterwards."""
        self._request("/control", json.dumps(fields).encode())

    def stats(self) -> Counts:
        """Return the counts."""
        counts = self._request("/stats")
        return Counts(**{name: counts[name] for name in Counts.__dataclass_fields__})

    def wait_until(self, holds: Callable[[Counts], bool], patience: float) -> Counts:
        """Poll until a condition on the counts holds, and return them.

        Raises
        ------
        RuntimeError
            If it does not hold within ``patience`` seconds.
        """
        deadline = time.monotonic() + patience
        while not holds(counted := self.stats()):
            if stopping.wait(_POLL) or time.monotonic() > deadline:
                raise RuntimeError(f"the simulated model did not come as far in {patience:g} s: {counted}")
        return counted

    def _request(self, path: str, body: bytes | None = None) -> dict[str, Any]:
        with _direct.open(self.base_url.removesuffix("/v1") + path, body, timeout=10) as answer:
            found: dict[str, Any] = json.load(answer)
        return found


@contextmanager
def simulated_model(**settings: object) -> Iterator[Model]:
    """Start a simulated model on a free port, and terminate it at the end of the block."""
    with _server("aita_local.simulated_model") as base_url:
        model = Model(base_url)
        model.control(**settings)
        yield model


@contextmanager
def measuring_server(latency: float, tasks: int, *, short: bool = False) -> Iterator[str]:
    """Start a server for the questions of a measurement, give its base URL, and terminate it at the end of the block.

    Parameters
    ----------
    latency
        Seconds from a request to its reply.
    short
        Whether they are short questions.
    """
    settings = ("--latency", str(latency), "--tasks", str(tasks), *(["--short"] if short else []))
    with _server("benchmarks.harness.measuring_server", *settings) as base_url:
        yield base_url


@contextmanager
def _server(module: str, *arguments: str) -> Iterator[str]:
    with tempfile.TemporaryDirectory(prefix="aita-bench-") as folder:
        port_file, log = Path(folder) / "port", Path(folder) / "log"
        with log.open("wb") as written:  # errors about requests of killed clients are expected
            process = subprocess.Popen(
                [sys.executable, "-m", module, "--port-file", str(port_file), *arguments],
                cwd=ROOT,
                stdout=written,
                stderr=written,
            )
        try:
            yield f"http://127.0.0.1:{_port(process, port_file, log)}/v1"
        finally:
            end(process)


def end(process: subprocess.Popen[Any]) -> None:
    """Terminate a child process, or kill it if it does not end in time."""
    process.terminate()
    try:
        process.wait(_STOP)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _port(process: subprocess.Popen[bytes], file: Path, log: Path) -> int:
    deadline = time.monotonic() + _START
    while not file.exists():
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"the simulated model did not start:\n{log.read_text()[-2000:]}")
        time.sleep(_POLL)
    return int(file.read_text())
