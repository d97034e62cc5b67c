"""What a forked process must not share with the one that it came from.

A child has copies of its parent's sockets, on which it would read what the parent was answered, and of its locks, as
they were held at that moment by threads that it does not have.
"""

import os
import weakref
from collections.abc import Callable
from typing import Any, TypeVar

ThingT = TypeVar("ThingT")

_renewals: weakref.WeakKeyDictionary[Any, Callable[[Any], None]] = weakref.WeakKeyDictionary()


def renew_in_children(thing: ThingT, renew: Callable[[ThingT], None]) -> None:
    """Have ``renew`` called with a thing in each process that is forked from now on, before anything else runs there.

    Parameters
    ----------
    thing
        It is not kept alive by this. It must be told from others by identity alone.
    renew
        Makes locks anew and lets go of connections without a word on them: they are still the parent's.
    """
    _renewals[thing] = renew


def _renew() -> None:
    for thing, renew in list(_renewals.items()):
        renew(thing)


if hasattr(os, "register_at_fork"):  # a system without it does not fork
    os.register_at_fork(after_in_child=_renew)
