"""A run and its tasks: rows in DynamoDB, and inputs and outputs of the state machine."""

from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints

from aita.models.base import StrictModel
from aita.models.effort import DEFAULT_EFFORT, ReasoningEffort
from aita.models.limits import (
    BatchSize,
    CheckpointInterval,
    Disagreement,
    Graders,
    MaxCost,
    MaxWorkers,
    RateLimit,
    Readings,
    TokenLimit,
)
from aita.models.model_role import ModelRole, model_in
from aita.models.provider_batch import BatchProgress, BatchStep, BatchUse
from aita.models.second_look import See

SIMULATED = "simulated"
"""Name of the simulated model."""


class RunStatus(StrEnum):
    """Status of a run. Tasks may call the model only while it is RUNNING."""

    RUNNING = "RUNNING"
    WAITING_FOR_REVIEW = "WAITING_FOR_REVIEW"
    SUCCEEDED = "SUCCEEDED"
    PARTIAL = "PARTIAL"
    FAILED = "FAILED"
    HALTED = "HALTED"
    BUDGET_REACHED = "BUDGET_REACHED"
    CANCELLED = "CANCELLED"


class TaskStatus(StrEnum):
    """Status of a task. A PENDING task is an item of its stage without a row in the table."""

    PENDING = "PENDING"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"


Ended = Literal[TaskStatus.SUCCEEDED, TaskStatus.FAILED]


class Outcome(StrEnum):
    """Outcome of an item, as its function returns it to the state machine."""

    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    SKIPPED = "SKIPPED"
    WAIT = "WAIT"


Ref = str | int

Refs = dict[str, Ref]
"""Ids and S3 keys that identify an item's input, by their names."""


class Item(StrictModel):
    """One item of a stage: an opaque id, and the ids and S3 keys of its input.

    The state machine carries and stores items, so that they must not identify a student. ``batch`` holds the other
    items of a shared call.
    """

    task_id: str
    refs: Refs
    batch: tuple["Item", ...] = ()


class RetryState(StrictModel):
    """State that an item carries through a wait of the state machine.

    ``slot_due`` is the time of its reserved slot, in ms since the epoch. ``failures`` counts the provider's failures in
    a row. ``contrasted`` counts the failures before which others had been answered, and ``lone`` those since
    ``lone_since``, in seconds since the epoch, after which nobody was.
    ``timeouts`` counts the calls without a reply in time, and ``lost`` those that may have been paid and gave no reply.
    ``answered`` and ``waits`` are the numbers of the run's answered calls and of its waits at the last failure. Of an
    item with several tasks, ``apart`` is true once they no longer share a call, and ``given_up`` are the tasks that the
    provider did not answer.
    """

    slot_due: int | None = None
    failures: int = 0
    failing_since: int = 0  # read by nobody: executions that an earlier version began carry it
    contrasted: int = 0
    lone: int = 0
    lone_since: int = 0
    timeouts: int = 0
    answered: int = 0
    waits: int = 0
    lost: int = 0
    apart: bool = False
    given_up: tuple[str, ...] = ()


NO_FAILURES = RetryState()
"""State of an item that has not waited."""


class ItemEvent(StrictModel):
    """Input of the function that runs an item, from the Map."""

    run_id: str
    attempt: int
    stage: str
    item: Item
    waited: RetryState = RetryState()


class ItemResponse(StrictModel):
    """Output of the function that runs an item; ``wait`` is in seconds, 0 unless the outcome is WAIT."""

    outcome: Outcome
    wait: Annotated[int, Field(ge=0, le=60)] = 0
    waited: RetryState = RetryState()


class StageEvent(StrictModel):
    """Input of Plan and Collect, from the state machine."""

    run_id: str
    attempt: int
    stage: str


class Manifest(StrictModel):
    """Object in S3 from which the Map reads its items."""

    bucket: str
    key: str


class PlanResponse(StageEvent):
    """Output of Plan: number and place of the items to run, and the function that runs them.

    ``expires_at`` is the expiry of rows that the state machine writes, in seconds since the epoch. ``provider_batch``
    is true if the items' requests go to the provider's batches before the items run.
    """

    count: int
    manifest: Manifest
    function: str
    expires_at: int
    provider_batch: bool = False


class BatchResponse(StageEvent):
    """Output of the function that looks after a stage's batches at the provider."""

    step: BatchStep


class CollectResponse(StageEvent):
    """Output of Collect: the next stage while the status is RUNNING, else the run's end and its reason."""

    status: RunStatus
    reason: str = ""


class Usage(StrictModel):
    """Calls, tokens and cost. ``cost_usd`` covers priced calls; the cost of ``unpriced_calls`` is unknown, not zero.

    ``batch_calls`` are the calls in the provider's batches, at the lower price.
    """

    calls: int = 0
    batch_calls: int = 0
    cached_calls: int = 0
    input_tokens: int = 0
    cached_input_tokens: int = 0
    output_tokens: int = 0
    cost_usd: Decimal = Decimal(0)
    unpriced_calls: int = 0

    def __add__(self, other: "Usage") -> "Usage":
        return Usage(**{name: getattr(self, name) + getattr(other, name) for name in Usage.model_fields})

    def __sub__(self, other: "Usage") -> "Usage":
        return Usage(**{name: getattr(self, name) - getattr(other, name) for name in Usage.model_fields})


NO_USAGE = Usage()
"""Usage of no call."""

UNPRICED_CALL = Usage(calls=1, unpriced_calls=1)
"""Usage of a call of unknown cost."""


class StageCounts(StrictModel):
    """Progress of a stage: counters while it runs, recounted when it is collected."""

    total: int = 0
    succeeded: int = 0
    failed: int = 0
    done_before: int = 0
    started_at: datetime | None = None
    ended_at: datetime | None = None

    @property
    def ended(self) -> int:
        """Number of tasks that have succeeded or failed."""
        return self.succeeded + self.failed


RunCells = Annotated[tuple[Annotated[str, StringConstraints(pattern=r"^c-[0-9a-f]{12}$")], ...], Field(max_length=100)]
"""Ids of cells that a run is about."""


class RunSettings(StrictModel):
    """Settings of a run, which every resume keeps.

    With ``regrade_older``, answers that another version of aita, model or reasoning effort graded, or that graders
    saw otherwise or that were read another number of times, are graded again. Runs before version 0.3 are without
    ``see`` and ``readings``, and showed no strips. An empty ``reader_model`` or ``grader_model`` is ``model``.
    With ``read_names`` a model reads who students are of whom nothing else tells it.
    ``cells`` are the only graded answers that are graded again; empty for all that need it.
    ``provider_batch`` is the use of the provider's batches, which have nothing to do with ``batch_size``, the number of
    tasks that share a call.
    """

    model: str
    reader_model: str = ""
    grader_model: str = ""
    max_workers: MaxWorkers
    rate_limit_rps: RateLimit = 10.0
    rate_limit_tpm: TokenLimit = 0
    enable_checkpointing: bool = True
    checkpoint_interval: CheckpointInterval = 10
    retry_failed_tasks: bool = True
    batch_size: BatchSize = 5
    prefix_scheduling: bool = True
    max_cost_usd: MaxCost | None = None
    graders: Graders = 1
    disagreement: Disagreement = 0.2
    review: bool = False
    regrade_older: bool = False
    cells: RunCells = ()
    reasoning_effort: ReasoningEffort = DEFAULT_EFFORT
    see: See = See.NEVER
    readings: Readings = 1
    read_names: bool = False
    provider_batch: BatchUse = BatchUse.NEVER

    def model_of(self, role: ModelRole | None) -> str:
        """Return the name of the model in a role."""
        return model_in(role, self)


class Run(StrictModel):
    """A run's META row.

    ``removed_usage`` is the usage of deleted rows, whose tasks are no longer part of the run. ``committed_usd`` is, for
    a run with a cap, the cost so far plus the highest cost of the calls in progress. ``reviewed`` is true once a
    person has resumed a run that waited for review. ``batch_progress`` is there while the run waits for the provider's
    batches, and after its end if one of them may go on.
    """

    run_id: str
    assignment: str
    pipeline: str
    status: RunStatus
    attempt: Annotated[int, Field(ge=1)]
    stage: str
    settings: RunSettings
    reviewed: bool = False
    stages: dict[str, StageCounts] = {}
    usage: Usage = Usage()
    removed_usage: Usage = Usage()
    committed_usd: Decimal = Decimal(0)
    waits: int = 0
    wait_reason: str = ""
    batch_progress: BatchProgress | None = None
    reason: str = ""
    error_type: str = ""
    execution_arn: str = ""
    created_at: datetime
    updated_at: datetime
    ended_at: datetime | None = None

    @property
    def active(self) -> bool:
        """Whether tasks may call the model."""
        return self.status is RunStatus.RUNNING

    @property
    def has_left_batch(self) -> bool:
        """Whether it ended with a batch at the provider that goes on, and that nobody has cancelled."""
        return self.batch_progress is not None and self.status not in (RunStatus.RUNNING, RunStatus.CANCELLED)


class TaskRow(StrictModel):
    """Row of a task that has ended. ``latency_ms`` is the duration of its LLM calls."""

    task_id: str
    stage: str
    status: Ended
    attempt: int
    asks: int = 0
    result_key: str = ""
    error_type: str = ""
    error_message: str = ""
    usage: Usage = Usage()
    latency_ms: int = 0
    refs: Refs = {}
    ended_at: datetime


class RunSummary(StrictModel):
    """Summary of a run in the list of its assignment's runs, updated every ``checkpoint_interval`` tasks."""

    run_id: str
    assignment: str
    pipeline: str
    status: RunStatus
    stage: str
    succeeded: int = 0
    failed: int = 0
    total: int = 0
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, run: Run) -> Self:
        """Return a run's summary; the counts are those of its current stage."""
        counts = run.stages.get(run.stage, StageCounts())
        return cls(
            **run.model_dump(include=set(cls.model_fields)),
            succeeded=counts.succeeded,
            failed=counts.failed,
            total=counts.total,
        )
