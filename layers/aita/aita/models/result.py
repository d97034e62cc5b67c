"""Results and metrics of a batch of tasks."""

import json
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, fields
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, cast

from pydantic_core import to_jsonable_python

from aita.atomic_write import replacing
from aita.errors import NotRun, RequestError
from aita.models.run import NO_USAGE, Usage

if TYPE_CHECKING:
    from typing_extensions import TypeVar

    ResultT_co = TypeVar("ResultT_co", covariant=True, default=Any)
else:
    from typing import TypeVar

    ResultT_co = TypeVar("ResultT_co", covariant=True)  # without a default before Python 3.13


@dataclass(frozen=True, slots=True)
class TaskResult(Generic[ResultT_co]):
    """Result or error of one task.

    Parameters
    ----------
    task_id
        Id of the task.
    success
        Whether the task has a result.
    result
        Result that the task made of the reply.
    raw_response
        Text of the last reply, also of a task that failed because of it.
    error
        Cause of a failure: the error's class, a colon and its message.
    retry_count
        Number of calls after the first.
    execution_time
        Duration of the calls in seconds, without waits for the rate limit.
    usage
        Calls, tokens and cost. The usage of a shared call is attributed to its first task.
    metadata
        Return value of the task's ``checkpoint_data``.
    resumed
        Whether the result was restored from a checkpoint.
    usage_before
        Part of the usage that an earlier execution paid, in which the task did not end.
    """

    task_id: str
    success: bool
    result: ResultT_co = None  # type: ignore[assignment] # a failed task has none, and a batch says so
    raw_response: str | None = None
    error: str | None = None
    retry_count: int = 0
    execution_time: float = 0.0
    usage: Usage = field(default_factory=Usage)
    metadata: dict[str, Any] = field(default_factory=dict)
    resumed: bool = False
    usage_before: Usage = NO_USAGE

    @property
    def paid(self) -> Usage:
        """Usage that this execution paid; none of a result that was restored."""
        if self.resumed:
            return NO_USAGE
        return self.usage if self.usage_before is NO_USAGE else self.usage - self.usage_before

    @property
    def tokens(self) -> int:
        """Sum of input and output tokens."""
        return self.usage.input_tokens + self.usage.output_tokens

    @property
    def cost(self) -> Decimal | None:
        """Cost of the calls in USD; ``None`` if the price of a call is unknown."""
        return None if self.usage.unpriced_calls else self.usage.cost_usd

    def to_dict(self) -> dict[str, Any]:
        """Return all fields, ``tokens`` and ``cost`` in JSON's types.

        Models are objects, decimals text, and times in ISO 8601. An unknown cost is ``None``, here and in the usage,
        so that no sum takes it for 0.

        Raises
        ------
        RequestError
            If the result or the metadata has no such form.
        """
        cost = None if self.cost is None else str(self.cost)
        values = {each.name: self._in_json(each.name) for each in fields(self)}
        values["usage"]["cost_usd"] = cost
        return values | {"tokens": self.tokens, "cost": cost}

    def _in_json(self, name: str) -> Any:
        try:
            value = to_jsonable_python(getattr(self, name))
            json.dumps(value, allow_nan=False)
        except (TypeError, ValueError) as error:  # pydantic's error of serialisation is a ValueError
            raise RequestError(
                f"the {name} of task {self.task_id!r} has no form in JSON ({type(error).__name__}): let parse_fn or "
                "validate_reply return text, finite numbers, lists, dicts, dataclasses or pydantic models"
            ) from None
        return value


OnResult = Callable[[TaskResult[ResultT_co | None]], None]
"""Called with the result of each task as it ends, in the thread that ended it."""


@dataclass(frozen=True, slots=True)
class BatchMetrics:
    """Counts of a batch, its cost in USD, and its times in seconds.

    ``calls``, ``tokens`` and ``cost`` are what this execution paid, so that those of several add up. Results that a
    checkpoint restored count in none of the times. ``wall_time`` is the duration of this execution, and ``throughput``
    the number of tasks that ended in it a second. ``min`` to ``max`` describe the ``execution_time`` of the tasks with
    calls of their own. ``speedup`` is the sum of these times divided by ``wall_time``.
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
class BatchExecutionResult(Generic[ResultT_co]):
    """Results of a batch, in the order of its tasks. ``stopped`` is the reason of an early stop, else ``None``.

    A task that failed has the result ``None``.
    """

    task_results: tuple[TaskResult[ResultT_co | None], ...]
    wall_time: float
    stopped: str | None = None

    def __repr__(self) -> str:
        """Return counts and cost, without replies, of which a batch may have thousands."""
        cost = "unknown" if self.metrics.cost is None else f"{self.metrics.cost} USD"
        counts = f"{self.metrics.succeeded} of {self.metrics.total} tasks succeeded, cost {cost}"
        return f"<{type(self).__name__}: {counts}{', stopped early' if self.stopped else ''}>"

    @property
    def successful_results(self) -> tuple[TaskResult[ResultT_co], ...]:
        """Results of the tasks that succeeded."""
        return tuple(cast("TaskResult[ResultT_co]", result) for result in self.task_results if result.success)

    @property
    def failed_results(self) -> tuple[TaskResult[ResultT_co | None], ...]:
        """Results of the tasks that failed or were not run."""
        return tuple(result for result in self.task_results if not result.success)

    @property
    def success_rate(self) -> float:
        """Share of the tasks that succeeded; 1 for an empty batch."""
        return len(self.successful_results) / len(self.task_results) if self.task_results else 1.0

    @cached_property
    def metrics(self) -> BatchMetrics:
        """Counts, cost and times of the batch."""
        here = [result for result in self.task_results if not result.resumed]
        times = sorted(result.execution_time for result in here if result.execution_time > 0)
        ended = sum(not (result.error or "").startswith(f"{NotRun.__name__}:") for result in here)
        usage = sum((result.paid for result in here), NO_USAGE)
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

    def to_dict(self) -> dict[str, Any]:
        """Return the results in JSON's types, with ``wall_time`` in seconds and ``stopped``.

        Raises
        ------
        RequestError
            If a result or its metadata has no such form.
        """
        results = [result.to_dict() for result in self.task_results]
        return {"task_results": results, "wall_time": self.wall_time, "stopped": self.stopped}

    def to_jsonl(self, path: Path | str) -> None:
        """Write each result's ``to_dict`` as a line of a file in UTF-8, which is written whole or not at all.

        Only its owner can read a new file; one that is there keeps its permissions. A symbolic link stays, and pipes
        and devices are written to directly.

        Raises
        ------
        RequestError
            If a result or its metadata has no form in JSON.
        OSError
            If the file can't be written.
        """
        with replacing(Path(path)) as file:
            file.writelines(self._lines())

    def _lines(self) -> Iterator[bytes]:
        for result in self.task_results:
            text = json.dumps(result.to_dict(), ensure_ascii=False, allow_nan=False)
            yield text.encode("utf-8", "backslashreplace") + b"\n"  # half a surrogate becomes JSON's escape of it


def _percentile(ordered: Sequence[float], share: float) -> float:
    """Return the percentile of ordered values by the nearest rank; 0 without values."""
    return ordered[math.ceil(share * len(ordered)) - 1] if ordered else 0.0
