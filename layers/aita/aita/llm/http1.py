"""HTTP/1.1 messages (RFC 9112): requests as bytes, and responses as they arrive, within bounds of size."""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import chain

import httpx2

MOST_HEAD = 65_536
"""Most bytes of the heads of a response (interim ones included), and of the trailers after its body."""

_LONGEST_CHUNK_LINE = 4_096  # bytes; the size of a chunk and its extensions
_SWITCHING, _FIRST_FINAL = 101, 200
_WITHOUT_BODY = {204, 304}

_TOKEN = rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"
_REQUEST_NAME = re.compile(_TOKEN)
_REQUEST_VALUE = re.compile(rb"(?:[^\x00-\x20\x7f](?:[^\x00-\x08\x0a-\x1f\x7f]*[^\x00-\x20\x7f])?)?")
_TARGET = re.compile(rb"/[!-~]*")
_STATUS_LINE = re.compile(rb"HTTP/1\.([01]) ([1-9]\d\d)(?: [^\0\r]*)?\r?")
_FIELD = re.compile(rb"(" + _TOKEN + rb"):[ \t]*([^\0\r]*)\r?")
_FOLD = re.compile(rb"[ \t]*\r?\n[ \t]+")
_CHUNK = re.compile(rb"([0-9A-Fa-f]{1,16})[ \t]*(?:;.*)?", re.DOTALL)
_LENGTH = re.compile(r"[0-9]{1,18}")
_HTTP = b"HTTP/1."


def request_head(method: str, target: bytes, fields: Iterable[tuple[bytes, bytes]]) -> bytes:
    """Return the head of a request, up to where its Content-Length follows.

    Raises
    ------
    httpx2.LocalProtocolError
        If a header has characters that would end it, or that no header has.
    """
    sent = [(name, value) for name, value in fields if name.lower() not in {b"content-length", b"transfer-encoding"}]
    valid = all(_REQUEST_NAME.fullmatch(name) and _REQUEST_VALUE.fullmatch(value) for name, value in sent)
    if not valid or not _TARGET.fullmatch(target):
        raise httpx2.LocalProtocolError("a header of the request, or its path, has characters that are not allowed")
    lines = b"".join(b"%b: %b\r\n" % field for field in sent)
    return b"%b %b HTTP/1.1\r\n%bContent-Length: " % (method.encode(), target, lines)


def whole_request(head: bytes, body: bytes) -> bytes:
    """Return a whole request."""
    return b"%b%d\r\n\r\n%b" % (head, len(body), body)


@dataclass(frozen=True, slots=True)
class Head:
    """Head of a response. ``fields`` are its headers as received; ``headers`` have lower-case names, and are joined."""

    status: int
    fields: list[tuple[bytes, bytes]]
    headers: dict[str, str]
    is_persistent: bool


class ResponseReader:
    """Reader of one response.

    Parameters
    ----------
    receive
        Returns the next bytes of the connection; empty at its end.
    received
        Bytes that were received already.
    """

    __slots__ = ("_buffer", "_receive", "is_complete")

    def __init__(self, receive: Callable[[], bytes], received: bytes) -> None:
        self._receive = receive
        self._buffer = received
        self.is_complete = False

    @property
    def has_begun(self) -> bool:
        """Whether bytes are left in the buffer, as those of a head that breaks off are."""
        return bool(self._buffer)

    @property
    def is_reusable(self) -> bool:
        """Whether the connection is where the next response begins."""
        return self.is_complete and not self._buffer

    def head(self) -> Head:
        """Return the head of the final response.

        Raises
        ------
        httpx2.RemoteProtocolError
            If what arrives is not HTTP, or is too large.
        """
        left = MOST_HEAD
        while True:
            block = self._head_block(left)
            left -= len(block) + 2
            head = _parsed(block)
            if head.status >= _FIRST_FINAL:
                return head
            if head.status == _SWITCHING:
                raise httpx2.RemoteProtocolError("the server switches protocols, which nobody asked for")

    def body(self, head: Head) -> Iterator[bytes]:
        """Return the parts of the body, as they arrive.

        Raises
        ------
        httpx2.RemoteProtocolError
            Here if the head does not say where the body ends; by the iterator if the body ends elsewhere.
        """
        if head.status in _WITHOUT_BODY:
            self.is_complete = True
            return iter(())
        if (coding := head.headers.get("transfer-encoding")) is not None:
            if coding.lower() != "chunked":
                raise httpx2.RemoteProtocolError("the response has a transfer coding that nobody asked for")
            return self._chunks()
        if (stated := head.headers.get("content-length")) is not None:
            return self._counted(_length(stated))
        return self._rest()

    def _head_block(self, most: int) -> bytes:
        searched = 0
        while True:
            buffer = self._buffer
            if not buffer.startswith(_HTTP) and not _HTTP.startswith(buffer):
                raise httpx2.RemoteProtocolError("what answers is not HTTP/1.1")
            if 0 <= (end := _end_of_head(buffer, searched)) <= most:
                self._buffer = buffer[end:]
                return buffer[:end].rstrip(b"\r\n")
            if len(buffer) > most:
                raise httpx2.RemoteProtocolError("the head of the response is too large")
            searched = max(0, len(buffer) - 2)
            self._fill("the server closed the connection without a response")

    def _fill(self, ended: str) -> None:
        data = self._receive()
        if not data:
            raise httpx2.RemoteProtocolError(ended)
        self._buffer += data

    def _pieces(self, length: int) -> Iterator[bytes]:
        while length:
            if not self._buffer:
                self._fill("the response ends before its length")
            piece, self._buffer = self._buffer[:length], self._buffer[length:]
            length -= len(piece)
            yield piece

    def _counted(self, length: int) -> Iterator[bytes]:
        yield from self._pieces(length)
        self.is_complete = True

    def _chunks(self) -> Iterator[bytes]:
        while size := self._chunk_size():
            yield from self._pieces(size)
            if self._line(2):
                raise httpx2.RemoteProtocolError("a chunk of the response does not end where it should")
        left = MOST_HEAD
        while trailer := self._line(left):
            left = max(0, left - len(trailer) - 2)
        self.is_complete = True

    def _chunk_size(self) -> int:
        found = _CHUNK.fullmatch(self._line(_LONGEST_CHUNK_LINE))
        if found is None:
            raise httpx2.RemoteProtocolError("a chunk of the response has no size")
        return int(found[1], 16)

    def _line(self, most: int) -> bytes:
        while (end := self._buffer.find(b"\n", 0, most)) < 0:
            if len(self._buffer) >= most:
                raise httpx2.RemoteProtocolError("a line between the chunks of the response is too long")
            self._fill("the response ends before its last chunk")
        line, self._buffer = self._buffer[:end], self._buffer[end + 1 :]
        return line.removesuffix(b"\r")

    def _rest(self) -> Iterator[bytes]:
        received, self._buffer = self._buffer, b""
        return filter(None, chain((received,), iter(self._receive, b"")))


def _end_of_head(buffer: bytes, begin: int) -> int:
    """Return where the first empty line ends; -1 without one."""
    end = buffer.find(b"\n\r\n", begin)
    bare = buffer.find(b"\n\n", begin, end if end >= 0 else len(buffer))
    if bare >= 0:
        return bare + 2
    return end + 3 if end >= 0 else -1


def _parsed(block: bytes) -> Head:
    if b"\n " in block or b"\n\t" in block:
        block = _FOLD.sub(b" ", block)  # RFC 9112, 5.2
    first, *lines = block.split(b"\n")
    status_line = _STATUS_LINE.fullmatch(first)
    if status_line is None:
        raise httpx2.RemoteProtocolError("what answers is not HTTP/1.1")
    fields: list[tuple[bytes, bytes]] = []
    headers: dict[str, str] = {}
    for line in lines:
        found = _FIELD.fullmatch(line)
        if found is None:
            raise httpx2.RemoteProtocolError("a header of the response is not valid")
        name, value = found[1], found[2].rstrip(b" \t")
        fields.append((name, value))
        key, text = name.decode("ascii").lower(), value.decode("latin-1")
        headers[key] = f"{headers[key]}, {text}" if key in headers else text
    connection = headers.get("connection")
    closes = connection is not None and "close" in connection.lower()
    return Head(int(status_line[2]), fields, headers, is_persistent=status_line[1] == b"1" and not closes)


def _length(stated: str) -> int:
    """Return the body's length, which may be stated more than once."""
    lengths = {each.strip(" \t") for each in stated.split(",")}
    if len(lengths) > 1 or not _LENGTH.fullmatch(length := lengths.pop()):
        raise httpx2.RemoteProtocolError("the response has no valid length")
    return int(length)
