"""Checkpoint of a batch: a file to which each finished task is appended immediately.

The format is JSON Lines: a header with the format's version and the batch's name, then a line for each task with
its id, the digest of its request and the model's reply. Each line is one write, so that a killed process leaves at
most its last line incomplete; a resume ignores that line.
"""

import contextlib
import errno
import fcntl
import hashlib
import os
import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Self

from aita.errors import CheckpointError
from aita.executor.checkpoint_lines import CompleteLines, Record, header_fields, header_line, read_records
from aita.forks import renew_in_children

DIRECTORY = Path(".aita") / "checkpoints"

_SUFFIX = ".jsonl"
_CHECKPOINT_NAME = re.compile(r"-[0-9a-f]{16}-\d{8}T\d{12}\.jsonl$")
_LONGEST_HEADER = 1 << 20


@dataclass(eq=False)
class Checkpoint:
    """Open checkpoint. One process at a time has its lock; all threads of that process may add records.

    A forked process closes its copy, which would otherwise keep the lock after the owner has released it.

    ``records`` are the records that the file had when it was opened, and ``interval`` is the number of records between
    two flushes to disk.
    """

    path: Path
    file: int
    interval: int
    records: dict[str, Record] = field(default_factory=dict)
    _added: int = 0
    _flushed: int = 0
    _closed: bool = False
    _adding: threading.Lock = field(default_factory=threading.Lock)
    _flushing: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        renew_in_children(self, type(self)._abandon)

    @classmethod
    def start(cls, directory: Path, name: str, interval: int) -> Self:
        """Create a new checkpoint.

        Raises
        ------
        CheckpointError
            If the file can't be written.
        """
        now = datetime.now(UTC)
        path = directory / f"{_slug(name)}-{_hash(name)}-{now:%Y%m%dT%H%M%S%f}{_SUFFIX}"
        with _explain_write_error(path):
            directory.mkdir(parents=True, exist_ok=True, mode=0o700)
            file = os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_APPEND, 0o600)
        checkpoint = cls(path, file, interval)
        try:
            checkpoint._lock()
            checkpoint._append(header_line(name, now))
            with _explain_write_error(path):
                _flush_folder(directory)
        except BaseException:
            checkpoint._abandon()  # and forget its file descriptor, which the next opened file may get
            path.unlink()
            raise
        return checkpoint

    @classmethod
    def resume(cls, path: Path, name: str, interval: int) -> Self:
        """Open an existing checkpoint to continue it; an incomplete last line is cut off.

        Raises
        ------
        CheckpointError
            If the file is in use by another process, is damaged, has another version, or can't be written.
        """
        with _explain_write_error(path):
            file = os.open(path, os.O_RDWR | os.O_APPEND)
        checkpoint = cls(path, file, interval)
        try:
            checkpoint._lock()
            with _explain_write_error(path), path.open("rb") as lines:
                complete = CompleteLines(lines)
                checkpoint.records = {record.task_id: record for record in read_records(path, complete)}
                os.ftruncate(file, complete.size)
            if not complete.size:
                checkpoint._append(header_line(name, datetime.now(UTC)))
        except BaseException:
            checkpoint._abandon()  # and forget its file descriptor, which the next opened file may get
            raise
        return checkpoint

    def add(self, record: Record) -> None:
        """Append a finished task, and flush to disk after every ``interval`` records.

        A closed checkpoint ignores records: those are of calls that an interrupted batch did not wait for.

        Raises
        ------
        CheckpointError
            If the file can't be written.
        """
        line = record.line()
        with self._adding:
            if self._closed:
                return
            self._append(line)
            self._added += 1
            added = self._added
        if added % self.interval == 0:
            self._flush(added)

    def close(self) -> None:
        """Flush to disk, and release the file."""
        with self._adding:
            self._closed = True
        try:
            self._flush(self._added)
        finally:
            with self._flushing:
                file, self.file = self.file, -1
                os.close(file)

    def _abandon(self) -> None:
        """Close the file without a flush or a lock, after a fork or a failed start."""
        self._closed, self._adding, self._flushing = True, threading.Lock(), threading.Lock()
        if self.file >= 0:
            os.close(self.file)
            self.file = -1

    def _flush(self, added: int) -> None:
        """Flush at least the first ``added`` records to disk, while other threads add.

        A flush includes all records added before it, so that threads that wait for it need none of their own.
        """
        with self._flushing:
            if self._flushed >= added or self.file < 0:
                return
            added = self._added
            with _explain_write_error(self.path):
                os.fsync(self.file)
            self._flushed = added

    def _append(self, line: bytes) -> None:
        with _explain_write_error(self.path):
            written = os.write(self.file, line)
            if written != len(line):
                os.ftruncate(self.file, os.fstat(self.file).st_size - written)
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))  # a full disk accepts a part

    def _lock(self) -> None:
        with _explain_write_error(self.path):
            if not _try_lock(self.file):
                raise CheckpointError(
                    f"{self.path} is in use by another process: wait until it ends, or take another checkpoint_name"
                )


def latest_checkpoint(name: str, checkpoint_dir: Path | str | None = None) -> Path | None:
    """Return the newest checkpoint of a batch with exactly this name, or ``None``."""
    directory = Path(checkpoint_dir or DIRECTORY)
    found = sorted(directory.glob(f"*-{_hash(name)}-*{_SUFFIX}"), key=lambda path: path.name.rpartition("-")[2])
    return next((path for path in reversed(found) if _may_be(path, name)), None)


def cleanup_checkpoints(older_than: timedelta, checkpoint_dir: Path | str | None = None) -> list[Path]:
    """Remove the checkpoints whose last write is older than ``older_than``, and return their paths.

    Other files and checkpoints in use are kept.
    """
    oldest = datetime.now(UTC) - older_than
    removed = []
    for path in sorted(Path(checkpoint_dir or DIRECTORY).glob(f"*{_SUFFIX}")):
        with contextlib.suppress(FileNotFoundError):  # another process cleans up as well
            is_old = datetime.fromtimestamp(path.stat().st_mtime, UTC) < oldest
            if _CHECKPOINT_NAME.search(path.name) and is_old and not _is_used(path):
                path.unlink()
                removed.append(path)
    return removed


def _may_be(path: Path, name: str) -> bool:
    """Return whether a file may be the checkpoint of this name. A damaged header counts, as ``resume`` reports it."""
    try:
        with path.open("rb") as file:
            header = file.readline(_LONGEST_HEADER)
    except OSError:
        return True
    return bool(header_fields(header).get("name", name) == name)


def _hash(name: str) -> str:
    return hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def _slug(name: str) -> str:
    """Return a readable part of a name for a file name, in which a hash makes it unique."""
    return re.sub(r"[^A-Za-z0-9]+", "-", name).strip("-")[:40] or "batch"


def _try_lock(file: int) -> bool:
    """Lock a file for this process; return whether no other process has it."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _is_used(path: Path) -> bool:
    with path.open("rb") as file:
        return not _try_lock(file.fileno())


def _flush_folder(directory: Path) -> None:
    """Flush a directory's entries to disk, which a flush of a new file does not include."""
    folder = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


@contextlib.contextmanager
def _explain_write_error(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise CheckpointError(
            f"{path} can't be written: {error.strerror or error}. Correct that or take another checkpoint_dir; "
            "the file's content is kept for a resume"
        ) from None
