"""What a batch of tasks came to."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from typing import Any

from aita.errors import NotRun
from aita.models.run import Usage


@dataclass(frozen=True, slots=True)
class TaskResult:
    """What came of one task.

    Parameters
    ----------
    task_id
        The task's id.
    success
        Whether there is a result.
    result
        What the task made of the reply.
    raw_response
        The last reply as it came, also of a task that failed over it.
    error
        Why it failed: the error's class, a colon and its message.
    retry_count
        Calls beyond the first.
    execution_time
        Seconds in its calls; waiting for the rate limit does not count.
    usage
        Its calls, tokens and cost. A call that several tasks shared is the first's.
    metadata
        What the task's ``checkpoint_data`` says.
    resumed
        Whether it was taken over from a checkpoint.
    """

    task_id: str
    success: bool
    result: Any = None
    raw_response: str | None = None
    error: str | None = None
    retry_count: int = 0
    execution_time: float = 0.0
    usage: Usage = field(default_factory=Usage)
    metadata: dict[str, Any] = field(default_factory=dict)
    resumed: bool = False

    @property
    def tokens(self) -> int:
        """Input and output tokens together."""
        return self.usage.input_tokens + self.usage.output_tokens

    @property
    def cost(self) -> Decimal | None:
        """What its calls cost in USD; ``None`` if the price of one is not known."""
        return None if self.usage.unpriced_calls else self.usage.cost_usd


@dataclass(frozen=True, slots=True)
class BatchMetrics:
    """A batch in numbers: counts, and times in seconds.

    ``wall_time`` is that of this execution, ``throughput`` counts the tasks that ended in it, and ``min`` to
    ``max`` are of the ``execution_time`` of those that had calls of their own; what a checkpoint brought counts
    in none. ``speedup`` is against the same calls one after the other.
    """

    total: int
    succeeded: int
    failed: int
    retried: int
    resumed: int
    calls: int
    tokens: int
    cost: Decimal | None
    wall_time: float
    min: float
    mean: float
    p50: float
    p95: float
    max: float
    throughput: float
    speedup: float


@dataclass(frozen=True)
class BatchExecutionResult:
    """What came of a batch: ``task_results`` in the order given, and why it ``stopped`` early if it did."""

    task_results: tuple[TaskResult, ...]
    wall_time: float
    stopped: str | None = None

    @property
    def successful_results(self) -> tuple[TaskResult, ...]:
        """The results of the tasks that succeeded."""
        return tuple(result for result in self.task_results if result.success)

    @property
    def failed_results(self) -> tuple[TaskResult, ...]:
        """Those of the tasks that failed or were not run."""
        return tuple(result for result in self.task_results if not result.success)

    @property
    def success_rate(self) -> float:
        """The share that succeeded; 1 for a batch of none."""
        return len(self.successful_results) / len(self.task_results) if self.task_results else 1.0

    @cached_property
    def metrics(self) -> BatchMetrics:
        """The batch in numbers."""
        here = [result for result in self.task_results if not result.resumed]
        times = sorted(result.execution_time for result in here if result.execution_time > 0)
        ended = sum(not (result.error or "").startswith(f"{NotRun.__name__}:") for result in here)
        usage = sum((result.usage for result in here), Usage())
        return BatchMetrics(
            total=len(self.task_results),
            succeeded=len(self.successful_results),
            failed=len(self.failed_results),
            retried=sum(result.retry_count > 0 for result in self.task_results),
            resumed=sum(result.resumed for result in self.task_results),
            calls=usage.calls,
            tokens=usage.input_tokens + usage.output_tokens,
            cost=None if usage.unpriced_calls else usage.cost_usd,
            wall_time=self.wall_time,
            min=times[0] if times else 0.0,
            mean=sum(times) / len(times) if times else 0.0,
            p50=_percentile(times, 0.50),
            p95=_percentile(times, 0.95),
            max=times[-1] if times else 0.0,
            throughput=ended / self.wall_time if self.wall_time else 0.0,
            speedup=sum(times) / self.wall_time if self.wall_time else 0.0,
        )


def _percentile(ordered: Sequence[float], share: float) -> float:
    """Return the smallest value that at least this share is not above (nearest rank)."""
    return ordered[math.ceil(share * len(ordered)) - 1] if ordered else 0.0
