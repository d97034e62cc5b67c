"""Lock of an open file, on each system that has one."""

import importlib
import logging
import os
from typing import Any

logger = logging.getLogger(__name__)

_LOCKED_BYTE = 2**31 - 2
"""Byte that is locked on Windows, where nobody else can read a locked byte: the last that ``locking`` reaches."""


def try_lock(file: int) -> bool:
    """Lock a file for whoever opened it, until it is closed; return whether nobody else has it.

    The system releases the lock of a killed process. A second opening of the file in the same process counts as
    somebody else, except on NFS, which tells processes apart and no threads. A system without locks, such as
    WebAssembly, warns and goes on.

    Raises
    ------
    OSError
        If the file system has no locks (ENOLCK, for instance on NFS without its lock daemon).
    """
    fcntl, msvcrt = _module("fcntl"), _module("msvcrt")
    try:
        if fcntl is not None:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        elif msvcrt is not None:
            os.lseek(file, _LOCKED_BYTE, os.SEEK_SET)
            msvcrt.locking(file, msvcrt.LK_NBLCK, 1)
        else:
            logger.warning("this system locks no files: nothing tells two batches of one name from each other")
    except (BlockingIOError, PermissionError):
        return False
    return True


def _module(name: str) -> Any:
    """Return a module of some systems only; ``None`` where it is missing."""
    try:
        return importlib.import_module(name)
    except ImportError:
        return None
