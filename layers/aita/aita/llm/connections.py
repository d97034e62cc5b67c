"""Connections of many threads to one server, without a pool that they would contend for."""

import selectors
import socket
import ssl
import time
from collections import deque
from collections.abc import Iterator

import httpx2

from aita.forks import renew_in_children
from aita.llm.http1 import Head, ResponseReader, request_head, whole_request

_IDLE = 5.0
"""Seconds after which an idle connection is not used again, as httpx has it: servers close theirs, and what is between
may forget them without a word, as may the freeze of a function."""

_LONGEST_WAIT = 86_400.0  # seconds; larger ones overflow in the operating system
_PART = 65_536  # bytes
_Selector: type[selectors.BaseSelector] = getattr(selectors, "PollSelector", selectors.SelectSelector)
_NOT_YET = (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError)

Origin = tuple[str, str, int]
"""Scheme, host and port."""


def origin_of(url: httpx2.URL) -> Origin:
    """Return the origin of a URL.

    Raises
    ------
    httpx2.UnsupportedProtocol
        If its scheme is neither http nor https.
    """
    default = {"http": 80, "https": 443}.get(url.scheme)
    if default is None or not url.host:
        raise httpx2.UnsupportedProtocol("the URL is neither http nor https")
    return url.scheme, url.raw_host.decode("ascii"), url.port or default


class Connections(httpx2.BaseTransport):
    """Connections to one origin, one for each call under way; of the idle ones, the last is taken first.

    No lock is needed, as both ends of a deque are thread-safe. A forked process begins without connections. As a
    transport it serves openai's client, where that makes a call itself, such as after a redirect.
    """

    def __init__(self, base_url: httpx2.URL) -> None:
        self._origin = origin_of(base_url)
        self._tls = _tls_context() if base_url.scheme == "https" else None  # slow to create, and shared
        self._idle: deque[_Connection] = deque()
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
        return self._exchange(self._connect(origin, deadline, connect_timeout), data, deadline)

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send a request of httpx2. Its read time-out is that of the whole call."""
        timeout = request.extensions.get("timeout", {})
        read, connect = (timeout.get(name) for name in ("read", "connect"))
        head = request_head(request.method, request.url.raw_path, request.headers.raw)
        answer = self.send(
            origin_of(request.url),
            whole_request(head, request.read()),
            time.monotonic() + (_LONGEST_WAIT if read is None else read),
            _LONGEST_WAIT if connect is None else connect,
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

    def release(self, connection: "_Connection") -> None:
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

    def _take(self, origin: Origin) -> "_Connection | None":
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

    def _connect(self, origin: Origin, deadline: float, seconds: float) -> "_Connection":
        scheme, host, port = origin
        tls = (self._tls or _tls_context()) if scheme == "https" else None
        try:
            return _Connection(origin, _open(host, port, tls, min(deadline, time.monotonic() + seconds)))
        except TimeoutError as error:
            raise httpx2.ConnectTimeout("connecting took too long") from error
        except (OSError, UnicodeError) as error:  # the latter of a host that no name can be
            raise httpx2.ConnectError("connecting failed") from error

    def _exchange(self, connection: "_Connection", data: bytes, deadline: float) -> "Answer":
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
        connection: "_Connection",
        connections: Connections,
        *,
        reusable: bool,
    ) -> None:
        self.status, self.fields, self.headers = head.status, head.fields, head.headers
        self._parts = reader.body(head)
        self._reader = reader
        self._connection: _Connection | None = connection
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


class _Connection:
    """Socket with at most one call under way. It never blocks; the waiting is for its selector."""

    __slots__ = ("_selector", "_socket", "early", "idle_since", "origin")

    def __init__(self, origin: Origin, connected: socket.socket) -> None:
        connected.settimeout(0)
        self.origin = origin
        self.early = b""  # of a response that came before all of the request was sent
        self.idle_since = 0.0
        self._socket = connected
        self._selector = _Selector()
        self._selector.register(connected, selectors.EVENT_READ)

    def is_open(self) -> bool:
        """Return whether an idle connection has neither ended nor received what nobody asked for."""
        try:
            self._socket.recv(1)
        except _NOT_YET:
            return True
        except OSError:
            return False
        return False

    def send(self, data: bytes, deadline: float) -> bool:
        """Send a request; return whether all of it was sent, which an early response or end prevents.

        Raises
        ------
        httpx2.WriteTimeout
            If it takes too long.
        """
        left = memoryview(data)
        while left:
            try:
                left = left[self._socket.send(left) :]
            except _NOT_YET:
                if self._answers_early(deadline):
                    return False
            except OSError:  # the response may say why
                return False
        return True

    def receive(self, deadline: float) -> bytes:
        """Return the next bytes; empty at the end of the connection.

        Raises
        ------
        httpx2.ReadTimeout, httpx2.ReadError
            If they are late, or the connection is lost.
        """
        has_read = isinstance(self._socket, ssl.SSLSocket) and self._socket.pending()
        while True:
            left = deadline - time.monotonic()
            if left <= 0 or not (has_read or self._selector.select(min(left, _LONGEST_WAIT))):
                raise httpx2.ReadTimeout("the response is late")
            try:
                return self._socket.recv(_PART)
            except _NOT_YET:  # TLS has messages of its own
                has_read = False
            except OSError as error:
                raise httpx2.ReadError("the connection was lost") from error

    def close(self) -> None:
        """Close the socket."""
        self._selector.close()
        self._socket.close()

    def _answers_early(self, deadline: float) -> bool:
        """Wait until more of the request can be sent; return whether it need not be, as the response begins."""
        left = min(deadline - time.monotonic(), _LONGEST_WAIT)
        with _Selector() as selector:
            selector.register(self._socket, selectors.EVENT_READ | selectors.EVENT_WRITE)
            ready = selector.select(left) if left > 0 else []
        if not ready:
            raise httpx2.WriteTimeout("the request could not be sent in time")
        ((_, events),) = ready
        if not events & selectors.EVENT_READ:
            return False
        try:
            self.early = self._socket.recv(_PART)
        except _NOT_YET:
            return False
        except OSError:
            return True
        return True


def _open(host: str, port: int, tls: ssl.SSLContext | None, deadline: float) -> socket.socket:
    """Return a connected socket. Each address of the host gets an equal share of the time that is left."""
    addresses = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    for tried, (family, kind, protocol, _, address) in enumerate(addresses, 1):
        connected = socket.socket(family, kind, protocol)
        try:
            connected.settimeout(_left(deadline) / (len(addresses) - tried + 1))
            connected.connect(address)
            connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        except OSError:
            connected.close()
            if tried == len(addresses):
                raise
            continue
        if tls is None:
            return connected
        try:
            connected.settimeout(_left(deadline))
            return tls.wrap_socket(connected, server_hostname=host)  # its time-out is that of the whole handshake
        except BaseException:
            connected.close()
            raise
    raise OSError(f"{host} has no address")


def _left(deadline: float) -> float:
    left = min(deadline - time.monotonic(), _LONGEST_WAIT)
    if left <= 0:
        raise TimeoutError
    return left


def _tls_context() -> ssl.SSLContext:
    context = httpx2.create_ssl_context()
    context.set_alpn_protocols(["http/1.1"])
    return context
