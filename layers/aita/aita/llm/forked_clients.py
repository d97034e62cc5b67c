"""HTTP clients of the caller in a forked process."""

import sys
from collections import deque
from collections.abc import Iterable, Mapping

import httpx2


def forget_connections(client: httpx2.Client) -> None:
    """Drop a client's connections in a forked process, as they belong to the parent.

    The child's sockets are closed without sending anything. This uses private attributes of httpx2, as a client can't
    be rebuilt with its original arguments, and searches custom transports, which may hold httpx2's transports or
    connection pools in any attribute.
    """
    if "httpcore2" not in sys.modules:  # its pools are the only ones, and to import it in each child would take long
        return
    forgotten: set[int] = set()
    for transport in (client._transport, *client._mounts.values()):
        _forget(transport, forgotten)


def _forget(thing: object, forgotten: set[int]) -> None:
    import httpcore2  # noqa: PLC0415 - a process without a client of the caller's needs none of it

    if id(thing) in forgotten:
        return
    forgotten.add(id(thing))
    if isinstance(thing, httpcore2.ConnectionPool):
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
