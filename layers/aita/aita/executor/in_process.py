"""Executor in process, for notebooks, tests and batches that one machine can execute."""

import logging
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aita.errors import BudgetReached, CheckpointError, NotRun, RunStopped, SettingsError
from aita.executor.batch_calls import BatchPace, ImageFiles, WorkPacer, WorkReplies
from aita.executor.batch_executor import STOPPED, BatchExecutor, BatchInterrupted, RunningBatch
from aita.executor.batch_folder import BatchFolder
from aita.executor.cap import Cap
from aita.executor.checkpoint import DIRECTORY, Checkpoint
from aita.executor.config import ParallelExecutionConfig
from aita.executor.engine import REMEDIES, Engine
from aita.executor.guarded_llm import GuardedLLM
from aita.executor.ledger import Ledger
from aita.executor.progress import progress
from aita.executor.provider_batches import (
    TasksWork,
    batched_loops,
    batches_of,
    owner_at,
    uncalled_loops,
    wait_for_batches,
)
from aita.executor.work_queue import Work, WorkQueue
from aita.memory.prompt_cache import MemoryPromptCaches
from aita.memory.rate_limiter import MemoryRateLimiter
from aita.models.provider_batch import BatchUse
from aita.models.rate_limits import Rates
from aita.models.result import BatchExecutionResult
from aita.ports import LLM
from aita.services.calls.call_loop import CallLoop
from aita.services.calls.forbidden_calls import Refusals
from aita.services.calls.model_identity import effort_of
from aita.services.calls.pacing import Pacing
from aita.services.calls.prompt_cache_gate import PromptCacheGate
from aita.services.calls.shown_rate import ShownRate
from aita.services.calls.token_expectations import TokenExpectations
from aita.tasks.batchable import group
from aita.tasks.llm_task import LLMTask

logger = logging.getLogger(__name__)

DEFAULT_NAME = "batch"


@dataclass(repr=False)
class InProcessExecutor(BatchExecutor):
    """Executes batches with threads. All of its batches share its rate limiter, prompt caches and refusals.

    ``checkpoint_name`` is the name of a batch's checkpoint, which one batch at a time has; batches without a name begin
    a file each. ``resume_from_checkpoint`` tells whether the records of the checkpoint are used: ``True`` takes over
    all files of the name, and ``False`` begins a file and asks everything afresh. It defaults to true with a name, and
    to false without one.

    Methods raise CheckpointError if the checkpoint can't be used, before any call, or if it can't be written any more,
    with its records kept; and SettingsError if a resume is requested without checkpointing. An interrupt from the
    keyboard ends a batch after the calls in flight have ended and been recorded; a second interrupt abandons them.
    """

    llm: LLM
    config: ParallelExecutionConfig
    checkpoint_dir: Path = DIRECTORY
    limiter: MemoryRateLimiter = field(default_factory=lambda: MemoryRateLimiter(time.monotonic))
    prefixes: MemoryPromptCaches = field(default_factory=lambda: MemoryPromptCaches(time.monotonic))
    refusals: Refusals = field(default_factory=Refusals)
    wait: Callable[[float], object] | None = None
    expectations: TokenExpectations = field(init=False)

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {self.llm.model} at {self.llm.provider}, {self.config.brief}>"

    def __post_init__(self) -> None:
        self.expectations = TokenExpectations(effort_of(self.llm))

    def _execute(
        self,
        tasks: tuple[LLMTask[Any], ...],
        checkpoint_name: str | None,
        batch: RunningBatch,
        *,
        resume: bool | None,
    ) -> BatchExecutionResult:
        started = time.monotonic()
        llm = GuardedLLM(self.llm)  # one object for all, so that a record is of the model that is asked
        ledger = Ledger(tasks, llm, self._open(checkpoint_name, resume=resume), batch.on_result)
        remedy = _remedy(ledger.checkpoint, checkpoint_name)
        try:
            ledger.open(retry_failed=self.config.retry_failed_tasks)
            self.refusals.answered = self.refusals.answered or ledger.is_answered
            stopped = self._run_unfinished(
                llm, ledger, batch, self._batch_folder(ledger, checkpoint_name, resume=resume)
            )
        except Exception as error:
            error.add_note(_how_far(ledger, remedy))
            raise
        except KeyboardInterrupt:
            sys.stderr.write(f"interrupted: {_how_far(ledger, remedy)}\n")
            reason = "it was interrupted"
            partial = BatchExecutionResult(ledger.results(reason, remedy), time.monotonic() - started, reason)
            raise BatchInterrupted(partial, remedy) from None
        finally:
            ledger.close()
        return BatchExecutionResult(ledger.results(stopped, remedy), time.monotonic() - started, stopped)

    def _open(self, name: str | None, *, resume: bool | None) -> Checkpoint | None:
        if not self.config.enable_checkpointing:
            if resume:
                raise SettingsError("resume_from_checkpoint needs enable_checkpointing: switch it on, or leave it out")
            return None
        takes_over = bool(name) if resume is None else resume
        return Checkpoint.open(
            self.checkpoint_dir,
            name or DEFAULT_NAME,
            self.config.checkpoint_interval,
            takes_over=takes_over,
            alone=bool(name) or takes_over,
        )

    def _batch_folder(self, ledger: Ledger, name: str | None, *, resume: bool | None) -> BatchFolder | None:
        """Return the folder of the provider's batches, if they are used now, or have left paid replies.

        Raises
        ------
        SettingsError
            If the batch has no checkpoint by which they are found again.
        CheckpointError
            If all is to be asked afresh, and a batch of before is open at the provider.
        """
        if self.config.provider_batch is BatchUse.NEVER:
            left = BatchFolder.of(self.checkpoint_dir, name) if ledger.checkpoint is not None and name else None
            if left is None or not left.path.is_dir():
                return None
            if count := left.open_requests:
                logger.warning(
                    "a batch of this checkpoint_name is open at the provider, of %d requests, and will be paid: calls "
                    'ask for them again; provider_batch="first" takes its replies',
                    count,
                )
            return None if resume is False else left
        if ledger.checkpoint is None or not name:
            raise SettingsError(
                "provider_batch needs a checkpoint_name and enable_checkpointing: batches at the provider are found "
                "again by it"
            )
        folder = BatchFolder.of(self.checkpoint_dir, name)
        if resume is False:
            if count := folder.open_requests:
                raise CheckpointError(
                    f"a batch of {count} requests of this checkpoint_name is open at the provider, and is paid: "
                    "resume_from_checkpoint=True takes its replies, and another checkpoint_name asks afresh beside it"
                )
            folder.remove()
            folder = BatchFolder.of(self.checkpoint_dir, name)
        return folder

    def _run_unfinished(
        self, llm: GuardedLLM, ledger: Ledger, batch: RunningBatch, folder: BatchFolder | None
    ) -> str | None:
        """Run the unfinished tasks; return the reason of an early stop, or ``None``."""
        config = self.config
        works = _work(ledger.unfinished(), config.batch_size)
        queue = WorkQueue(works, config.max_workers, time.monotonic)
        if folder is None:
            works.clear()  # the queue has its own, and gives up each with its task
        if not queue.workers:
            if folder is not None:
                folder.drop(ledger.recorded())
            return None
        stopping = threading.Event()
        pace = BatchPace(
            llm=llm,
            pacing=Pacing(self.limiter, self.expectations, ShownRate(time.monotonic)),
            gate=self._gate(stopping) if config.prefix_scheduling else None,
            configured=Rates(config.rate_limit_rps or None, config.rate_limit_tpm or None),
            queue=queue,
            stopping=stopping,
        )
        most = config.max_cost_usd
        cap = Cap() if most is None else Cap.of(llm, most, ledger.usage_before(), stopping)
        images = ImageFiles()

        def calling(work: Work) -> CallLoop:
            return CallLoop(llm, WorkPacer(pace, work), WorkReplies(work, ledger), cap, images, self.refusals)

        loop_of = calling if folder is None else batched_loops(calling, folder)
        called = loop_of if config.provider_batch is not BatchUse.ONLY else uncalled_loops(loop_of)
        engine = Engine(queue, called, ledger, stopping)
        batch.when_stopped(lambda: engine.stop(STOPPED))
        stopped = None
        if folder is not None:
            work = TasksWork(works, loop_of, folder, cap, stopping, folder.next_attempt)
            try:
                if config.provider_batch is BatchUse.NEVER:
                    work.count_kept()
                else:
                    wait_for_batches(batches_of(self.llm), work, self.wait or stopping.wait)
            except (BudgetReached, RunStopped) as signal:
                stopped = signal.with_remedy(REMEDIES) if isinstance(signal, RunStopped) else str(signal)
                engine.loop_of = uncalled_loops(loop_of, stopped)  # the paid replies still give their results
        with progress(len(ledger.tasks), shown=config.show_progress) as show:
            engine.run(queue.workers, lambda: show(ledger.ended, ledger.failed, ledger.cost))
        if stopped is not None:
            engine.stop(stopped)
        if folder is not None and engine.reason is None:
            folder.drop(ledger.recorded(), {owner_at(place) for place in ledger.unanswered()})
        return engine.reason

    def _gate(self, stopping: threading.Event) -> PromptCacheGate:
        return PromptCacheGate(self.prefixes, lambda seconds: _sleep_unless_stopped(stopping, seconds), time.monotonic)


def _how_far(ledger: Ledger, remedy: str) -> str:
    return f"{ledger.ended} of {len(ledger.tasks)} tasks are done; {remedy}"


def _remedy(checkpoint: Checkpoint | None, name: str | None) -> str:
    """Return how the tasks are run that a batch did not run."""
    if checkpoint is None:
        return "execute_batch(tasks) runs all of them anew"
    return (
        f"execute_batch(tasks, {name!r}) goes on"
        if name
        else "execute_batch(tasks, resume_from_checkpoint=True) goes on"
    )


def _work(unfinished: list[tuple[int, LLMTask[Any]]], size: int) -> list[Work]:
    groups = _groups([task for _, task in unfinished], size)
    return [Work([unfinished[place] for place in group]) for group in groups]


def _groups(tasks: list[LLMTask[Any]], size: int) -> list[list[int]]:
    try:
        return group(tasks, size)
    except Exception as error:  # noqa: BLE001 - after an error in a task's own code, calls are not shared
        logger.warning("no task shares a call: a can_batch_with() raised %s", type(error).__name__)
        return [[place] for place in range(len(tasks))]


def _sleep_unless_stopped(stopping: threading.Event, seconds: float) -> None:
    """Sleep while another call fills the prompt cache.

    Raises
    ------
    NotRun
        If the batch stops during the sleep.
    """
    if stopping.wait(seconds):
        raise NotRun("the batch stopped")
