"""The executor in process: for notebooks, tests and jobs that one machine can do."""

import json
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aita.errors import AitaError, InvalidReply, NotRun, RequestError, SettingsError, TaskError
from aita.executor.checkpoint import DIRECTORY, Checkpoint, Record, latest_checkpoint
from aita.executor.config import ParallelExecutionConfig
from aita.executor.engine import Ended, Engine
from aita.executor.progress import progress
from aita.memory.limiter import MemoryLimiter
from aita.memory.prefixes import MemoryPrefixes
from aita.models.rate import Rates
from aita.models.result import BatchExecutionResult, TaskResult
from aita.services.prefix_gate import PrefixGate
from aita.services.protocols import LLM
from aita.tasks.batchable import group
from aita.tasks.llm_task import LLMTask

DEFAULT_NAME = "batch"


@dataclass
class InProcessExecutor:
    """Executes batches with threads. Its limiter lives as long as it does, whatever batches it executes."""

    llm: LLM
    config: ParallelExecutionConfig
    checkpoint_dir: Path = DIRECTORY
    limiter: MemoryLimiter = field(default_factory=lambda: MemoryLimiter(time.monotonic))
    prefixes: MemoryPrefixes = field(default_factory=lambda: MemoryPrefixes(time.monotonic))

    def execute_batch(
        self,
        tasks: Sequence[LLMTask[Any]],
        checkpoint_name: str | None = None,
        resume_from_checkpoint: bool = False,  # noqa: FBT001, FBT002 - the executors' common signature
    ) -> BatchExecutionResult:
        """Execute tasks, and return what came of each, in the order given.

        Parameters
        ----------
        checkpoint_name
            What the checkpoint is called, ``batch`` if it has no name.
        resume_from_checkpoint
            Take over what the latest checkpoint of this name holds of these tasks.

        Raises
        ------
        CheckpointError
            If the checkpoint can't be used; nothing was paid then.
        SettingsError
            If a resume is asked for without checkpointing.
        KeyboardInterrupt
            When interrupted, after the calls in flight have ended and were kept.
        """
        started = time.monotonic()
        name = checkpoint_name or DEFAULT_NAME
        batch = _Batch(tasks, self.llm, self._open(name, resume=resume_from_checkpoint))
        try:
            batch.take_over(retry_failed=self.config.retry_failed_tasks)
            stopped = self._run(batch)
        except KeyboardInterrupt:
            sys.stderr.write(f"interrupted: {batch.ended} of {len(tasks)} tasks are done{batch.hint(name)}\n")
            raise
        finally:
            batch.close()
        return BatchExecutionResult(batch.results(stopped), time.monotonic() - started, stopped)

    def _open(self, name: str, *, resume: bool) -> Checkpoint | None:
        if not self.config.enable_checkpointing:
            if resume:
                raise SettingsError("resume_from_checkpoint needs enable_checkpointing: switch it on, or leave it out")
            return None
        latest = latest_checkpoint(name, self.checkpoint_dir) if resume else None
        interval = self.config.checkpoint_interval
        if latest is None:
            return Checkpoint.start(self.checkpoint_dir, name, interval)
        return Checkpoint.resume(latest, name, interval)

    def _run(self, batch: "_Batch") -> str | None:
        """Run what is left, and return why it stopped early, if it did."""
        config, left = self.config, batch.left()
        if not left:
            return None
        engine = Engine(
            llm=self.llm,
            limiter=self.limiter,
            gate=None,
            told=Rates(config.rate_limit_rps or None, config.rate_limit_tpm or None),
            done=batch.end,
        )
        if config.prefix_scheduling:
            engine.gate = PrefixGate(self.prefixes, lambda seconds: _pause(engine.stopping, seconds), time.monotonic)
        groups = group([task for _, task in left], config.batch_size)
        with progress(len(batch.tasks), shown=config.show_progress) as show:
            engine.run(
                ([left[place] for place in members] for members in groups),
                min(config.max_workers, len(groups)),
                lambda: show(batch.ended, batch.failed),
            )
        return engine.reason


@dataclass(frozen=True, slots=True)
class _Work:
    """What a task is known by: its id, the digest of what it asks, and what is kept beside its reply."""

    task_id: str
    digest: str
    data: dict[str, Any]


@dataclass
class _Batch:
    """The tasks of one execution, what came of each so far, and the checkpoint that keeps it."""

    tasks: Sequence[LLMTask[Any]]
    llm: LLM
    checkpoint: Checkpoint | None
    ended: int = 0
    failed: int = 0
    _results: dict[int, TaskResult] = field(default_factory=dict)
    _works: list[_Work] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def take_over(self, *, retry_failed: bool) -> None:
        """Name every task, and end those that the checkpoint has, or that can't be asked at all."""
        taken: set[str] = set()
        for place, task in enumerate(self.tasks):
            work, error = self._name(task, place)
            self._works.append(work)
            if error is None and work.task_id in taken:
                error = RequestError("its id is that of an earlier task of this batch: give each its own task_id")
            taken.add(work.task_id)
            if error is not None:
                self._put(place, TaskResult(work.task_id, success=False, error=_told(error)))
            elif self.checkpoint is not None and (record := self.checkpoint.records.get(work.task_id)) is not None:
                result = _restored(task, record) if record.digest == work.digest else None
                if result is not None and (result.success or not retry_failed):
                    self._put(place, result)

    def left(self) -> list[tuple[int, LLMTask[Any]]]:
        """Return the places and tasks that have no end."""
        return [(place, task) for place, task in enumerate(self.tasks) if place not in self._results]

    def end(self, place: int, ended: Ended) -> None:
        """Keep what came of a task, then count it."""
        work, spent, error = self._works[place], ended.spent, ended.error
        if self.checkpoint is not None and (spent.reply is not None or error is not None):
            record = Record(
                task_id=work.task_id,
                digest=work.digest,
                reply=spent.reply,
                error=None if error is None else _told(error),
                usage=spent.usage,
                calls=spent.calls,
                seconds=spent.seconds,
                data=work.data,
            )
            with self._lock:
                self.checkpoint.add(record)
        result = TaskResult(
            task_id=work.task_id,
            success=error is None,
            result=ended.result,
            raw_response=spent.reply,
            error=None if error is None else _told(error),
            retry_count=max(0, spent.calls - 1),
            execution_time=spent.seconds,
            usage=spent.usage,
            metadata=work.data,
        )
        self._put(place, result)

    def results(self, stopped: str | None) -> tuple[TaskResult, ...]:
        """Return what came of every task; those that were not run say why."""
        not_run = _told(NotRun(f"{stopped or 'the batch stopped'}: a resume runs this task"))
        return tuple(
            self._results.get(place) or TaskResult(self._works[place].task_id, success=False, error=not_run)
            for place in range(len(self.tasks))
        )

    def hint(self, name: str) -> str:
        """Return how to go on."""
        return "" if self.checkpoint is None else f"; resume_from_checkpoint=True with {name!r} goes on"

    def close(self) -> None:
        """Let go of the checkpoint."""
        if self.checkpoint is not None:
            with self._lock:
                self.checkpoint.close()

    def _name(self, task: LLMTask[Any], place: int) -> tuple[_Work, AitaError | None]:
        """Return what a task is known by, or why it can't be asked."""
        unnamed = _Work(task.task_id or f"task-{place}", "", {})
        try:
            digest = task.digest(self.llm.provider, self.llm.model) if self.checkpoint is not None else ""
            data = task.checkpoint_data()
            json.dumps(data)
            work = _Work(task.id, digest, data)
        except AitaError as error:
            return unnamed, error
        except Exception as error:  # noqa: BLE001 - the code of whoever wrote the task: only this task fails by it
            raised = f"the task's own code raised {type(error).__name__}"
            return unnamed, TaskError(f"{raised}: see its messages(), given() and checkpoint_data()")
        return work, None

    def _put(self, place: int, result: TaskResult) -> None:
        with self._lock:
            self._results[place] = result
            self.ended += 1
            self.failed += not result.success


def _restored(task: LLMTask[Any], record: Record) -> TaskResult | None:
    """Return what a record says of its task; ``None`` if its reply no longer makes a result: that is new work."""
    result: Any = None
    if record.error is None:
        try:
            result = task.parse(record.reply or "")
        except InvalidReply:
            result = task.salvage(record.reply or "")
            if result is None:
                return None
        except TaskError:
            return None
    return TaskResult(
        task_id=record.task_id,
        success=record.error is None,
        result=result,
        raw_response=record.reply,
        error=record.error,
        retry_count=max(0, record.calls - 1),
        execution_time=record.seconds,
        usage=record.usage,
        metadata=record.data,
        resumed=True,
    )


def _told(error: AitaError) -> str:
    return f"{type(error).__name__}: {error}"


def _pause(stopping: threading.Event, seconds: float) -> None:
    stopping.wait(seconds)
