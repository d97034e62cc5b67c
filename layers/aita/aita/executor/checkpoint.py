"""Checkpoint of a batch: a file to which each finished task is appended immediately.

The format is JSON Lines: a header with the format's version and the batch's name, then a line for each task with
its id, the digest of its request and the model's reply. Each line is one write, so that a killed process leaves at
most its last line incomplete; a batch that goes on cuts that line off.

A batch takes over the records of all files of its name, appends to the newest, and changes no other.
"""

import errno
import os
import threading
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

from aita.errors import CheckpointError
from aita.executor.checkpoint_folder import (
    BINARY,
    DIRECTORY,
    NameLock,
    checkpoint_files,
    cleanup_checkpoints,
    explain_write_error,
    in_use,
    is_used,
    latest_checkpoint,
    lock_or_refuse,
    lock_path,
    make_folder,
    new_path,
    unwritable,
)
from aita.executor.checkpoint_lines import Record, header_line
from aita.executor.checkpoint_records import ReadFile, Records
from aita.forks import renew_in_children
from aita.models.run import Usage

__all__ = ["DIRECTORY", "Checkpoint", "Record", "cleanup_checkpoints", "latest_checkpoint", "read_checkpoint"]


@dataclass(eq=False)
class Checkpoint:
    """Open checkpoint. One batch at a time has it; all of the batch's threads may add records.

    A forked process closes its copy, which would otherwise keep the lock after the owner has released it.

    ``interval`` is the number of records between two flushes to disk, and ``lock`` that of the name, if the batch has
    it alone.
    """

    path: Path
    file: int
    interval: int
    lock: NameLock | None = None
    _records: Records = field(default_factory=Records)
    _added: int = 0
    _flushed: int = 0
    _closed: bool = False
    _adding: threading.Lock = field(default_factory=threading.Lock)
    _flushing: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        renew_in_children(self, type(self)._abandon)

    @classmethod
    def open(cls, directory: Path, name: str, interval: int, *, takes_over: bool = True, alone: bool = True) -> Self:
        """Open the checkpoint of a name.

        Parameters
        ----------
        interval
            Number of records between two flushes to disk.
        takes_over
            Whether the records of the name's files are used, and the newest file goes on; otherwise a file is begun.
        alone
            Whether no other batch may have the name meanwhile. Without it, and without taking over, several batches of
            a name each have a file of their own.

        Raises
        ------
        CheckpointError
            If another batch has the name, or a file can't be read, written or locked, is of a later version, or is no
            checkpoint.
        """
        make_folder(directory)
        with ExitStack() as opened:
            lock = NameLock.take(lock_path(directory, name)) if alone else None
            if lock is not None:
                opened.callback(lock.release)
            paths = checkpoint_files(directory, name)
            for path in paths if alone else ():
                with explain_write_error(path):
                    if is_used(path):
                        raise in_use(path)
            records = Records()
            opened.callback(records.close)
            newest = [records.read(path) for path in paths][-1:] if takes_over else []
            if newest and newest[0].can_be_continued:
                checkpoint = cls._continue(newest[0], name, interval)
            else:
                checkpoint = cls._begin(directory, name, interval)
            checkpoint.lock, checkpoint._records = lock, records
            opened.pop_all()
        return checkpoint

    @classmethod
    def _begin(cls, directory: Path, name: str, interval: int) -> Self:
        path, now, file = _create(directory, name)
        checkpoint = cls(path, file, interval)
        try:
            lock_or_refuse(path, file)
            checkpoint._append(header_line(name, now))
            with explain_write_error(path):
                _flush_folder(directory)
        except BaseException:
            checkpoint._abandon()  # and forget its file descriptor, which the next opened file may get
            path.unlink()
            raise
        return checkpoint

    @classmethod
    def _continue(cls, found: ReadFile, name: str, interval: int) -> Self:
        with explain_write_error(found.path):
            file = os.open(found.path, os.O_RDWR | os.O_APPEND | BINARY)
        checkpoint = cls(found.path, file, interval)
        try:
            lock_or_refuse(found.path, file)
            with explain_write_error(found.path):
                os.ftruncate(file, found.size)
            if not found.size:
                checkpoint._append(header_line(name, datetime.now(UTC)))
            elif found.ends_open:
                checkpoint._append(b"\n")
        except BaseException:
            checkpoint._abandon()  # and forget its file descriptor, which the next opened file may get
            raise
        return checkpoint

    @property
    def is_new(self) -> bool:
        """Whether it has no records from before."""
        return not self._records.files

    def record(self, task_id: str, digest: str) -> Record | None:
        """Return the last record of a task and the digest of its request, from before the checkpoint was opened.

        Raises
        ------
        CheckpointError
            If its file can't be read any more.
        """
        return self._records.get(task_id, digest)

    def rounds(self, task_id: str, digest: str, *, ended: bool = False) -> list[Record]:
        """Return a task's invalid replies from before, as ``Records.rounds`` does.

        Raises
        ------
        CheckpointError
            If a file can't be read any more.
        """
        return self._records.rounds(task_id, digest, ended=ended)

    def usage_before(self, task_id: str, digest: str) -> Usage:
        """Return the usage of a task and a request from before, of all times that it ran."""
        return self._records.usage(task_id, digest)

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
            self._records.close()
            if self.lock is not None:
                self.lock.release()

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
            with explain_write_error(self.path):
                os.fsync(self.file)
            self._flushed = added

    def _append(self, line: bytes) -> None:
        try:
            written = os.write(self.file, line)
            if written == len(line):
                return
            os.ftruncate(self.file, os.fstat(self.file).st_size - written)
        except OSError as error:
            raise unwritable(self.path, error) from None
        # A full disk accepts a part.
        raise unwritable(self.path, OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)))


def read_checkpoint(checkpoint: Path | str, checkpoint_dir: Path | str | None = None) -> list[Record]:
    """Return the records of a checkpoint: for each task and request the last one, also while a batch adds more.

    A task that asked again and has not ended has a record, too, with the cost so far and an error that begins with
    NotRun.

    Parameters
    ----------
    checkpoint
        Path of a file; or, as a string, the name of a batch, with all of its files. A task without a record has no
        reply.

    Raises
    ------
    CheckpointError
        If there is no such checkpoint, it can't be read, is of a later version, or is no checkpoint.

    Examples
    --------
    >>> [record.task_id for record in read_checkpoint("glossary") if not record.success]  # doctest: +SKIP
    """
    directory = Path(checkpoint_dir or DIRECTORY)
    paths = [checkpoint] if isinstance(checkpoint, Path) else checkpoint_files(directory, checkpoint)
    if not paths:
        raise CheckpointError(f"there is no checkpoint of the name {checkpoint!r} in {directory}: name another one")
    records = Records()
    try:
        for path in paths:
            records.read(path)
        return list(records)
    finally:
        records.close()


def _create(directory: Path, name: str) -> tuple[Path, datetime, int]:
    """Create a file of a name; return its path, its time and its open descriptor."""
    while True:
        now = datetime.now(UTC)
        path = new_path(directory, name, now)
        with explain_write_error(path):
            try:
                return path, now, os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_APPEND | BINARY, 0o600)
            except FileExistsError:
                continue  # a batch of no name began in the same microsecond


def _flush_folder(directory: Path) -> None:
    """Flush a directory's entries to disk, which a flush of a new file does not include; Windows opens no directory."""
    if os.name == "nt":
        return
    folder = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
