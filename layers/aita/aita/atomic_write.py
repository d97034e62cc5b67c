"""Files that are written whole or not at all."""

import contextlib
import errno
import os
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """Yield an empty file that takes the place of ``path`` at the end of the block.

    Until then, and if the block raises, a file that is there stays as it is. The new one has its permissions; without
    one, only its owner can read it. A symbolic link stays, and the file that it leads to is replaced. Pipes and devices
    are written to directly.

    Raises
    ------
    OSError
        If the file can't be written, or is a symbolic link that leads to itself.
    """
    if path.exists() and not path.is_file():
        with path.open("wb") as file:
            yield file
        return
    path = Path(os.path.realpath(path))
    if path.is_symlink():
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), str(path))
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    temporary = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            yield file
        with contextlib.suppress(FileNotFoundError):
            temporary.chmod(stat.S_IMODE(path.stat().st_mode))
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def write_whole(path: Path, data: bytes) -> None:
    """Write a file, as ``replacing`` does."""
    with replacing(path) as file:
        file.write(data)
