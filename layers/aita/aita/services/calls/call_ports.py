"""Ports of the call loop. Each driver, the task function and the executor in process, has its own adapters for them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol

from aita.errors import ProviderBusy
from aita.models.run import Usage
from aita.ports import Reply
from aita.services.calls.reply_cache import CachedReply
from aita.tasks.request import LLMRequest


@dataclass(frozen=True, slots=True)
class Admitted:
    """Call that may be made now.

    ``prefix`` is the digest of the prompt prefix whose cache it must fill, if any, and ``tokens`` what its slot at the
    limiter reserves; ``None`` for a call without a slot.
    """

    request: LLMRequest
    prefix: str | None = None
    tokens: int | None = None


class Pacer(Protocol):
    """Decides when a call may be made, and learns from how the provider answers."""

    def admit(self, request: LLMRequest) -> Admitted:
        """Wait until the call may be made.

        Raises
        ------
        CallSignal
            If the call must not be made now, or not at all.
        """
        ...

    def record_answer(self, admitted: Admitted, reply: Reply) -> None:
        """Record that the provider answered a call."""
        ...

    def record_failure(self, admitted: Admitted, busy: ProviderBusy) -> None:
        """Record that the provider could not answer a call."""
        ...


class ReplyStore(Protocol):
    """Paid replies of one task, each stored before it is validated."""

    @property
    def payer(self) -> str:
        """Run and task that pay for the task's calls."""
        ...

    def get(self, digest: str) -> CachedReply | None:
        """Return the stored reply to a request, also one because of which a task failed in an earlier attempt."""
        ...

    def is_rejected(self, reply: CachedReply) -> bool:
        """Return whether a task failed because of a reply in an earlier attempt."""
        ...

    def put(self, digest: str, reply: Reply, usage: Usage) -> CachedReply:
        """Store the reply to a paid call, and return it as stored."""
        ...

    def reject(self, digest: str, reply: CachedReply) -> None:
        """Mark a reply as one because of which the task failed."""
        ...


class Budget(Protocol):
    """Cost cap, kept by committing each call's highest cost before the call."""

    def commit(self, request: LLMRequest) -> Decimal:
        """Commit the highest cost of a call, and return it in USD; 0 without a cap.

        Raises
        ------
        BudgetReached
            If the cap has no room for the call.
        """
        ...

    def settle(self, committed: Decimal, usage: Usage | None) -> None:
        """Release the unspent part of a commitment; ``usage`` is ``None`` if the call was not paid."""
        ...


class Images(Protocol):
    """Images of requests."""

    def load(self, request: LLMRequest) -> Callable[[], Mapping[str, bytes]]:
        """Return a function that returns the bytes of a request's images, by SHA-256.

        Loading may begin at once. The function raises MissingInputError if an image is missing or has changed.
        """
        ...
