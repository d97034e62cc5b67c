"""Requests and responses of the API."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Self

from pydantic import Field

from aita.models.base import StrictModel
from aita.models.decision import Decision
from aita.models.effort import ReasoningEffort
from aita.models.grade import CellState
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
from aita.models.names import MAX_UPLOAD_BYTES
from aita.models.provider_batch import BatchProgress, BatchUse
from aita.models.review import DecisionRequest
from aita.models.rubric_change import QuestionChange
from aita.models.run import Ref, RunCells, RunStatus, RunSummary, TaskStatus, Usage
from aita.models.second_look import See


class RunOptions(StrictModel):
    """Options of a new run; an option that is left out has the stack's value."""

    max_workers: MaxWorkers | None = None
    rate_limit_rps: RateLimit | None = None
    rate_limit_tpm: TokenLimit | None = None
    enable_checkpointing: bool | None = None
    checkpoint_interval: CheckpointInterval | None = None
    retry_failed_tasks: bool | None = None
    batch_size: BatchSize | None = None
    prefix_scheduling: bool | None = None
    max_cost_usd: MaxCost | None = None
    graders: Graders | None = None
    disagreement: Disagreement | None = None
    see: See | None = None
    readings: Readings | None = None
    read_names: bool | None = None
    review: bool | None = None
    regrade_older: bool | None = None
    cells: RunCells | None = None
    model: str | None = None
    reader_model: str | None = None
    grader_model: str | None = None
    reasoning_effort: ReasoningEffort | None = None
    provider_batch: BatchUse | None = None


class StartRunRequest(StrictModel):
    """``POST /runs``."""

    assignment: str
    pipeline: str
    options: RunOptions = RunOptions()


class ResumeRunRequest(StrictModel):
    """``POST /runs/{run_id}/resume``. The body is optional."""

    max_cost_usd: MaxCost | None = None


class StageEstimate(StrictModel):
    """Estimated calls, tokens and cost of a stage; costs are ``None`` if the model's price is unknown.

    ``model`` is the model that is asked; it is empty for a stage that asks none. ``batch_cost_usd`` is the cost of the
    same calls in the provider's batches, or again that of calls where batches have none of them. A stack before version
    0.3 has none.
    """

    stage: str
    model: str = ""
    calls: int
    input_tokens: int
    output_tokens: int
    cost_usd: Decimal | None
    batch_cost_usd: Decimal | None = None


class DurationEstimate(StrictModel):
    """Range of the time that a run takes.

    Parameters
    ----------
    low_seconds, high_seconds
        As computed, without rounding.
    text
        The range in words, as roughly as it is known, such as ``about 10 to 20 minutes``.
    basis
        Settings, earlier runs and assumptions that it rests on.
    """

    low_seconds: float
    high_seconds: float
    text: str
    basis: tuple[str, ...]


class Estimate(StrictModel):
    """``POST /runs/estimate``: estimated calls, tokens and cost of a run. ``notes`` name the assumptions in it.

    Costs are the model's; ``aws_cost_usd`` is AWS's part, at list prices of us-east-1, and comes on top. Stacks before
    version 0.3 tell neither it nor ``duration``.
    """

    stages: tuple[StageEstimate, ...]
    calls: int
    input_tokens: int
    output_tokens: int
    cost_usd: Decimal | None
    batch_cost_usd: Decimal | None = None
    aws_cost_usd: Decimal | None = None
    duration: DurationEstimate | None = None
    notes: tuple[str, ...]

    @classmethod
    def of(
        cls,
        stages: Sequence[StageEstimate],
        notes: Sequence[str],
        aws_cost_usd: Decimal | None = None,
        duration: DurationEstimate | None = None,
    ) -> Self:
        """Return the estimate of a run with these stages."""
        return cls(
            stages=tuple(stages),
            calls=sum(stage.calls for stage in stages),
            input_tokens=sum(stage.input_tokens for stage in stages),
            output_tokens=sum(stage.output_tokens for stage in stages),
            cost_usd=_sum(stage.cost_usd for stage in stages),
            batch_cost_usd=_sum(stage.batch_cost_usd for stage in stages),
            aws_cost_usd=aws_cost_usd,
            duration=duration,
            notes=tuple(notes),
        )


def _sum(costs: Iterable[Decimal | None]) -> Decimal | None:
    """Return the sum of costs; ``None`` if one is unknown."""
    known = list(costs)
    return None if None in known else sum((cost for cost in known if cost is not None), Decimal(0))


class RubricDiff(StrictModel):
    """``GET /assignments/{assignment}/rubric-changes``: answers that a changed rubric affects, and their cost.

    ``regraded`` counts the answers that are graded again because of the change; ``estimate`` covers their calls.
    ``others`` counts the answers that the next run grades for other reasons; ``estimate`` does not cover these.
    """

    questions: tuple[QuestionChange, ...]
    rescaled: int
    regraded: int
    others: int
    estimate: StageEstimate


class UploadFile(StrictModel):
    """File to upload; ``size`` in bytes."""

    name: str
    size: Annotated[int, Field(ge=0, le=MAX_UPLOAD_BYTES)]


class UploadRequest(StrictModel):
    """``POST /assignments/{assignment}/uploads``."""

    files: Annotated[tuple[UploadFile, ...], Field(min_length=1, max_length=100)]


class PresignedPost(StrictModel):
    """URL and form fields that upload one file; they are bound to its key, type and size."""

    name: str
    url: str
    fields: dict[str, str]


class UploadResponse(StrictModel):
    """Response to an upload request, in the order of its files."""

    uploads: tuple[PresignedPost, ...]


class StageView(StrictModel):
    """Progress of a run's stage."""

    stage: str
    total: int
    succeeded: int
    failed: int
    started_at: datetime | None
    ended_at: datetime | None


class UsageView(StrictModel):
    """Calls, tokens and cost. ``cost_usd`` covers the calls with a known price; ``None`` if no call has one."""

    calls: int
    batch_calls: int = 0
    cached_calls: int
    input_tokens: int
    cached_input_tokens: int
    output_tokens: int
    cost_usd: Decimal | None
    unpriced_calls: int


class RunView(StrictModel):
    """``GET /runs/{run_id}``. ``eta_seconds`` is of the current stage; ``None`` before its first task has ended.

    An empty ``reader_model`` or ``grader_model`` is ``model``. ``batch_progress`` is there while the run waits for the
    provider's batches, and after its end if one of them may go on.
    ``warning`` is for who starts or resumes a run: it tells that the runs at work want more of Lambda than the account
    has.
    """

    run_id: str
    assignment: str
    pipeline: str
    status: RunStatus
    attempt: int
    stage: str
    stages: tuple[StageView, ...]
    model: str
    reader_model: str = ""
    grader_model: str = ""
    usage: UsageView
    max_cost_usd: Decimal | None = None
    waits: int
    wait_reason: str
    batch_progress: BatchProgress | None = None
    reason: str
    created_at: datetime
    updated_at: datetime
    ended_at: datetime | None
    eta_seconds: float | None
    warning: str = ""

    def model_of(self, role: ModelRole | None) -> str:
        """Return the name of the model in a role."""
        return model_in(role, self)


class GradeCounts(StrictModel):
    """``GET /runs/{run_id}/grades``: present states of the answers of the run's assignment.

    ``final`` counts the students whose total is final, and ``older`` the answers that an older version of aita or
    another model than the run's graded.
    """

    students: int
    final: int
    states: dict[CellState, int]
    older: int


class RunPage(StrictModel):
    """A page of an assignment's runs, newest first."""

    runs: tuple[RunSummary, ...]
    next_token: str | None = None


class TaskView(StrictModel):
    """State, usage and error of a task."""

    task_id: str
    stage: str
    status: TaskStatus
    refs: dict[str, Ref]
    attempt: int | None = None
    asks: int | None = None
    error_type: str = ""
    error_message: str = ""
    latency_ms: int | None = None
    usage: Usage | None = None
    ended_at: datetime | None = None


class TaskPage(StrictModel):
    """A page of a run's tasks."""

    tasks: tuple[TaskView, ...]
    next_token: str | None = None


class ResultFile(StrictModel):
    """A run's file, and a URL that downloads it and expires after some minutes."""

    name: str
    url: str


class ResultResponse(StrictModel):
    """``GET /runs/{run_id}/results``."""

    files: tuple[ResultFile, ...]


class FilePage(StrictModel):
    """A page of an assignment's files, with the reports last."""

    files: tuple[ResultFile, ...]
    next_token: str | None = None


class UploadedFile(StrictModel):
    """An uploaded file in the bucket.

    ``name`` is relative to the assignment's folder, ``size`` is in bytes, and ``etag`` identifies the content.
    """

    name: str
    size: int
    etag: str


class UploadedPage(StrictModel):
    """A page of an assignment's scans, with the blank exam first."""

    files: tuple[UploadedFile, ...]
    next_token: str | None = None


class ErrorResponse(StrictModel):
    """Response to a request that failed: the error's class and message.

    Where somebody was quicker to decide on an answer, ``theirs`` is the decision that was recorded last, and ``yours``
    the one that was asked for.
    """

    error: str
    message: str
    theirs: Decision | None = None
    yours: DecisionRequest | None = None
