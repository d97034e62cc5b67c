"""Ports of the queue of batches. The stack and the executor in process each have their own adapters for them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import Enum, auto
from typing import Protocol

from aita.models.base import StrictModel
from aita.models.provider_batch import BatchBook, BatchProgress
from aita.models.run import Usage
from aita.ports import Reply
from aita.tasks.request import LLMRequest


class BatchedRequest(StrictModel):
    """Request in a batch: the task that pays for it, and the limit of its reply's characters, if it has one."""

    owner: str
    longest: int | None = None

    def bounded(self, reply: Reply) -> Reply:
        """Return the reply; one that is longer than the request allows counts as cut off, as a streamed one is."""
        if self.longest is None or len(reply.text) <= self.longest:
            return reply
        return replace(reply, finish_reason="length")


@dataclass(frozen=True, slots=True)
class MissingRequest:
    """Request that a task would make now, as no reply to it is stored.

    Parameters
    ----------
    owner
        Task that pays for it.
    digest
        Key of its reply in the store.
    images
        Bytes of its images, by their SHA-256.
    """

    owner: str
    digest: str
    request: LLMRequest
    images: Mapping[str, bytes]


@dataclass(frozen=True, slots=True)
class Inspected:
    """An item that was looked at.

    Parameters
    ----------
    place
        Place of the item.
    missing
        Its next request; ``None`` if the item needs no call.
    paid_usd
        Cost of its stored replies, which no record of a task has yet.
    """

    place: int
    missing: MissingRequest | None
    paid_usd: Decimal


class Standing(Enum):
    """Whether requests may be made: the run goes on, it has ended, or a later attempt has begun."""

    CURRENT = auto()
    ENDED = auto()
    SUPERSEDED = auto()


class BatchBooks(Protocol):
    """Store of the book, and of the requests of each batch."""

    def read(self) -> BatchBook:
        """Return the book; an empty one at first."""
        ...

    def write(self, book: BatchBook) -> None:
        """Replace the book that was read or written last.

        Raises
        ------
        ObjectChangedError
            If another writer has replaced it since.
        """
        ...

    def read_requests(self, token: str) -> dict[str, BatchedRequest]:
        """Return the requests of a batch, by digest."""
        ...

    def write_requests(self, token: str, requests: Mapping[str, BatchedRequest]) -> None:
        """Store the requests of a batch, by digest."""
        ...


class BatchWork(Protocol):
    """Items whose requests go into batches."""

    @property
    def attempt(self) -> int:
        """Attempt of the run."""
        ...

    def standing(self) -> Standing:
        """Return whether requests may be made, as of now."""
        ...

    def inspect(self, first: int) -> Iterator[Inspected]:
        """Yield the items from a place on, in their order."""
        ...

    def ask_at_once(self, place: int) -> bool:
        """Execute an item by an ordinary call, and return whether it has ended or nothing more can be done."""
        ...

    def keep(self, digest: str, owner: str, reply: Reply, usage: Usage) -> None:
        """Store a paid reply; the same again if it is stored already."""
        ...

    def room(self) -> Decimal | None:
        """Return what may still be committed under the cap, in USD; ``None`` without a cap."""
        ...

    def highest_cost(self, request: LLMRequest) -> Decimal:
        """Return the highest cost of a request in a batch, in USD; 0 without a cap.

        Raises
        ------
        BudgetReached
            If there is a cap, and the model has no known price.
        """
        ...

    def commit(self, amount: Decimal) -> None:
        """Commit an amount in USD; nothing without a cap.

        Raises
        ------
        BudgetReached
            If the cap has no room for it.
        """
        ...

    def release(self, amount: Decimal) -> None:
        """Release the unspent part of a commitment, in USD."""
        ...

    def show(self, progress: BatchProgress | None, waits_for: str = "") -> None:
        """Show how far the batches are; ``waits_for`` is a failure of the provider's that delays them."""
        ...
