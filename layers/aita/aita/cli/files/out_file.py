"""Check of the file of ``--out`` before it is written."""

import os
from pathlib import Path

from aita.errors import RequestError


def check_folder(out: Path) -> None:
    """Check that a file can be written, before anything is paid for or fetched.

    Raises
    ------
    RequestError
        If the folder does not exist or is not writable.
    """
    if not out.parent.is_dir() or not os.access(out.parent, os.W_OK):
        raise RequestError(f"--out {out}: its folder is not there, or can't be written in")
