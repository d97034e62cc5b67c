"""Work on several things at a time that wait for the network."""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

ItemT = TypeVar("ItemT")
ResultT = TypeVar("ResultT")
OtherT = TypeVar("OtherT")


def map_concurrently(work: Callable[[ItemT], ResultT], items: Iterable[ItemT], threads: int) -> list[ResultT]:
    """Return the result of ``work`` for each item, in the same order.

    If it fails for an item, the first such error is raised once all items are worked on.
    """
    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(work, items))


def together(first: Callable[[], ResultT], second: Callable[[], OtherT]) -> tuple[ResultT, OtherT]:
    """Return the results of two pieces of work that are done at the same time; the first one in this thread.

    If one fails, its error is raised once both have ended; if both do, that of the first.
    """
    with ThreadPoolExecutor(1) as pool:
        other = pool.submit(second)
        return first(), other.result()
