"""Connections of many threads to one endpoint, without the contention of a shared pool."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any
from urllib.request import getproxies

import httpcore2
import httpx2
import openai

_ONE = httpx2.Limits(max_connections=1, max_keepalive_connections=1)


class ConnectionPerCall(httpx2.BaseTransport):
    """Transport that gives each call a connection of its own and reuses the connection that became idle last.

    httpx2's pool checks all of its connections under one lock when a call begins and ends, which with hundreds of
    threads takes most of a call's processing time. This transport touches only one connection, without a lock, as both
    ends of a deque are thread-safe.

    Parameters
    ----------
    kept
        Most idle connections that are kept.
    make
        Returns a new transport for one connection.
    """

    def __init__(self, kept: int, make: Callable[[], httpx2.BaseTransport]) -> None:
        self._make = make
        # Without a maxlen, as connections must be closed before they are dropped.
        self._idle: deque[httpx2.BaseTransport] = deque()
        self._kept = kept

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send a request. Its connection becomes idle when the response is closed."""
        try:
            connection = self._idle.pop()
        except IndexError:
            connection = self._make()
        try:
            response = connection.handle_request(request)
        except BaseException:
            self._release(connection)
            raise
        response.stream = _Body(response.stream, lambda: self._release(connection))
        return response

    def close(self) -> None:
        """Close idle connections now, and each other connection when its call ends."""
        self._kept = 0
        while self._idle:
            self._idle.pop().close()

    def forget(self) -> None:
        """Drop idle connections without closing them, as the parent process uses them."""
        self._idle = deque()

    def _release(self, connection: httpx2.BaseTransport) -> None:
        if len(self._idle) < self._kept:
            self._idle.append(connection)
        else:
            connection.close()


class _Body(httpx2.SyncByteStream):
    """Body of a response that calls ``closed`` once, when it is closed."""

    def __init__(self, stream: Any, closed: Callable[[], None]) -> None:
        self._stream = stream
        self._closed: Callable[[], None] | None = closed

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._stream)

    def close(self) -> None:
        closed, self._closed = self._closed, None
        if closed is None:
            return
        try:
            self._stream.close()
        finally:
            closed()


def http_client(base_url: str, timeout: float, connections: int) -> httpx2.Client:
    """Return an HTTP client for openai's client and this many concurrent calls.

    If the environment names a proxy, the client uses openai's own pool, as a custom transport would bypass the proxy.

    Parameters
    ----------
    timeout
        Time-out of one call, in seconds.
    """
    if getproxies().keys() - {"no"}:
        limits = httpx2.Limits(max_connections=connections, max_keepalive_connections=connections)
        return openai.DefaultHttpxClient(base_url=base_url, timeout=timeout, limits=limits)
    context = httpx2.create_ssl_context()  # slow to create, and shared by all connections
    transport = ConnectionPerCall(connections, lambda: httpx2.HTTPTransport(verify=context, limits=_ONE))
    return openai.DefaultHttpxClient(base_url=base_url, timeout=timeout, transport=transport)


def forget_connections(client: httpx2.Client) -> None:
    """Drop a client's connections in a forked process, as they belong to the parent.

    The child's sockets are closed without sending anything. This uses private attributes of httpx2, as a client can't
    be rebuilt with its original arguments, and searches custom transports, which may hold httpx2's transports or
    connection pools in any attribute.
    """
    forgotten: set[int] = set()
    for transport in (client._transport, *client._mounts.values()):
        _forget(transport, forgotten)


def _forget(thing: object, forgotten: set[int]) -> None:
    if id(thing) in forgotten:
        return
    forgotten.add(id(thing))
    if isinstance(thing, ConnectionPerCall):
        thing.forget()
    elif isinstance(thing, httpcore2.ConnectionPool):
        thing._connections, thing._requests = [], []
        thing._optional_thread_lock = type(thing._optional_thread_lock)()  # a thread of the parent may have held it
    else:
        for part in _contents(thing):
            _forget(part, forgotten)


def _contents(thing: object) -> Iterable[object]:
    """Return the attributes of a transport or the items of a container; nothing for other objects."""
    if isinstance(thing, Mapping):
        return thing.values()
    if isinstance(thing, list | tuple | set | frozenset | deque):
        return thing
    if not isinstance(thing, httpx2.BaseTransport):
        return ()
    slots = [name for each in type(thing).__mro__ for name in _names(each.__dict__.get("__slots__", ()))]
    return [*getattr(thing, "__dict__", {}).values(), *(getattr(thing, name, None) for name in slots)]


def _names(slots: str | Iterable[str]) -> Iterable[str]:
    return (slots,) if isinstance(slots, str) else slots
