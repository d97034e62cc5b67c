"""One connection to a server, whose every wait ends with the call's deadline."""

import selectors
import socket
import ssl
import time

import httpx2

LONGEST_WAIT = 86_400.0
"""Longest wait in seconds; larger ones overflow in the operating system."""

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


class Connection:
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
            if left <= 0 or not (has_read or self._selector.select(min(left, LONGEST_WAIT))):
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
        left = min(deadline - time.monotonic(), LONGEST_WAIT)
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


def connect(origin: Origin, tls: ssl.SSLContext | None, deadline: float) -> Connection:
    """Return a new connection.

    Parameters
    ----------
    tls
        ``None`` for a connection without TLS.

    Raises
    ------
    httpx2.ConnectTimeout, httpx2.ConnectError
        If the server can't be reached in time, or not at all.
    """
    _, host, port = origin
    try:
        return Connection(origin, _open(host, port, tls, deadline))
    except TimeoutError as error:
        raise httpx2.ConnectTimeout("connecting took too long") from error
    except (OSError, UnicodeError) as error:  # the latter of a host that no name can be
        raise httpx2.ConnectError("connecting failed") from error


def _open(host: str, port: int, tls: ssl.SSLContext | None, deadline: float) -> socket.socket:
    """Return a connected socket. Each address of the host gets an equal share of the time that is left."""
    # As bytes, for which Python does not load its tables of international names: httpx2 has encoded them.
    addresses = socket.getaddrinfo(host.encode("ascii"), port, type=socket.SOCK_STREAM)
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
    left = min(deadline - time.monotonic(), LONGEST_WAIT)
    if left <= 0:
        raise TimeoutError
    return left
