"""The checkpoint of a batch: a file to which each finished task is appended at once.

JSON Lines: a header with the format's version and the batch's name, then a line for each task with its id,
the digest of its work and the model's reply. A line is one write, so that a process that is killed leaves
at most its last line incomplete, and that line is left out.
"""

import contextlib
import fcntl
import hashlib
import json
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Self

from aita.errors import CheckpointError
from aita.models.run import Usage

VERSION = 1
DIRECTORY = Path(".aita") / "checkpoints"

_SUFFIX = ".jsonl"


@dataclass(frozen=True, slots=True)
class Record:
    """What is kept of a task that has ended: the reply that its result is made of, or why it failed."""

    task_id: str
    digest: str
    reply: str | None
    error: str | None
    usage: Usage
    calls: int
    seconds: float
    data: dict[str, Any]

    def line(self) -> bytes:
        """Return the record as a line; in ASCII, so that any text comes back as it was."""
        values = {
            "id": self.task_id,
            "digest": self.digest,
            "reply": self.reply,
            "error": self.error,
            "usage": self.usage.model_dump(mode="json"),
            "calls": self.calls,
            "seconds": round(self.seconds, 4),
            "data": self.data,
        }
        return json.dumps(values, separators=(",", ":")).encode() + b"\n"

    @classmethod
    def of(cls, values: dict[str, Any]) -> Self:
        """Return the record of a line's values; KeyError, TypeError or ValueError if it is none."""
        return cls(
            task_id=str(values["id"]),
            digest=str(values["digest"]),
            reply=values["reply"],
            error=values["error"],
            usage=Usage.model_validate(values["usage"]),
            calls=int(values["calls"]),
            seconds=float(values["seconds"]),
            data=dict(values["data"]),
        )


@dataclass
class Checkpoint:
    """An open checkpoint; one process has it at a time. ``records`` is what it held when it was opened."""

    path: Path
    file: int
    interval: int
    records: dict[str, Record] = field(default_factory=dict)
    _unflushed: int = 0

    @classmethod
    def start(cls, directory: Path, name: str, interval: int) -> Self:
        """Start a new file.

        Raises
        ------
        CheckpointError
            If it can't be written.
        """
        now = datetime.now(UTC)
        path = directory / f"{_slug(name)}-{_hash(name)}-{now:%Y%m%dT%H%M%S%f}{_SUFFIX}"
        with _explaining(path):
            directory.mkdir(parents=True, exist_ok=True, mode=0o700)
            file = os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_APPEND, 0o600)
        checkpoint = cls(path, file, interval)
        checkpoint._lock()
        checkpoint._append(_header(name, now))
        return checkpoint

    @classmethod
    def resume(cls, path: Path, name: str, interval: int) -> Self:
        """Open a file to go on with it; an incomplete last line is cut off.

        Raises
        ------
        CheckpointError
            If another process has it, or it is damaged, of another version, or can't be written.
        """
        with _explaining(path):
            file = os.open(path, os.O_RDWR | os.O_APPEND)
        checkpoint = cls(path, file, interval)
        try:
            checkpoint._lock()
            with _explaining(path):
                whole = path.read_bytes()
                complete = whole[: whole.rfind(b"\n") + 1]
                os.ftruncate(file, len(complete))
            if complete:
                checkpoint.records = {record.task_id: record for record in _records(path, complete)}
            else:
                checkpoint._append(_header(name, datetime.now(UTC)))
        except BaseException:
            os.close(file)
            raise
        return checkpoint

    def add(self, record: Record) -> None:
        """Append a task that has ended; every so many are flushed to the disk itself.

        Raises
        ------
        CheckpointError
            If it can't be written.
        """
        self._append(record.line())
        self._unflushed += 1
        if self._unflushed >= self.interval:
            self.flush()

    def flush(self) -> None:
        """Flush to the disk what a power cut would lose."""
        with _explaining(self.path):
            os.fsync(self.file)
        self._unflushed = 0

    def close(self) -> None:
        """Flush, and let others have the file."""
        try:
            self.flush()
        finally:
            os.close(self.file)

    def _append(self, line: bytes) -> None:
        with _explaining(self.path):
            written = os.write(self.file, line)
            if written != len(line):
                os.ftruncate(self.file, os.fstat(self.file).st_size - written)
                raise OSError(28, os.strerror(28))  # a disk that is full takes a part

    def _lock(self) -> None:
        try:
            fcntl.flock(self.file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise CheckpointError(
                f"{self.path} is in use by another process: wait until it ends, or take another checkpoint_name"
            ) from None


def latest_checkpoint(name: str, checkpoint_dir: Path | str | None = None) -> Path | None:
    """Return the newest checkpoint of exactly this name, or ``None``."""
    directory = Path(checkpoint_dir or DIRECTORY)
    found = sorted(directory.glob(f"*-{_hash(name)}-*{_SUFFIX}"), key=lambda path: path.name.rpartition("-")[2])
    return found[-1] if found else None


def cleanup_checkpoints(older_than: timedelta, checkpoint_dir: Path | str | None = None) -> list[Path]:
    """Remove the checkpoints that were last written so long ago, and return them; other files are left alone."""
    oldest = datetime.now(UTC) - older_than
    removed = []
    for path in sorted(Path(checkpoint_dir or DIRECTORY).glob(f"*{_SUFFIX}")):
        is_ours = re.search(r"-[0-9a-f]{16}-\d{8}T\d{12}\.jsonl$", path.name)
        if is_ours and datetime.fromtimestamp(path.stat().st_mtime, UTC) < oldest:
            path.unlink()
            removed.append(path)
    return removed


def _records(path: Path, complete: bytes) -> Iterator[Record]:
    header, *lines = complete.splitlines()
    version = _version(header)
    if version is None:
        raise CheckpointError(f"{path} is no checkpoint: its first line is no header. Take another checkpoint_name")
    if version != VERSION:
        raise CheckpointError(
            f"{path} is of version {version} and this aita reads version {VERSION}: resume it with the aita that "
            "wrote it, or start anew without resume_from_checkpoint"
        )
    for number, line in enumerate(lines, 2):
        try:
            yield Record.of(json.loads(line))
        except (ValueError, KeyError, TypeError, RecursionError):
            raise CheckpointError(
                f"{path}, line {number}, is damaged: remove that line to run its task again, or start anew "
                "without resume_from_checkpoint"
            ) from None


def _version(header: bytes) -> int | None:
    try:
        version = json.loads(header)["aita_checkpoint"]
    except (ValueError, KeyError, TypeError):
        return None
    return version if isinstance(version, int) else None


def _header(name: str, now: datetime) -> bytes:
    return json.dumps({"aita_checkpoint": VERSION, "name": name, "created_at": now.isoformat()}).encode() + b"\n"


def _hash(name: str) -> str:
    return hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def _slug(name: str) -> str:
    """Return what a person recognises of a name, whatever characters it has; the hash beside it tells names apart."""
    return re.sub(r"[^A-Za-z0-9]+", "-", name).strip("-")[:40] or "batch"


@contextlib.contextmanager
def _explaining(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise CheckpointError(f"{path} can't be written: {error.strerror or error}") from None
