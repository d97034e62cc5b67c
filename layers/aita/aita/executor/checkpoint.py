"""The checkpoint of a batch: a file to which each finished task is appended at once.

JSON Lines: a header with the format's version and the batch's name, then a line for each task with its id,
the digest of its work and the model's reply. A line is one write, so that a process that is killed leaves
at most its last line incomplete, and that line is left out.
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
    """An open checkpoint; one process has it at a time, and any of its threads adds to it.

    A process that is forked meanwhile has it closed: it would hold the file taken after its owner has let go.

    ``records`` is what it held when it was opened.
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
        renew_in_children(self, type(self)._leave)

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
            checkpoint._leave()  # also of its number, which the next file that is opened has
            path.unlink()
            raise
        return checkpoint

    @classmethod
    def resume(cls, path: Path, name: str, interval: int) -> Self:
        """Open a file to go on with it; an incomplete last line is cut off.

        Raises
        ------
        CheckpointError
            If another process has it, or it is damaged, of another version, or can't be written.
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
            checkpoint._leave()  # also of its number, which the next file that is opened has
            raise
        return checkpoint

    def add(self, record: Record) -> None:
        """Append a task that has ended; every so many are flushed to the disk itself.

        A batch that was given up has closed its checkpoint: what its last calls bring is not kept.

        Raises
        ------
        CheckpointError
            If it can't be written.
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
        """Flush, and let others have the file."""
        with self._adding:
            self._closed = True
        try:
            self._flush(self._added)
        finally:
            with self._flushing:
                file, self.file = self.file, -1
                os.close(file)

    def _leave(self) -> None:
        self._closed, self._adding, self._flushing = True, threading.Lock(), threading.Lock()
        if self.file >= 0:
            os.close(self.file)
            self.file = -1

    def _flush(self, added: int) -> None:
        """Flush so many to the disk itself, while others add: who comes in between needs no flush of his own."""
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
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))  # a disk that is full takes a part

    def _lock(self) -> None:
        with _explain_write_error(self.path):
            if not _try_lock(self.file):
                raise CheckpointError(
                    f"{self.path} is in use by another process: wait until it ends, or take another checkpoint_name"
                )


def latest_checkpoint(name: str, checkpoint_dir: Path | str | None = None) -> Path | None:
    """Return the newest checkpoint of exactly this name, or ``None``."""
    directory = Path(checkpoint_dir or DIRECTORY)
    found = sorted(directory.glob(f"*-{_hash(name)}-*{_SUFFIX}"), key=lambda path: path.name.rpartition("-")[2])
    return next((path for path in reversed(found) if _may_be(path, name)), None)


def cleanup_checkpoints(older_than: timedelta, checkpoint_dir: Path | str | None = None) -> list[Path]:
    """Remove the checkpoints that were last written so long ago, and return them.

    Other files are left alone, and so is a checkpoint that a process is using.
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
    """Tell whether a file's header is not that of another batch: one that is damaged is for ``resume`` to refuse."""
    try:
        with path.open("rb") as file:
            header = file.readline(_LONGEST_HEADER)
    except OSError:
        return True
    return bool(header_fields(header).get("name", name) == name)


def _hash(name: str) -> str:
    return hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def _slug(name: str) -> str:
    """Return what a person recognises of a name, whatever characters it has; the hash beside it tells names apart."""
    return re.sub(r"[^A-Za-z0-9]+", "-", name).strip("-")[:40] or "batch"


def _try_lock(file: int) -> bool:
    """Take a file for this process, and tell whether no other has it."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _is_used(path: Path) -> bool:
    with path.open("rb") as file:
        return not _try_lock(file.fileno())


def _flush_folder(directory: Path) -> None:
    """Flush that a file is in a folder, which a flush of the file alone does not."""
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
            f"{path} can't be written: {error.strerror or error}. Put that right or take another checkpoint_dir; "
            "what is in the file is kept for a resume"
        ) from None
