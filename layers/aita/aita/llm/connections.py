"""Connections of many threads to one server, without a pool that they would contend for."""

import ssl
import time
from collections import deque
from collections.abc import Iterator

import httpx2

from aita.forks import renew_in_children
from aita.llm.http1 import Head, ResponseReader, request_head, whole_request
from aita.llm.socket_connection import LONGEST_WAIT, Connection, Origin, connect, origin_of

_IDLE = 5.0
"""Seconds after which an idle connection is not used again, as httpx has it: servers close theirs, and what is between
may forget them without a word, as may the freeze of a function."""


class Connections(httpx2.BaseTransport):
    """Connections to one origin, one for each call under way; of the idle ones, the last is taken first.

    No lock is needed, as both ends of a deque are thread-safe. A forked process begins without connections. As a
    transport it serves openai's client, where that makes a call itself, such as after a redirect.
    """

    def __init__(self, base_url: httpx2.URL) -> None:
        self._origin = origin_of(base_url)
        self._tls = _tls_context() if base_url.scheme == "https" else None  # slow to create, and shared
        self._idle: deque[Connection] = deque()
        self._is_closed = False
        renew_in_children(self, Connections.forget)

    def send(self, origin: Origin, data: bytes, deadline: float, connect_timeout: float) -> "Answer":
        """Send a whole request, and return the response once its head is there.

        It is sent once more, over a new connection, only if a kept one had ended before all of the request was sent:
        the server can't have acted on a part of it, whereas a whole one that is not answered may have been paid.

        Parameters
        ----------
        deadline
            When the whole call must have ended, as ``time.monotonic`` tells it.
        connect_timeout
            Most seconds for connecting.

        Raises
        ------
        httpx2.TransportError
            As httpx2's own transport raises them.
        """
        kept = self._take(origin)
        if kept is not None:
            try:
                return self._exchange(kept, data, deadline)
            except httpx2.WriteError:
                pass
        tls = (self._tls or _tls_context()) if origin[0] == "https" else None
        made = connect(origin, tls, min(deadline, time.monotonic() + connect_timeout))
        return self._exchange(made, data, deadline)

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send a request of httpx2. Its read time-out is that of the whole call."""
        timeout = request.extensions.get("timeout", {})
        read, connect = (timeout.get(name) for name in ("read", "connect"))
        head = request_head(request.method, request.url.raw_path, request.headers.raw)
        answer = self.send(
            origin_of(request.url),
            whole_request(head, request.read()),
            time.monotonic() + (LONGEST_WAIT if read is None else read),
            LONGEST_WAIT if connect is None else connect,
        )
        return httpx2.Response(answer.status, headers=answer.fields, stream=_Stream(answer))

    def close(self) -> None:
        """Close idle connections now, and each other connection when its call ends."""
        self._is_closed = True
        while self._idle:
            self._idle.pop().close()

    def forget(self) -> None:
        """Drop the connections of the parent process: the child's sockets are closed without sending anything."""
        parents, self._idle = self._idle, deque()
        for connection in parents:
            connection.close()

    def release(self, connection: Connection) -> None:
        """Keep a connection for the next call, and close the ones that have been idle too long."""
        if self._is_closed or connection.origin != self._origin:
            connection.close()
            return
        now = time.monotonic()
        connection.idle_since = now
        self._idle.append(connection)
        try:
            while now - self._idle[0].idle_since > _IDLE:
                self._idle.popleft().close()
        except IndexError:  # another thread has taken the last one
            return

    def _take(self, origin: Origin) -> Connection | None:
        """Return an idle connection that the server has not closed, if there is one."""
        if origin != self._origin:
            return None
        oldest = time.monotonic() - _IDLE
        while True:
            try:
                connection = self._idle.pop()
            except IndexError:
                return None
            if connection.idle_since >= oldest and connection.is_open():
                return connection
            connection.close()

    def _exchange(self, connection: Connection, data: bytes, deadline: float) -> "Answer":
        try:
            is_sent = connection.send(data, deadline)
            reader = ResponseReader(lambda: connection.receive(deadline), connection.early)
            try:
                head = reader.head()
            except (httpx2.ReadError, httpx2.RemoteProtocolError) as error:
                if is_sent or reader.has_begun:
                    raise
                raise httpx2.WriteError("the connection was lost before the request was sent") from error
            return Answer(head, reader, connection, self, reusable=is_sent and head.is_persistent)
        except BaseException:
            connection.close()
            raise


class Answer:
    """Response whose body is unread.

    Closing it keeps its connection for another call if the body was read to its end.
    """

    __slots__ = ("_connection", "_connections", "_parts", "_reader", "_reusable", "fields", "headers", "status")

    def __init__(
        self,
        head: Head,
        reader: ResponseReader,
        connection: Connection,
        connections: Connections,
        *,
        reusable: bool,
    ) -> None:
        self.status, self.fields, self.headers = head.status, head.fields, head.headers
        self._parts = reader.body(head)
        self._reader = reader
        self._connection: Connection | None = connection
        self._connections = connections
        self._reusable = reusable

    def iter_raw(self) -> Iterator[bytes]:
        """Yield the parts of the body as they were sent."""
        return self._parts

    def iter_bytes(self) -> Iterator[bytes]:
        """Yield the parts of the body, decoded as its Content-Encoding says.

        Raises
        ------
        httpx2.RequestError
            If the body is late, breaks off or can't be decoded.
        """
        if "content-encoding" not in self.headers:
            return self._parts
        return httpx2.Response(self.status, headers=self.fields, stream=_Stream(self)).iter_bytes()

    def close(self) -> None:
        """End the call."""
        connection, self._connection = self._connection, None
        if connection is None:
            return
        if self._reusable and self._reader.is_reusable:
            self._connections.release(connection)
        else:
            connection.close()


class _Stream(httpx2.SyncByteStream):
    def __init__(self, answer: Answer) -> None:
        self._answer = answer

    def __iter__(self) -> Iterator[bytes]:
        return self._answer.iter_raw()

    def close(self) -> None:
        self._answer.close()


def _tls_context() -> ssl.SSLContext:
    context = httpx2.create_ssl_context()
    context.set_alpn_protocols(["http/1.1"])
    return context
