"""The ports: stores, the limiter and the model as the services need them. ``aws``, ``llm`` and ``memory`` adapt."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Protocol

from aita.models.grade import Decision
from aita.models.rate_limits import Rates
from aita.models.run import Run, RunStatus, RunSummary, StageCounts, TaskRow, Usage
from aita.tasks.request import LLMRequest


@dataclass(frozen=True, slots=True)
class StoredObject:
    """An object in a listing: its key, its size in bytes and its ETag."""

    key: str
    size: int
    etag: str


class ObjectStore(Protocol):
    """The bucket. Keys are data: nothing is derived from them but by their owner."""

    @property
    def bucket(self) -> str:
        """The bucket's name."""
        ...

    def get(self, key: str) -> bytes:
        """Return an object's bytes; ObjectNotFoundError if there is none."""
        ...

    def get_with_etag(self, key: str) -> tuple[bytes, str]:
        """Return an object's bytes and its ETag; ObjectNotFoundError if there is none."""
        ...

    def put(self, key: str, data: bytes, content_type: str = "application/json") -> None:
        """Write an object, whole."""
        ...

    def put_if(self, key: str, data: bytes, etag: str | None) -> None:
        """Write an object if its ETag is still this (``None``: if there is none yet); else ObjectChangedError."""
        ...

    def put_unless_newer(self, key: str, data: bytes, made_from: datetime) -> bool:
        """Write an object unless there is one that was made from newer material; tell whether it was written.

        ``made_from`` is the moment that the material was read. It is kept with the object; one without it is older.
        """
        ...

    def list(self, prefix: str) -> Iterator[StoredObject]:
        """Yield the objects under a prefix in the order of their keys' UTF-8 bytes."""
        ...

    def presign_get(self, key: str, filename: str) -> str:
        """Return a URL that downloads the object for the next minutes."""
        ...

    def presign_post(self, key: str, content_type: str, size: int) -> tuple[str, dict[str, str]]:
        """Return the URL and fields of a form that uploads exactly this within the next minutes."""
        ...


@dataclass(frozen=True, slots=True)
class StoredVersion:
    """A version of an object, or a mark that it was deleted; ``is_latest`` tells whether it is what there is now."""

    key: str
    version_id: str
    etag: str = ""
    is_latest: bool = False


class VersionStore(Protocol):
    """The bucket with all that was ever in it and is still kept."""

    def versions(self, prefix: str) -> Iterator[StoredVersion]:
        """Yield every version and deletion mark under a prefix."""
        ...

    def read(self, version: StoredVersion) -> bytes:
        """Return what a version holds; nothing for a deletion mark, or if it is gone."""
        ...

    def erase(self, versions: Sequence[StoredVersion]) -> None:
        """Delete versions for good."""
        ...


@dataclass(frozen=True, slots=True)
class StoredRow:
    """A row of the table by its keys: ``kind`` and ``name`` are the two parts of the second one, as in TASK and id."""

    partition: str
    kind: str
    name: str = ""


class RowStore(Protocol):
    """The table's rows, whatever they hold."""

    def of_assignment(self, assignment: str) -> Iterator[StoredRow]:
        """Yield an assignment's rows: its runs, which of them are active, and people's decisions."""
        ...

    def of_run(self, run_id: str) -> Iterator[StoredRow]:
        """Yield a run's rows: its own, and its tasks'."""
        ...

    def delete(self, rows: Sequence[StoredRow]) -> None:
        """Delete rows."""
        ...


class RunStore(Protocol):
    """The runs' META rows, their summaries, and which run is the active one."""

    def create(self, run: Run, replaces: str | None) -> None:
        """Write a new run and make it the active one of its assignment and pipeline, in one transaction.

        ConflictError if the active one is no longer ``replaces``.
        """
        ...

    def get(self, run_id: str) -> Run:
        """Return the run as it is now (strongly consistent); NotFoundError if there is none."""
        ...

    def active(self, assignment: str, pipeline: str) -> str | None:
        """Return the id of the run that was last made active, ended or not."""
        ...

    def restart(self, run: Run, replaces: str | None) -> None:
        """Begin a run's next attempt: RUNNING, attempt + 1, active again. ConflictError if another was quicker."""
        ...

    def set_execution(self, run_id: str, execution_arn: str) -> None:
        """Record which execution runs the current attempt."""
        ...

    def end(self, run_id: str, attempt: int, status: RunStatus, reason: str) -> Run:
        """End the run if it is RUNNING in this attempt; return it as it is then."""
        ...

    def begin_stage(self, run_id: str, stage: str, counts: StageCounts, removed_usage: Usage) -> None:
        """Set the current stage, its counters, and what the rows that were removed had used."""
        ...

    def count(self, run_id: str, stage: str, row: TaskRow) -> Run:
        """Add a task that has ended to its attempt's counters and return the run as it is then."""
        ...

    def count_wait(self, run_id: str, reason: str) -> None:
        """Count one wait for the provider, and keep why."""
        ...

    def reserve_cost(self, run_id: str, attempt: int, amount: Decimal, cap: Decimal) -> bool:
        """Commit this many USD if what is committed stays within the cap and the attempt goes on; tell whether."""
        ...

    def release_cost(self, run_id: str, amount: Decimal) -> None:
        """Take back from what is committed what a call did not cost."""
        ...

    def finish_stage(self, run_id: str, stage: str, counts: StageCounts, usage: Usage) -> Run:
        """Set a stage's counts and the run's usage to the exact numbers; return the run as it is then."""
        ...

    def summarise(self, run: Run) -> None:
        """Refresh the run's line in its assignment's list."""
        ...

    def list(self, assignment: str, limit: int, token: str | None) -> tuple[list[RunSummary], str | None]:
        """Return up to ``limit`` summaries, newest first, and the token of the next page."""
        ...


class TaskStore(Protocol):
    """The rows of the tasks that have ended."""

    def record(self, run_id: str, row: TaskRow) -> bool:
        """Write a task's end and tell whether it was written: SUCCEEDED is final, FAILED yields to a later attempt.

        The usage of a replaced row is added to the new one's, so that a run's rows sum to what it used.
        """
        ...

    def rows(self, run_id: str, stage: str | None = None) -> Iterator[TaskRow]:
        """Yield the rows of a run, or of one of its stages."""
        ...

    def page(self, run_id: str, status: str | None, limit: int, token: str | None) -> tuple[list[TaskRow], str | None]:
        """Return up to ``limit`` rows and the token of the next page."""
        ...

    def remove(self, run_id: str, task_ids: list[str]) -> None:
        """Delete rows of work that is no longer asked for."""
        ...


class DecisionStore(Protocol):
    """What people decided about cells. Decisions are only ever added, and never expire."""

    def add(self, assignment: str, decision: Decision) -> None:
        """Write a decision; ConflictError if there is one of its id, which stays as it is."""
        ...

    def all(self, assignment: str) -> Iterator[Decision]:
        """Yield an assignment's decisions, by cell and then the oldest first."""
        ...

    def page(self, assignment: str, limit: int, token: str | None) -> tuple[list[Decision], str | None]:
        """Return up to ``limit`` decisions in that order and the token of the next page."""
        ...


class Executions(Protocol):
    """The state machine."""

    def start(self, run: Run) -> str:
        """Start the run's current attempt at its current stage; return the execution's ARN."""
        ...

    def stop(self, execution_arn: str) -> None:
        """Stop an execution; one that has ended or is not there is passed over."""
        ...

    def is_running(self, execution_arn: str) -> bool:
        """Tell whether the execution is there and running."""
        ...


@dataclass(frozen=True, slots=True)
class Slot:
    """A reserved place in the order of calls: when it is due, on the limiter's own clock, and in how many seconds."""

    due: float
    wait: float


class RateLimiter(Protocol):
    """One provider's and model's limit, shared by all who call it."""

    def reserve(self, told: Rates, tokens: int, held: float | None = None) -> Slot:
        """Reserve the next free slot; whoever gets it waits once, however many others there are.

        Parameters
        ----------
        told
            The limits that the run was told to keep; what the provider taught lowers them further.
        tokens
            What the call is expected to use, input and output together.
        held
            When a slot reserved before is due. It still counts, and is returned, unless the limiter was
            closed past it in the meantime; then another is reserved.
        """
        ...

    def close(self, told: Rates, seconds: float, learnt: Rates) -> None:
        """Let nobody through for that long, as the provider asked, and lower the rate.

        Parameters
        ----------
        learnt
            The limits that the provider's headers tell.
        """
        ...

    def learn(self, learnt: Rates) -> None:
        """Take over the limits that the headers of an answered call tell."""
        ...


@dataclass(frozen=True, slots=True)
class TokenUsage:
    """What a provider says a call used.

    ``cached_input_tokens``, which were read from its cache, and ``cache_write_tokens``, which were written to it, are
    parts of ``input_tokens``; a model's thoughts are part of ``output_tokens``.
    """

    input_tokens: int
    cached_input_tokens: int
    output_tokens: int
    cache_write_tokens: int = 0


@dataclass(frozen=True, slots=True)
class Reply:
    """A model's reply as it came: also one that was refused or cut is paid for. ``usage`` if the provider told."""

    text: str
    finish_reason: str
    refusal: bool
    model: str
    usage: TokenUsage | None
    latency_ms: int
    limits: Rates = field(default_factory=Rates)
    """What the answer's headers tell of the provider's limits."""
    lacks: tuple[str, ...] = ()
    """What the endpoint was asked without, as it had refused that before."""


class LLM(Protocol):
    """The model behind its provider's API.

    One that also has ``highest_cost(request)``, the most that a call can cost in USD, or ``None`` where that is not
    known, can be held to a cap in process; and one with ``reasoning_effort`` is known by it too.
    """

    @property
    def provider(self) -> str:
        """The endpoint's base URL."""
        ...

    @property
    def model(self) -> str:
        """The model's name."""
        ...

    def complete(self, request: LLMRequest, images: Mapping[str, bytes]) -> Reply:
        """Make one call; ``images`` holds each JPEG by its SHA-256.

        Raises ProviderBusy, RunStopped, TooLongError or RefusalError; never retries by itself.
        """
        ...

    def price(self, reply: Reply) -> Usage:
        """Return what the reply used and cost."""
        ...


class Clock(Protocol):
    """The time: aware, in UTC."""

    def __call__(self) -> datetime:
        """Return now."""
        ...
