"""Ways to execute a batch: all results at once, results as they finish, and both of them awaited."""

import asyncio
import inspect
import threading
import weakref
from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from queue import SimpleQueue
from typing import Any

from aita.errors import RequestError
from aita.models.result import BatchExecutionResult, OnResult, ResultT_co, TaskResult
from aita.tasks.llm_task import LLMTask, listed

STOPPED = "it was stopped"
"""Reason of a batch that its caller stopped."""


class BatchInterrupted(KeyboardInterrupt):
    """A batch was interrupted from the keyboard. ``partial`` has the results so far, and the message how to go on.

    It is a KeyboardInterrupt, so that a program which does not catch it ends as after any other.
    """

    def __init__(self, partial: BatchExecutionResult, remedy: str) -> None:
        ended = f"{len(partial.successful_results)} of {len(partial.task_results)} tasks have a result"
        super().__init__(f"{ended}: {remedy}")
        self.partial = partial


@dataclass(eq=False)
class RunningBatch:
    """Batch that is being executed.

    Parameters
    ----------
    on_result
        Called with the result of each task as it ends.
    """

    on_result: OnResult | None = None
    is_stopped: bool = False
    _on_stop: Callable[[], None] | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def stop(self) -> None:
        """Start no more calls; does nothing to a batch that has ended."""
        with self._lock:
            self.is_stopped = True
            on_stop = self._on_stop
        if on_stop is not None:
            on_stop()

    def when_stopped(self, on_stop: Callable[[], None]) -> None:
        """Call a function once the batch is stopped; at once if it is stopped already."""
        with self._lock:
            self._on_stop = on_stop
        if self.is_stopped:
            on_stop()


@dataclass
class BatchExecutor(ABC):
    """Executor of batches. Several of them may be executed at the same time, from several threads."""

    # By identity, and weak: a stream that nobody reads never ends.
    _running: dict[int, weakref.ref[RunningBatch]] = field(default_factory=dict, init=False, repr=False)

    def execute_batch(
        self,
        tasks: Iterable[LLMTask[ResultT_co]],
        checkpoint_name: str | None = None,
        resume_from_checkpoint: bool | None = None,  # noqa: FBT001 - given by position as often as by name
        *,
        on_result: OnResult[ResultT_co] | None = None,
    ) -> BatchExecutionResult[ResultT_co]:
        """Execute tasks, and return their results in the same order.

        Parameters
        ----------
        checkpoint_name
            Name under which a batch that is executed again takes over what is done. In process, that of its checkpoint,
            which one batch at a time has; a batch without a name begins a checkpoint of its own. On the stack, that of
            the assignment of its runs.
        resume_from_checkpoint
            In process, whether the records of the checkpoint are used: ``True`` takes over all files of the name, or of
            the batches without one, and ``False`` begins a file and asks everything afresh. Default: true with a
            ``checkpoint_name``, and false without one. On the stack it has no effect, as replies are always used again
            unless ``enable_checkpointing`` is off.
        on_result
            Called with the result of each task as it ends, in the thread that ended it: several at the same time. An
            exception that it raises ends the batch.

        Raises
        ------
        RequestError
            If ``on_result`` is no plain function.
        CheckpointError
            In process, if the checkpoint can't be used, before any call, or can't be written any more.
        SettingsError
            In process, if a resume is requested without checkpointing.
        StackError, LocalStackError
            If the stack does not exist or can't be reached.
        BatchInterrupted
            When interrupted from the keyboard, with the results so far.
        """
        return self._run(tasks, checkpoint_name, self._begin(_plain(on_result)), resume=resume_from_checkpoint)

    async def aexecute(
        self,
        tasks: Iterable[LLMTask[ResultT_co]],
        checkpoint_name: str | None = None,
        resume_from_checkpoint: bool | None = None,  # noqa: FBT001 - as of execute_batch
        *,
        on_result: OnResult[ResultT_co] | None = None,
    ) -> BatchExecutionResult[ResultT_co]:
        """Execute tasks as ``execute_batch`` does, with the same arguments, without blocking the event loop.

        A cancellation stops the batch, and returns when the calls in flight have ended.
        """
        loop = asyncio.get_running_loop()
        ended: asyncio.Future[_End] = loop.create_future()

        def put(end: _End) -> None:
            loop.call_soon_threadsafe(ended.set_result, end)

        batch = self._begin(_plain(on_result))
        self._start(partial(self._run, tasks, checkpoint_name, batch, resume=resume_from_checkpoint), put)
        try:
            end = await asyncio.shield(ended)
        except asyncio.CancelledError:
            batch.stop()
            await ended
            raise
        return end.result()

    def stream(
        self,
        tasks: Iterable[LLMTask[ResultT_co]],
        checkpoint_name: str | None = None,
        resume_from_checkpoint: bool | None = None,  # noqa: FBT001 - as of execute_batch
    ) -> Iterator[TaskResult[ResultT_co | None]]:
        """Yield the result of each task as it finishes. The arguments are those of ``execute_batch``.

        The batch stops if the iterator is closed, as by a ``break`` out of the loop; what is in flight then is recorded
        in the checkpoint. If the batch stops for another reason, results of the tasks that were not run come last.
        """
        return self._stream(self._begin(None), tasks, checkpoint_name, resume=resume_from_checkpoint)

    def _stream(
        self,
        batch: RunningBatch,
        tasks: Iterable[LLMTask[ResultT_co]],
        checkpoint_name: str | None,
        *,
        resume: bool | None,
    ) -> Iterator[TaskResult[ResultT_co | None]]:
        results: SimpleQueue[TaskResult[ResultT_co | None] | _End] = SimpleQueue()
        batch.on_result = results.put
        run = partial(self._run, tasks, checkpoint_name, batch, resume=resume)
        thread = self._start(run, results.put)
        seen: set[int] = set()
        try:
            while not isinstance(result := results.get(), _End):
                seen.add(id(result))
                yield result
        finally:
            batch.stop()
            thread.join()
        yield from result.unseen(seen)

    def astream(
        self,
        tasks: Iterable[LLMTask[ResultT_co]],
        checkpoint_name: str | None = None,
        resume_from_checkpoint: bool | None = None,  # noqa: FBT001 - as of execute_batch
    ) -> AsyncGenerator[TaskResult[ResultT_co | None], None]:
        """Yield the result of each task as ``stream`` does, with the same arguments, without blocking the event loop.

        A ``break`` stops the batch at once inside ``contextlib.aclosing``; otherwise, once the generator is collected.
        """
        return self._astream(self._begin(None), tasks, checkpoint_name, resume=resume_from_checkpoint)

    async def _astream(
        self,
        batch: RunningBatch,
        tasks: Iterable[LLMTask[ResultT_co]],
        checkpoint_name: str | None,
        *,
        resume: bool | None,
    ) -> AsyncGenerator[TaskResult[ResultT_co | None], None]:
        results: asyncio.Queue[TaskResult[ResultT_co | None] | _End] = asyncio.Queue()
        loop = asyncio.get_running_loop()

        def put(result: TaskResult | _End) -> None:
            loop.call_soon_threadsafe(results.put_nowait, result)

        batch.on_result = put
        thread = self._start(partial(self._run, tasks, checkpoint_name, batch, resume=resume), put)
        seen: set[int] = set()
        try:
            while not isinstance(result := await results.get(), _End):
                seen.add(id(result))
                yield result
        finally:
            batch.stop()
            await asyncio.to_thread(thread.join)
        for each in result.unseen(seen):
            yield each

    def stop(self) -> None:
        """Stop the batches that are being executed, from any thread: they start no more calls, and return.

        Tasks that were not run say so in their results; a resume runs them.
        """
        for running in tuple(self._running.values()):
            if (batch := running()) is not None:
                batch.stop()

    @abstractmethod
    def _execute(
        self,
        tasks: tuple[LLMTask[Any], ...],
        checkpoint_name: str | None,
        batch: RunningBatch,
        *,
        resume: bool | None,
    ) -> BatchExecutionResult:
        """Execute tasks, and return their results in the same order."""

    def _begin(self, on_result: OnResult[Any] | None) -> RunningBatch:
        batch, running = RunningBatch(on_result), self._running
        key = id(batch)
        running[key] = weakref.ref(batch, lambda _: running.pop(key, None))
        return batch

    @staticmethod
    def _start(run: Callable[[], BatchExecutionResult[Any]], put: Callable[[Any], None]) -> threading.Thread:
        """Run a batch in a thread of its own, which passes on its end."""
        thread = threading.Thread(target=_put_end, args=(run, put), daemon=True)
        thread.start()
        return thread

    def _run(
        self,
        tasks: Iterable[LLMTask[ResultT_co]],
        checkpoint_name: str | None,
        batch: RunningBatch,
        *,
        resume: bool | None,
    ) -> BatchExecutionResult[ResultT_co]:
        try:
            return self._execute(listed(tasks), checkpoint_name, batch, resume=resume)
        finally:
            self._running.pop(id(batch), None)


@dataclass(frozen=True)
class _End:
    """End of a batch: its result, or what ended it otherwise."""

    outcome: BatchExecutionResult | BaseException

    def result(self) -> BatchExecutionResult:
        """Return the batch's result.

        Raises
        ------
        BaseException
            Whatever ended the batch otherwise.
        """
        if isinstance(self.outcome, BaseException):
            raise self.outcome
        return self.outcome

    def unseen(self, seen: set[int]) -> list[TaskResult]:
        """Return the results of the tasks that were not run: those beside the ``seen`` ones.

        Parameters
        ----------
        seen
            Identities of the results that were yielded.

        Raises
        ------
        BaseException
            As ``result`` does.
        """
        return [result for result in self.result().task_results if id(result) not in seen]


_NEVER_RUNS = (
    "on_result is async or a generator, and would never run, as threads call it: give a plain function, or go through "
    "the results with `async for result in executor.astream(tasks)`"
)


def _plain(on_result: OnResult | None) -> OnResult | None:
    """Return ``on_result``, checked that a call runs it: one of an async function or a generator only makes an object.

    Raises
    ------
    RequestError
        If it can't be called, or is async or a generator; from its call, if it returns what is to be awaited.
    """
    if on_result is None:
        return None
    if not callable(on_result):
        raise RequestError(f"on_result is a {type(on_result).__name__}: it takes a function of one result")
    kinds = (inspect.iscoroutinefunction, inspect.isasyncgenfunction, inspect.isgeneratorfunction)
    if any(is_kind(code) for is_kind in kinds for code in (on_result, type(on_result).__call__)):
        raise RequestError(_NEVER_RUNS)
    call: Callable[[TaskResult], object] = on_result

    def checked(result: TaskResult) -> None:
        returned = call(result)
        if inspect.isawaitable(returned):
            if inspect.iscoroutine(returned):
                returned.close()
            raise RequestError(_NEVER_RUNS)

    return checked


def _put_end(run: Callable[[], BatchExecutionResult], put: Callable[[_End], None]) -> None:
    try:
        end = _End(run())
    except BaseException as error:  # noqa: BLE001 - raised again where the stream is read
        end = _End(error)
    put(end)
