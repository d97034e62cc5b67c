"""A run and its tasks: what DynamoDB records and what the state machine carries."""

from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import Field

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
    TokenLimit,
)


class RunStatus(StrEnum):
    """Where a run stands. Only RUNNING lets its tasks call the model."""

    RUNNING = "RUNNING"
    WAITING_FOR_REVIEW = "WAITING_FOR_REVIEW"
    SUCCEEDED = "SUCCEEDED"
    PARTIAL = "PARTIAL"
    FAILED = "FAILED"
    HALTED = "HALTED"
    BUDGET_REACHED = "BUDGET_REACHED"
    CANCELLED = "CANCELLED"


class TaskStatus(StrEnum):
    """Where a task stands. PENDING is what the stage's items hold and the table does not."""

    PENDING = "PENDING"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"


Ended = Literal[TaskStatus.SUCCEEDED, TaskStatus.FAILED]


class Outcome(StrEnum):
    """What a function that runs an item answers to the state machine."""

    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    SKIPPED = "SKIPPED"
    WAIT = "WAIT"


Ref = str | int

Refs = dict[str, Ref]
"""What an item is about: ids and S3 keys by their names."""


class Item(StrictModel):
    """One item of a stage: an opaque id, and the ids and S3 keys that its function starts from.

    It travels through the state machine, so nothing in it may say who a student is. ``batch`` holds the
    other items of its call, where several share one.
    """

    task_id: str
    refs: Refs
    batch: tuple["Item", ...] = ()


class RetryState(StrictModel):
    """What an item that was sent to wait brings back.

    ``slot_due`` is when its reserved slot is due, in ms since the epoch; ``failures`` how often in a row
    the provider failed, and ``failing_since`` when first, in seconds since the epoch.
    """

    slot_due: int | None = None
    failures: int = 0
    failing_since: int = 0


class ItemEvent(StrictModel):
    """What the Map hands to the function that runs an item."""

    run_id: str
    attempt: int
    stage: str
    item: Item
    waited: RetryState = RetryState()


class ItemResponse(StrictModel):
    """What that function answers; ``wait`` is in whole seconds, 0 unless the outcome is WAIT."""

    outcome: Outcome
    wait: Annotated[int, Field(ge=0, le=60)] = 0
    waited: RetryState = RetryState()


class StageEvent(StrictModel):
    """What the state machine hands to Plan and Collect."""

    run_id: str
    attempt: int
    stage: str


class Manifest(StrictModel):
    """Where the Map reads its items."""

    bucket: str
    key: str


class PlanResponse(StageEvent):
    """What Plan answers: how many items there are to run, where they are, and which function runs them.

    ``expires_at`` is when a row expires that the state machine writes, in seconds since the epoch.
    """

    count: int
    manifest: Manifest
    function: str
    expires_at: int


class CollectResponse(StageEvent):
    """What Collect answers: the next stage while the status is RUNNING, else how the run ended."""

    status: RunStatus
    reason: str = ""


class Usage(StrictModel):
    """What calls used. ``cost_usd`` covers the priced calls; ``unpriced_calls`` have an unknown cost, never zero."""

    calls: int = 0
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


class StageCounts(StrictModel):
    """How far a stage is. Counters while it runs, recounted when it is collected."""

    total: int = 0
    succeeded: int = 0
    failed: int = 0
    done_before: int = 0
    started_at: datetime | None = None
    ended_at: datetime | None = None

    @property
    def ended(self) -> int:
        """Tasks that have an end, good or bad."""
        return self.succeeded + self.failed


class RunSettings(StrictModel):
    """What a run was started with, and keeps through every resume.

    ``regrade_older`` has answers graded again that another version of aita, model or reasoning effort graded.
    """

    model: str
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
    reasoning_effort: ReasoningEffort = DEFAULT_EFFORT


class Run(StrictModel):
    """A run's META row.

    ``removed_usage`` is what rows had used whose work is no longer asked for; ``committed_usd`` is, for a
    run with a cap, what was spent and the most that the calls that are running may cost. ``reviewed`` says that
    a person has seen what a run with ``settings.review`` waited for.
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
    reason: str = ""
    error_type: str = ""
    execution_arn: str = ""
    created_at: datetime
    updated_at: datetime
    ended_at: datetime | None = None

    @property
    def active(self) -> bool:
        """Whether tasks may still call the model."""
        return self.status is RunStatus.RUNNING


class TaskRow(StrictModel):
    """What is recorded of a task when it has ended. ``latency_ms`` is the time spent in LLM calls."""

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
    """A line in the list of an assignment's runs, refreshed every ``checkpoint_interval`` tasks."""

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
        """Return a run's line; its counts are the current stage's."""
        counts = run.stages.get(run.stage, StageCounts())
        return cls(
            **run.model_dump(include=set(cls.model_fields)),
            succeeded=counts.succeeded,
            failed=counts.failed,
            total=counts.total,
        )
