"""Daemons: processes that outlive the command that started them, and that later commands find again."""

import fcntl
import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from aita.errors import LocalStackError
from aita_local.state_dir import StateDir, write_state

_POLL = 0.05  # seconds
_started: list[subprocess.Popen[bytes]] = []  # kept, so that Python does not warn of running subprocesses


@dataclass(frozen=True, slots=True)
class Daemon:
    """A daemon by its name.

    The process holds a lock, inherited at its start, for as long as it lives. So whether it runs is
    known without trusting a process id, which may be another program's by now, and only a process
    that holds the lock is ever signalled.
    """

    home: StateDir
    name: str

    @property
    def log(self) -> Path:
        """Log file with the process's output."""
        return self.home.folder("logs") / f"{self.name}.log"

    def is_running(self) -> bool:
        """Tell whether the process is alive."""
        with self._lock_file.open("a") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return True
        return False

    def started_with(self) -> list[str]:
        """Return the arguments of the running process, or of the last one."""
        record = self._record()
        return list(record["arguments"]) if record else []

    def start(self, arguments: Sequence[str], *, environment: Mapping[str, str], folder: Path) -> None:
        """Start the process, which must not be running, in a session of its own."""
        if self.log.exists():
            self.log.replace(self.log.with_suffix(".old.log"))
        with self._lock_file.open("a") as lock, self.log.open("wb") as log:
            _acquire_lock(lock.fileno(), self.name)
            process = subprocess.Popen(
                arguments,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=folder,
                env=dict(environment),
                pass_fds=(lock.fileno(),),
                start_new_session=True,
                umask=0o077,
            )
        _started.append(process)
        write_state(self._record_file, json.dumps({"pid": process.pid, "arguments": list(arguments)}))

    def stop(self, patience: float) -> bool:
        """Terminate the process and wait for its end; return whether it was running.

        Raises
        ------
        LocalStackError
            If it did not end within ``patience`` seconds; it is killed then, and unsaved state is lost.
        """
        if not self.is_running():
            return False
        self._signal(signal.SIGTERM)
        if self._gone_within(patience):
            return True
        self._signal(signal.SIGKILL)
        self._gone_within(patience)
        raise LocalStackError(f"the {self.name} did not stop within {patience:g} s and was killed: see {self.log}")

    def last_lines(self, count: int = 5) -> str:
        """Return the end of the log, for an error message."""
        lines = self.log.read_text(errors="replace").splitlines() if self.log.exists() else []
        return "\n".join(lines[-count:])

    @property
    def _lock_file(self) -> Path:
        return self.home.folder("processes") / f"{self.name}.lock"

    @property
    def _record_file(self) -> Path:
        return self.home.folder("processes") / f"{self.name}.json"

    def _record(self) -> dict[str, list[str]] | None:
        if not self._record_file.exists():
            return None
        record: dict[str, list[str]] = json.loads(self._record_file.read_text())
        return record

    def _signal(self, number: signal.Signals) -> None:
        record = json.loads(self._record_file.read_text())
        with suppress(ProcessLookupError):
            os.kill(record["pid"], number)

    def _gone_within(self, seconds: float) -> bool:
        deadline = time.monotonic() + seconds
        while self.is_running():
            if time.monotonic() > deadline:
                return False
            time.sleep(_POLL)
        return True


@contextmanager
def exclusive_lock(home: StateDir) -> Iterator[None]:
    """Hold the lock on changes of this home's stack, after waiting for other commands to release it."""
    with (home.folder("processes") / "change.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _acquire_lock(descriptor: int, name: str) -> None:
    for _ in range(20):  # is_running holds the lock for a moment
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(_POLL)
        else:
            return
    raise LocalStackError(f"the {name} is running already")
