"""Connections of many threads to one endpoint, without a pool that they all stand in line for."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any
from urllib.request import getproxies

import httpcore2
import httpx2
import openai

_ONE = httpx2.Limits(max_connections=1, max_keepalive_connections=1)


class ConnectionPerCall(httpx2.BaseTransport):
    """Gives each call under way a connection of its own, that of the call which ended last.

    httpx2's pool looks at all of its connections under one lock as each call begins and ends, which at hundreds
    of threads is most of what a call costs. Here nothing is looked at but the connection that is taken, and no
    lock is needed: both ends of a deque are safe to use from threads.

    Parameters
    ----------
    kept
        How many connections are kept when no call uses them.
    make
        Makes what holds one connection.
    """

    def __init__(self, kept: int, make: Callable[[], httpx2.BaseTransport]) -> None:
        self._make = make
        # It drops nothing by itself: what is past its length is closed first.
        self._idle: deque[httpx2.BaseTransport] = deque()
        self._kept = kept

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send a request; its connection is free again when the response is closed."""
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
        """Close the connections that no call uses, and each other one as its call ends."""
        self._kept = 0
        while self._idle:
            self._idle.pop().close()

    def forget(self) -> None:
        """Let go of the connections that no call uses, and say nothing on them: another process uses them."""
        self._idle = deque()

    def _release(self, connection: httpx2.BaseTransport) -> None:
        if len(self._idle) < self._kept:
            self._idle.append(connection)
        else:
            connection.close()


class _Body(httpx2.SyncByteStream):
    """A response's body that tells once when it is closed."""

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
    """Return what openai's client calls through for so many calls at once.

    Where the environment names a proxy it is openai's own client with as large a pool: a transport of one's own
    would go past the proxy.
    """
    if getproxies().keys() - {"no"}:
        limits = httpx2.Limits(max_connections=connections, max_keepalive_connections=connections)
        return openai.DefaultHttpxClient(base_url=base_url, timeout=timeout, limits=limits)
    context = httpx2.create_ssl_context()  # which takes long to make, and serves all connections
    transport = ConnectionPerCall(connections, lambda: httpx2.HTTPTransport(verify=context, limits=_ONE))
    return openai.DefaultHttpxClient(base_url=base_url, timeout=timeout, transport=transport)


def forget_connections(client: httpx2.Client) -> None:
    """Have a client begin with no connection, in a process that was forked: those that it has are the parent's.

    Their sockets are closed here without a word on them. This looks into httpx2's own classes, as a client can't be
    made once more with all that whoever made it had given; and into transports of another's, which may hold httpx2's
    or a pool of connections wherever they like.
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
        thing._optional_thread_lock = type(thing._optional_thread_lock)()  # another thread may have held it
    else:
        for held in _contents(thing):
            _forget(held, forgotten)


def _contents(thing: object) -> Iterable[object]:
    """Return what a transport has in its attributes, and what a container holds; nothing of other things."""
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
