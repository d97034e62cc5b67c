"""Reading a file in a process of its own: what takes too long, too much memory or the process itself ends that one.

A PDF of a few hundred bytes can have pdfium draw for days or take all memory, on which it aborts; neither can be told
before, nor stopped from within the process.
"""

import os
import resource
import signal
import struct
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from typing import Final

from aita.errors import UnreadableScanError
from aita.imaging.encode import PageImage

MEMORY: Final = 1792 * 2**20
"""Bytes: what the function has in the template, less what the process beside this one needs."""

PAGE_SECONDS: Final = 120.0
"""For one page: the largest that is taken needs 4 s on one CPU."""

FILE_SECONDS: Final = 800.0
"""For all pages: the function has 900."""

_PAGE, _REFUSED, _RAISED, _END = b"p", b"r", b"x", b"e"
_SIZE: Final = struct.Struct(">II")
_LONGEST_MESSAGE: Final = 128 * 2**20  # bytes: no page's JPEG comes near


def pages_apart(
    data: bytes,
    pages: Callable[[bytes], Iterable[PageImage]],
    memory: int = MEMORY,
    page_seconds: float = PAGE_SECONDS,
) -> Iterator[PageImage]:
    """Yield a file's pages as ``pages`` does, made in a fork of this process as they are asked for.

    Parameters
    ----------
    data
        The file.
    pages
        Makes its pages.
    memory
        Bytes that the fork may take, with what it was born with; held on Linux only.
    page_seconds
        How long one page may take.

    Raises
    ------
    UnreadableScanError
        ``pages`` refuses the file, or it takes more time or memory than it may.
    """
    receive, send = Pipe(duplex=False)
    child = os.fork()
    if child == 0:
        _make(data, pages, memory, send)
    send.close()
    try:
        yield from _received(receive, page_seconds)
    finally:
        receive.close()
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


def _received(receive: Connection, page_seconds: float) -> Iterator[PageImage]:
    end = time.monotonic() + FILE_SECONDS
    while True:
        if not receive.poll(max(0.0, min(page_seconds, end - time.monotonic()))):
            raise UnreadableScanError(
                "the file takes too long to read: scan it again, in parts or at a lower resolution"
            )
        try:
            said = receive.recv_bytes(_LONGEST_MESSAGE)
        except EOFError:
            raise UnreadableScanError(_too_much()) from None
        kind, body = said[:1], said[1:]
        if kind == _END:
            return
        if kind == _REFUSED:
            raise UnreadableScanError(body.decode())
        if kind == _RAISED:
            raise RuntimeError(f"reading a scan ended with {body.decode()}")
        width, height = _SIZE.unpack_from(body)
        yield PageImage(body[_SIZE.size :], width, height)


def _make(data: bytes, pages: Callable[[bytes], Iterable[PageImage]], memory: int, send: Connection) -> None:
    """Make the pages in the fork, which ends here whatever happens."""
    try:
        # What libraries print may hold words of the file, and would be logged.
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, 1)
        os.dup2(nowhere, 2)
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        if sys.platform == "linux":
            resource.setrlimit(resource.RLIMIT_DATA, (memory, memory))
        for page in pages(data):
            send.send_bytes(_PAGE + _SIZE.pack(page.width, page.height) + page.jpeg)
        send.send_bytes(_END)
    except UnreadableScanError as error:
        send.send_bytes(_REFUSED + str(error).encode())
    except MemoryError:
        send.send_bytes(_REFUSED + _too_much().encode())
    except BaseException as error:  # noqa: BLE001 - it is raised again on the other side of the pipe
        send.send_bytes(_RAISED + type(error).__name__.encode())
    finally:
        os._exit(0)


def _too_much() -> str:
    return "the file takes more memory to read than there is: scan it again, in parts or at a lower resolution"
