"""A file that a command writes its results to."""

import os
import tempfile
from pathlib import Path

from aita.errors import RequestError


def check_folder(out: Path) -> None:
    """Check that a file can be written, before anything is paid for or fetched.

    Raises
    ------
    RequestError
        If the folder is not there or not to be written in.
    """
    if not out.parent.is_dir() or not os.access(out.parent, os.W_OK):
        raise RequestError(f"--out {out}: its folder is not there, or can't be written in")


def write_out(out: Path, data: bytes) -> None:
    """Write a file whole or not at all; one that is there is replaced."""
    descriptor, name = tempfile.mkstemp(dir=out.parent, prefix=f".{out.name}.")
    temporary = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
        temporary.replace(out)
    finally:
        temporary.unlink(missing_ok=True)
