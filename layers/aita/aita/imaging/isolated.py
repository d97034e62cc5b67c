"""Reading of a file in a process of its own, so that excess of time or memory and crashes end only that process.

A PDF of a few hundred bytes can have pdfium draw for days or take all memory, on which it aborts; neither can be
foreseen, nor stopped from within the process.
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
from aita.models.scan import PageImage
from aita.ports import ByteSource

Numbered = tuple[int, PageImage]
"""A page with its number in its file."""

MEMORY: Final = 1792 * 2**20
"""Bytes for the fork: the function's memory in the template, less the needs of its parent process."""

PAGE_SECONDS: Final = 120.0
"""Time limit of one page, in seconds: the largest that is accepted needs 4 s on one CPU."""

FILE_SECONDS: Final = 800.0
"""Time limit of all pages, in seconds: the function has 900."""

_PAGE, _REFUSED, _RAISED, _END, _READ = b"p", b"r", b"x", b"e", b"b"
_FACTS: Final = struct.Struct(">III?")
_PIECE: Final = struct.Struct(">QI")
_LONGEST_MESSAGE: Final = 128 * 2**20  # bytes: no page's JPEG comes near


def pages_apart(
    data: bytes,
    pages: Callable[[bytes], Iterable[PageImage]],
    memory: int = MEMORY,
    page_seconds: float = PAGE_SECONDS,
) -> Iterator[PageImage]:
    """Yield a file's pages as ``pages`` does; a fork of this process makes each as it is asked for.

    Parameters
    ----------
    data
        The file.
    pages
        Function that makes its pages.
    memory
        Memory limit of the fork in bytes, including its memory at the start; enforced on Linux only.
    page_seconds
        Time limit of one page.

    Raises
    ------
    UnreadableScanError
        If ``pages`` refuses the file, or exceeds a limit of time or memory.
    """
    for _, page in _apart(None, lambda _: enumerate(pages(data), 1), memory, page_seconds):
        yield page


def numbered_pages_apart(
    file: ByteSource,
    pages: Callable[[ByteSource], Iterable[Numbered]],
    memory: int = MEMORY,
    page_seconds: float = PAGE_SECONDS,
) -> Iterator[Numbered]:
    """Yield pages as ``pages`` does, made in a fork. This process reads the file for it: the fork opens no connection.

    The other parameters are those of ``pages_apart``.

    Raises
    ------
    UnreadableScanError
        As ``pages_apart``.
    """
    return _apart(file, pages, memory, page_seconds)


def count_apart(file: ByteSource, count: Callable[[ByteSource], int]) -> int:
    """Return the number that ``count`` returns in a fork, for which this process reads the file.

    Raises
    ------
    UnreadableScanError
        As ``pages_apart``.
    """
    ((number, _),) = _apart(file, lambda read: [(count(read), PageImage(b"", 0, 0))], MEMORY, FILE_SECONDS)
    return number


def _apart(
    file: ByteSource | None, pages: Callable[[ByteSource], Iterable[Numbered]], memory: int, page_seconds: float
) -> Iterator[Numbered]:
    here, there = Pipe()
    child = os.fork()
    if child == 0:
        here.close()
        _send_pages(_RemoteFile(there, file.size if file else 0), pages, memory, there)
    there.close()
    try:
        yield from _receive_pages(here, file, page_seconds)
    finally:
        here.close()
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


class _RemoteFile:
    """File that the process before the fork reads."""

    def __init__(self, connection: Connection, size: int) -> None:
        self._connection = connection
        self.size = size

    def read(self, first: int, length: int) -> bytes:
        """Return a part of the file."""
        self._connection.send_bytes(_READ + _PIECE.pack(first, length))
        return self._connection.recv_bytes()


def _receive_pages(receive: Connection, file: ByteSource | None, page_seconds: float) -> Iterator[Numbered]:
    """Yield the pages that the fork sends, within the time limits, and read the file for it."""
    end = time.monotonic() + FILE_SECONDS
    while True:
        if not receive.poll(max(0.0, min(page_seconds, end - time.monotonic()))):
            raise UnreadableScanError(
                "the file takes too long to read: scan it again, in parts or at a lower resolution"
            )
        try:
            message = receive.recv_bytes(_LONGEST_MESSAGE)
        except (EOFError, ConnectionResetError):
            raise UnreadableScanError(_memory_message()) from None
        kind, body = message[:1], message[1:]
        if kind == _END:
            return
        if kind == _REFUSED:
            raise UnreadableScanError(body.decode())
        if kind == _RAISED:
            raise RuntimeError(f"reading a scan ended with {body.decode()}")
        if kind == _READ:
            _answer(receive, file.read(*_PIECE.unpack(body)) if file else b"")
            continue
        number, width, height, undrawn = _FACTS.unpack_from(body)
        yield number, PageImage(body[_FACTS.size :], width, height, undrawn)


def _answer(receive: Connection, data: bytes) -> None:
    try:
        receive.send_bytes(data)
    except (BrokenPipeError, ConnectionResetError):
        raise UnreadableScanError(_memory_message()) from None


def _send_pages(
    file: ByteSource, pages: Callable[[ByteSource], Iterable[Numbered]], memory: int, send: Connection
) -> None:
    """Make the pages in the fork and send them; the fork ends here in any case."""
    try:
        # Output of the libraries may hold words of the file, and would be logged.
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, 1)
        os.dup2(nowhere, 2)
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        if sys.platform == "linux":
            resource.setrlimit(resource.RLIMIT_DATA, (memory, memory))
        for number, page in pages(file):
            send.send_bytes(_PAGE + _FACTS.pack(number, page.width, page.height, page.undrawn) + page.jpeg)
        send.send_bytes(_END)
    except UnreadableScanError as error:
        send.send_bytes(_REFUSED + str(error).encode())
    except MemoryError:
        send.send_bytes(_REFUSED + _memory_message().encode())
    except BaseException as error:  # noqa: BLE001 - it is raised again on the other side of the pipe
        send.send_bytes(_RAISED + type(error).__name__.encode())
    finally:
        os._exit(0)


def _memory_message() -> str:
    return "the file takes more memory to read than there is: scan it again, in parts or at a lower resolution"
