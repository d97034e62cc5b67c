"""Ports of the model: calls, their rate limit, and batches."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import BinaryIO, Protocol

from aita.models.rate_limits import Rates
from aita.models.run import Usage
from aita.tasks.request import LLMRequest


@dataclass(frozen=True, slots=True)
class Slot:
    """Slot of a rate limiter.

    ``available_at`` is its time on the limiter's clock and ``wait`` the time until then, both in seconds. With an
    ``available_at`` of 0 nothing is reserved: the caller comes again after ``wait``.
    """

    available_at: float
    wait: float


class RateLimiter(Protocol):
    """Rate limit of one provider and model, shared by all their callers."""

    def reserve(self, configured: Rates, tokens: int, reservation: float | None = None) -> Slot:
        """Reserve the next free slot. Each caller waits once, however many callers there are.

        Parameters
        ----------
        configured
            Limits that the run was started with. Observed limits apply where they are lower.
        tokens
            Estimated tokens of the call, input and output together.
        reservation
            ``available_at`` of a slot that was reserved before. It is returned again unless the limiter has been
            closed past it, or it was missed, as in a suspended process; then another slot is reserved.
        """
        ...

    def settle(self, configured: Rates, expected_tokens: int, actual_tokens: int) -> None:
        """Correct the tokens that were reserved for a call by those that it used; never fails the call."""
        ...

    def close(self, configured: Rates, seconds: float | None, observed: Rates, *, paced: bool = True) -> None:
        """Let no call through for a while after a refusal by a rate limit, and lower the rate.

        Parameters
        ----------
        seconds
            Wait that the provider demanded; ``None`` if it named none, so that the limiter chooses.
        observed
            Limits in the headers of the provider's refusal.
        paced
            Whether the refused call had a slot. A refusal without one says nothing about a rate that was lowered since.
        """
        ...

    def pause(self, seconds: float) -> None:
        """Let no call through for ``seconds``, as a provider demands that fails for another reason than a rate."""
        ...

    def learn(self, observed: Rates) -> None:
        """Adopt the limits in the headers of a successful response."""
        ...


@dataclass(frozen=True, slots=True)
class TokenUsage:
    """Tokens of one call, as the provider reports them.

    ``cached_input_tokens`` (read from its cache) and ``cache_write_tokens`` (written to it) are included in
    ``input_tokens``; reasoning tokens are included in ``output_tokens``. ``cost_usd`` is the provider's own account of
    the call's cost, if it gives one.
    """

    input_tokens: int
    cached_input_tokens: int
    output_tokens: int
    cache_write_tokens: int = 0
    cost_usd: Decimal | None = None

    def known_for(self, text: str) -> "TokenUsage | None":
        """Return the usage of a reply with this text; ``None`` if it can't be, as some servers report zeros for all."""
        is_possible = self.input_tokens and (self.output_tokens or not text)
        return self if is_possible or self.cost_usd is not None else None


@dataclass(frozen=True, slots=True)
class Reply:
    """Unprocessed reply of a model, also a refusal or a truncated reply, which cost money too.

    ``usage`` is ``None`` if the provider did not report it.
    """

    text: str
    finish_reason: str
    refusal: bool
    model: str
    usage: TokenUsage | None
    latency_ms: int
    limits: Rates = field(default_factory=Rates)
    """Rate limits in the response's headers."""
    lacks: tuple[str, ...] = ()
    """Request parameters that were left out because the endpoint had refused them."""
    asked: str = ""
    """Name of the model that the request asked for, if it was not the executor's own."""


class LLM(Protocol):
    """Model behind a provider's API.

    Three attributes are optional. ``highest_cost(request)`` returns the most that a call can cost in USD, or ``None``
    without a known price; a cost cap in process needs it. ``with_model(name)`` returns the ``LLM`` of another model at
    the same endpoint, for tasks that name one. ``reasoning_effort`` becomes part of the model's identity.
    """

    @property
    def provider(self) -> str:
        """Base URL of the endpoint."""
        ...

    @property
    def model(self) -> str:
        """Name of the model."""
        ...

    def complete(self, request: LLMRequest, images: Mapping[str, bytes]) -> Reply:
        """Make one call, without retries.

        Parameters
        ----------
        images
            Bytes of each image in the request, by its SHA-256.

        Raises
        ------
        ProviderBusy
            If the provider can't answer now.
        RunStopped
            If no call can succeed until a person acts, such as with a wrong key.
        TaskError
            If this request can't succeed; TooLongError and RefusalError are kinds of it.
        """
        ...

    def price(self, reply: Reply) -> Usage:
        """Return the tokens and the cost of a reply."""
        ...


@dataclass(frozen=True, slots=True)
class ProviderBatch:
    """Batch as the provider reports it.

    Parameters
    ----------
    ended
        Whether it is at its end: completed, expired, cancelled or failed.
    done, total
        Requests that are answered or refused, and all requests; 0 before the provider has counted them.
    answer_files
        Files with its replies and errors.
    queue_full
        Whether it failed, and cost nothing, because the provider's queue has no room for it.
    failure
        Why it failed as a whole, in words that can't be of a prompt or a key; empty if it did not or none are known.
    """

    batch_id: str
    ended: bool
    done: int = 0
    total: int = 0
    answer_files: tuple[str, ...] = ()
    queue_full: bool = False
    failure: str = ""


class BatchProvider(Protocol):
    """A provider's batches of calls to one model. Every operation makes one attempt.

    All but ``line`` and ``price`` raise a ``CallError``: ``ProviderBusy`` if the provider can't answer now,
    ``RunStopped`` if a person must act, and ``TaskError`` if it refuses the operation.
    """

    def line(self, digest: str, request: LLMRequest, images: Mapping[str, bytes]) -> bytes:
        """Return a batch file's line for a request, which its reply will name by the digest.

        Raises
        ------
        TaskError
            If the request can't be sent.
        """
        ...

    def upload(self, file: BinaryIO, name: str) -> str:
        """Upload a batch file, and return its id."""
        ...

    def create(self, file_id: str, token: str) -> ProviderBatch:
        """Create a batch of a file; the token becomes part of its metadata."""
        ...

    def find(self, file_id: str, token: str) -> list[ProviderBatch]:
        """Return the batches of a file or with a token, the oldest first."""
        ...

    def get(self, batch_id: str) -> ProviderBatch:
        """Return a batch."""
        ...

    def cancel(self, batch_id: str) -> None:
        """Cancel a batch. Nothing happens if it is at its end."""
        ...

    def replies(self, batch: ProviderBatch) -> Iterator[tuple[str, Reply]]:
        """Yield the replies of a batch that has ended, each with its request's digest; requests may lack theirs."""
        ...

    def delete(self, file_id: str) -> None:
        """Delete a file. Nothing happens if it is not there."""
        ...

    def price(self, reply: Reply) -> Usage:
        """Return the tokens and the cost of a reply in a batch."""
        ...
