"""Ports of the services: stores, state machine, rate limiter, model and clock.

Packages ``aws``, ``llm`` and ``memory`` implement them.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import BinaryIO, Protocol

from aita.models.decision import Decision
from aita.models.match import MatchDecision
from aita.models.part_decision import PartDecision
from aita.models.provider_batch import BatchProgress
from aita.models.rate_limits import Rates
from aita.models.run import Run, RunStatus, RunSummary, StageCounts, TaskRow, Usage
from aita.tasks.request import LLMRequest


@dataclass(frozen=True, slots=True)
class StoredObject:
    """Object in a listing: key, size in bytes and ETag."""

    key: str
    size: int
    etag: str


class ObjectStore(Protocol):
    """Bucket of objects. Keys are opaque here: only the module that builds a key may read meaning into it."""

    @property
    def bucket(self) -> str:
        """Name of the bucket."""
        ...

    def get(self, key: str) -> bytes:
        """Return an object's bytes.

        Raises
        ------
        ObjectNotFoundError
            If no object has this key.
        """
        ...

    def get_with_etag(self, key: str) -> tuple[bytes, str]:
        """Return an object's bytes and its ETag.

        Raises
        ------
        ObjectNotFoundError
            If no object has this key.
        """
        ...

    def put(self, key: str, data: bytes, content_type: str = "application/json") -> None:
        """Write a whole object, over an existing one."""
        ...

    def put_if(self, key: str, data: bytes, etag: str | None) -> str:
        """Write an object if the stored one has this ETag; with ``None``, if there is none. Return its new ETag.

        Raises
        ------
        ObjectChangedError
            If the stored object has another ETag.
        """
        ...

    def put_unless_newer(self, key: str, data: bytes, made_from: datetime) -> bool:
        """Write an object unless the stored one was made from newer material; return whether it was written.

        Parameters
        ----------
        made_from
            When the material was read. It is stored with the object; an object without it counts as older.
        """
        ...

    def list(self, prefix: str) -> Iterator[StoredObject]:
        """Yield the objects under a prefix, ordered by the UTF-8 bytes of their keys."""
        ...

    def presign_get(self, key: str, filename: str) -> str:
        """Return a URL that downloads the object under this file name; it expires after some minutes."""
        ...

    def presign_post(self, key: str, content_type: str, size: int) -> tuple[str, dict[str, str]]:
        """Return URL and fields of a form that uploads exactly this key, type and size (bytes) within some minutes."""
        ...


@dataclass(frozen=True, slots=True)
class StoredVersion:
    """Version of an object, or a deletion marker. ``is_latest`` is true of the object's current state."""

    key: str
    version_id: str
    etag: str = ""
    is_latest: bool = False


class VersionStore(Protocol):
    """Bucket with all retained versions of its objects."""

    def versions(self, prefix: str) -> Iterator[StoredVersion]:
        """Yield every version and deletion marker under a prefix."""
        ...

    def read(self, version: StoredVersion) -> bytes:
        """Return a version's bytes; empty for a deletion marker or a version that no longer exists."""
        ...

    def erase(self, versions: Sequence[StoredVersion]) -> None:
        """Delete versions permanently."""
        ...


@dataclass(frozen=True, slots=True)
class StoredRow:
    """Keys of a table row. ``kind`` and ``name`` are the parts of its sort key, such as TASK and the task's id."""

    partition: str
    kind: str
    name: str = ""


class RowStore(Protocol):
    """Table rows by their keys, whatever their attributes are."""

    def of_assignment(self, assignment: str) -> Iterator[StoredRow]:
        """Yield the rows of an assignment: run summaries, active-run markers and decisions."""
        ...

    def of_run(self, run_id: str) -> Iterator[StoredRow]:
        """Yield the rows of a run: its META row and its tasks' rows."""
        ...

    def delete(self, rows: Sequence[StoredRow]) -> None:
        """Delete rows.

        Raises
        ------
        StorageError
            If the store is too busy for it.
        """
        ...


class RunStore(Protocol):
    """META rows of runs, their summaries, and the active run of each assignment and pipeline."""

    def create(self, run: Run, replaces: str | None) -> None:
        """Write a new run and make it active for its assignment and pipeline, in one transaction.

        Raises
        ------
        ConflictError
            If ``replaces`` is no longer the active run.
        """
        ...

    def get(self, run_id: str) -> Run:
        """Return the run, by a strongly consistent read.

        Raises
        ------
        NotFoundError
            If there is no such run.
        """
        ...

    def active(self, assignment: str, pipeline: str) -> str | None:
        """Return the id of the run that was last made active, even if it has ended."""
        ...

    def restart(self, run: Run, replaces: str | None) -> None:
        """Begin the next attempt of a run and make it active. ``run`` already has the new attempt's values.

        Raises
        ------
        ConflictError
            If the stored run is running or of another attempt, or ``replaces`` is no longer the active run.
        """
        ...

    def set_execution(self, run_id: str, execution_arn: str) -> None:
        """Record the execution of the current attempt."""
        ...

    def end(self, run_id: str, attempt: int, status: RunStatus, reason: str) -> Run:
        """End the run if it is RUNNING in this attempt; return the run after the update."""
        ...

    def begin_stage(self, run_id: str, stage: str, counts: StageCounts, removed_usage: Usage) -> None:
        """Set the current stage, its counters, and the usage of task rows that were removed."""
        ...

    def count(self, run_id: str, stage: str, row: TaskRow) -> Run:
        """Add a finished task to the counters of its attempt; return the run after the update."""
        ...

    def count_wait(self, run_id: str, reason: str) -> Run:
        """Count one wait for the provider and record its reason; return the run after the update."""
        ...

    def show_batches(self, run_id: str, attempt: int, progress: BatchProgress | None) -> None:
        """Record how far the provider's batches are that the run waits for in this attempt; ``None`` for none."""
        ...

    def reserve_cost(self, run_id: str, attempt: int, amount: Decimal, cap: Decimal) -> bool:
        """Add ``amount`` to the committed cost (both in USD) if the sum stays within ``cap``.

        Returns
        -------
        bool
            Whether it was added; ``False`` also if the run is not RUNNING in this attempt.
        """
        ...

    def release_cost(self, run_id: str, amount: Decimal) -> None:
        """Subtract ``amount`` (USD) from the committed cost: the part of a commitment that a call did not use."""
        ...

    def finish_stage(self, run_id: str, stage: str, counts: StageCounts, usage: Usage) -> Run:
        """Set a stage's counts and the run's usage to exact values; return the run after the update."""
        ...

    def summarise(self, run: Run) -> None:
        """Update the run's entry in the list of its assignment's runs."""
        ...

    def list(self, assignment: str, limit: int, token: str | None) -> tuple[list[RunSummary], str | None]:
        """Return up to ``limit`` summaries, newest first, and the next page's token.

        Raises
        ------
        RequestError
            If the token did not come from this list.
        """
        ...


class TaskStore(Protocol):
    """Rows of finished tasks."""

    def record(self, run_id: str, row: TaskRow) -> bool:
        """Record a finished task; idempotent. SUCCEEDED is final, FAILED is replaced by a later attempt's row.

        A replaced row's usage is added to the new one's, so that a run's rows sum to its total usage.

        Returns
        -------
        bool
            Whether the row was written.
        """
        ...

    def rows(self, run_id: str, stage: str | None = None) -> Iterator[TaskRow]:
        """Yield the rows of a run, or of one of its stages."""
        ...

    def page(self, run_id: str, status: str | None, limit: int, token: str | None) -> tuple[list[TaskRow], str | None]:
        """Return up to ``limit`` rows and the next page's token.

        Raises
        ------
        RequestError
            If the token did not come from this list.
        """
        ...

    def remove(self, run_id: str, task_ids: list[str]) -> None:
        """Delete the rows of tasks that are no longer part of the run.

        Raises
        ------
        StorageError
            If the store is too busy for it.
        """
        ...


class DecisionStore(Protocol):
    """Decisions of people about cells, parts of pages and students' matches with the roster.

    A decision is never changed and never expires.
    """

    def add(self, assignment: str, decision: Decision) -> None:
        """Write a decision.

        Raises
        ------
        ConflictError
            If a decision of this id exists; it is not changed.
        """
        ...

    def all(self, assignment: str) -> Iterator[Decision]:
        """Yield an assignment's decisions about cells, ordered by cell, then oldest first."""
        ...

    def page(self, assignment: str, limit: int, token: str | None) -> tuple[list[Decision], str | None]:
        """Return up to ``limit`` decisions in the order of ``all``, and the next page's token.

        Raises
        ------
        RequestError
            If the token did not come from this list.
        """
        ...

    def add_on_part(self, assignment: str, decision: PartDecision) -> None:
        """Write a decision about a part of a page.

        Raises
        ------
        ConflictError
            If a decision of this id exists about the part; it is not changed.
        """
        ...

    def on_parts(self, assignment: str) -> Iterator[PartDecision]:
        """Yield an assignment's decisions about parts of pages, ordered by part, then oldest first."""
        ...

    def page_on_parts(self, assignment: str, limit: int, token: str | None) -> tuple[list[PartDecision], str | None]:
        """Return up to ``limit`` decisions in the order of ``on_parts``, and the next page's token.

        Raises
        ------
        RequestError
            If the token did not come from this list.
        """
        ...

    def add_match(self, assignment: str, decision: MatchDecision) -> None:
        """Write a decision about a student's match.

        Raises
        ------
        ConflictError
            If the student has a decision of this id; it is not changed.
        """
        ...

    def matches(self, assignment: str) -> Iterator[MatchDecision]:
        """Yield an assignment's decisions about matches, ordered by student, then oldest first."""
        ...


class Executions(Protocol):
    """Executions of the state machine."""

    def start(self, run: Run) -> str:
        """Start the run's current attempt at its current stage; return the execution's ARN."""
        ...

    def stop(self, execution_arn: str) -> None:
        """Stop an execution; does nothing if it has ended or does not exist."""
        ...

    def is_running(self, execution_arn: str) -> bool | None:
        """Return whether the execution is running; ``None`` if it is not known, as it may be just after its start."""
        ...

    def list_running(self) -> frozenset[str]:
        """Return the ARNs of the executions that are running; what was started seconds ago may be missing.

        Raises
        ------
        StackError
            If that is not told.
        """
        ...


class LambdaQuota(Protocol):
    """The account's quota of functions that run at once."""

    def left(self) -> int:
        """Return the quota, less what is reserved.

        Raises
        ------
        StackError
            If it is not told.
        """
        ...


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
    """

    batch_id: str
    ended: bool
    done: int = 0
    total: int = 0
    answer_files: tuple[str, ...] = ()
    queue_full: bool = False


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


class BatchInvoker(Protocol):
    """Function that looks after batches, invoked outside of an execution."""

    def invoke(self, run: Run) -> None:
        """Have the run's batches looked at soon, without waiting for it."""
        ...


class Clock(Protocol):
    """Clock in UTC."""

    def __call__(self) -> datetime:
        """Return the current time, timezone-aware and in UTC."""
        ...
