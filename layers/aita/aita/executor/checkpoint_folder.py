"""Files of checkpoints in their folder: their names, and the lock by which one batch at a time has a name."""

import contextlib
import hashlib
import logging
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Self

from aita.errors import CheckpointError
from aita.executor.checkpoint_lines import Header, intact_parts
from aita.executor.file_lock import try_lock
from aita.forks import renew_in_children

logger = logging.getLogger(__name__)

DIRECTORY = Path(".aita") / "checkpoints"

BINARY = getattr(os, "O_BINARY", 0)
"""Flag without which Windows writes each line's end as two bytes."""

_SUFFIX = ".jsonl"
_CHECKPOINT_NAME = re.compile(r"-[0-9a-f]{16}-\d{8}T\d{12}\.jsonl$")
_TIME = re.compile(r"-\d{8}T\d{12}\.jsonl$")
_BATCHES_NAME = re.compile(r"-[0-9a-f]{16}\.batches$")
_LOCK_NAME = re.compile(r"-[0-9a-f]{16}\.lock$")
_LONGEST_HEADER = 1 << 20


@dataclass(eq=False)
class NameLock:
    """Lock of a checkpoint's name, for one batch of one process. Its file is there only while a batch has it.

    A forked process closes its copy, which would otherwise keep the lock after its owner has released it.
    """

    path: Path
    file: int

    def __post_init__(self) -> None:
        renew_in_children(self, type(self)._close)

    @classmethod
    def take(cls, path: Path) -> Self:
        """Lock a name by the file that stands for it.

        Raises
        ------
        CheckpointError
            If another batch has it, or the file can't be locked.
        """
        while True:
            with explain_write_error(path):
                lock = cls(path, os.open(path, os.O_CREAT | os.O_RDWR | BINARY, 0o600))
            try:
                lock_or_refuse(path, lock.file)
                if lock._is_there():
                    return lock
            except BaseException:
                lock._close()
                raise
            lock._close()  # the batch that had it removed the file in between

    def release(self) -> None:
        """Remove the file and release the lock. Windows keeps the file, empty, as it removes none that is open."""
        if self.file >= 0:
            with contextlib.suppress(OSError):
                self.path.unlink()
            self._close()

    def _is_there(self) -> bool:
        """Return whether the locked file is the one that others find under its path."""
        try:
            return os.path.samestat(os.fstat(self.file), self.path.stat())
        except FileNotFoundError:
            return False

    def _close(self) -> None:
        file, self.file = self.file, -1
        if file >= 0:
            os.close(file)


def make_folder(directory: Path) -> None:
    """Make the folder if it isn't there, with a ``.gitignore`` of all that it will hold, as replies may be private.

    Raises
    ------
    CheckpointError
        If it can't be made.
    """
    with explain_write_error(directory):
        if directory.is_dir():
            return
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        with contextlib.suppress(FileExistsError), (directory / ".gitignore").open("x", encoding="utf-8") as file:
            file.write("*\n")


def new_path(directory: Path, name: str, now: datetime) -> Path:
    """Return the path of a checkpoint that is begun now."""
    return directory / f"{_stem(name)}-{now:%Y%m%dT%H%M%S%f}{_SUFFIX}"


def lock_path(directory: Path, name: str) -> Path:
    """Return the path of the file that stands for a name's lock."""
    return directory / f"{_stem(name)}.lock"


def checkpoint_files(directory: Path, name: str) -> list[Path]:
    """Return the files of exactly this name, the newest last."""
    found = sorted(directory.glob(f"*-{_hash(name)}-*{_SUFFIX}"), key=lambda path: path.name.rpartition("-")[2])
    return [path for path in found if _CHECKPOINT_NAME.search(path.name) and _may_be(path, name)]


def latest_checkpoint(name: str, checkpoint_dir: Path | str | None = None) -> Path | None:
    """Return the newest checkpoint of a batch with exactly this name, or ``None``."""
    found = checkpoint_files(Path(checkpoint_dir or DIRECTORY), name)
    return found[-1] if found else None


def cleanup_checkpoints(older_than: timedelta, checkpoint_dir: Path | str | None = None) -> list[Path]:
    """Remove the checkpoints whose last write is older than ``older_than``, and return their paths.

    Other files and checkpoints in use are kept. With the folder of a name's batches at the provider go the replies in
    it; it is kept, with a warning, as long as one of them is open.
    """
    oldest = datetime.now(UTC) - older_than
    removed = []
    for path in sorted(Path(checkpoint_dir or DIRECTORY).glob("*")):
        with contextlib.suppress(FileNotFoundError):  # another process cleans up as well
            if datetime.fromtimestamp(path.stat().st_mtime, UTC) >= oldest:
                continue
            if _CHECKPOINT_NAME.search(path.name) and not is_used(path) and not _is_name_used(path):
                path.unlink()
                removed.append(path)
            elif _BATCHES_NAME.search(path.name):
                with contextlib.suppress(CheckpointError):  # a batch has the name
                    removed += _remove_batches(path)
            elif _LOCK_NAME.search(path.name):  # left by a killed process
                with contextlib.suppress(CheckpointError):
                    NameLock.take(path).release()
    return removed


def is_used(path: Path) -> bool:
    """Return whether a batch writes to a file.

    Raises
    ------
    OSError
        If the file can't be opened.
    CheckpointError
        If the file can't be locked.
    """
    with path.open("r+b") as file, _explain_lock_error(path):
        return not try_lock(file.fileno())


def _is_name_used(path: Path) -> bool:
    """Return whether a batch has the name of a checkpoint, of which it may read this file and write to another."""
    try:
        return is_used(path.with_name(_TIME.sub(".lock", path.name)))
    except FileNotFoundError:
        return False


def _remove_batches(path: Path) -> list[Path]:
    """Remove the folder of a name's batches, unless one is open; return what was removed.

    Raises
    ------
    CheckpointError
        If a batch has the name.
    """
    from aita.executor.batch_folder import BatchFolder  # noqa: PLC0415 - it takes its paths from here

    lock = NameLock.take(path.with_suffix(".lock"))
    try:
        folder = BatchFolder(path)
        if count := folder.open_requests:
            logger.warning("%s is kept: a batch of %d requests is open at the provider, and will be paid", path, count)
            return []
        folder.remove()
    finally:
        lock.release()
    return [path]


def lock_or_refuse(path: Path, file: int) -> None:
    """Lock an open file of a checkpoint.

    Raises
    ------
    CheckpointError
        If another batch has it, or it can't be locked.
    """
    with _explain_lock_error(path):
        if not try_lock(file):
            raise in_use(path)


def in_use(path: Path) -> CheckpointError:
    """Return the error of a batch whose checkpoint another batch has."""
    return CheckpointError(
        f"{path} is in use by another batch of this name, of this process or another one: wait until it ends, or take "
        "another checkpoint_name"
    )


@contextlib.contextmanager
def explain_write_error(path: Path) -> Iterator[None]:
    """Turn the system's error for a file into one that says which file can't be written.

    Raises
    ------
    CheckpointError
        In place of an OSError.
    """
    try:
        yield
    except OSError as error:
        raise unwritable(path, error) from None


def unwritable(path: Path, error: OSError) -> CheckpointError:
    """Return the error of a file that can't be written."""
    return CheckpointError(
        f"{path} can't be written: {error.strerror or error}. Correct that or take another checkpoint_dir; "
        "the file's content is kept for a resume"
    )


@contextlib.contextmanager
def _explain_lock_error(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise CheckpointError(
            f"{path} can't be locked: {error.strerror or error}. Take a checkpoint_dir on a disk of this machine, as "
            "two batches that write to one checkpoint would pay twice"
        ) from None


def _may_be(path: Path, name: str) -> bool:
    """Return whether a file is of this name, as far as its header tells; one that can't be read or is damaged counts.

    Version 1 has no checksum of its header, and a file of it is only read, where digests keep others' records apart.
    """
    try:
        with path.open("rb") as file:
            line = file.readline(_LONGEST_HEADER)
    except OSError:
        return True
    headers = (Header.of(part) for _, part in intact_parts(line))
    return all(header is None or header.name == name for header in headers)


def _stem(name: str) -> str:
    """Return the beginning of a name's file names: a readable part, and a hash that makes it unique."""
    return f"{re.sub(r'[^A-Za-z0-9]+', '-', name).strip('-')[:40] or 'batch'}-{_hash(name)}"


def _hash(name: str) -> str:
    return hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:16]
