"""Engine in process: threads that drive the call loop for the tasks of a batch."""

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from aita.errors import (
    AitaError,
    BudgetReached,
    CallError,
    InvalidReplyError,
    NotRun,
    ProviderBusy,
    ProviderSetting,
    RunStopped,
    TaskCodeError,
    TaskError,
    UnansweredError,
)
from aita.executor.guarded_llm import FOREIGN
from aita.executor.ledger import Ledger, TaskEnd, own_code_error
from aita.executor.work_queue import Work, WorkQueue
from aita.services.calls import patience
from aita.services.calls.call_loop import CallLoop, TaskCalls
from aita.services.calls.shared_reply import combine, parts_of
from aita.tasks.batchable import BatchableLLMTask
from aita.tasks.llm_task import LLMTask

logger = logging.getLogger(__name__)

_REFRESH = 0.2
"""Interval at which the progress is refreshed, in seconds."""

MOST_INVALID = 10
"""Tasks that end with a reply which is not valid, if none of this execution was, after which the batch stops: the fault
is then more likely in the tasks' own code or prompt than in each reply."""

REMEDIES = {
    ProviderSetting.KEY: "set OPENAI_API_KEY, or give create_executor another llm_client",
    ProviderSetting.MODEL: "give create_executor another model= (AITA_MODEL), and see that OPENAI_BASE_URL is right",
    ProviderSetting.BASE_URL: "set OPENAI_BASE_URL, or the llm_client's base_url, to that of the provider's API",
}
"""How the provider's settings are corrected in process."""


@dataclass
class Engine:
    """Runs the work of a queue. One engine runs one batch.

    Parameters
    ----------
    queue
        Tasks to run.
    loop_of
        Returns the call loop of some work.
    ledger
        Ledger of the batch's tasks.
    stopping
        Set when the batch stops, for ``reason``.
    valid
        Whether any reply of this execution was valid.
    """

    queue: WorkQueue
    loop_of: Callable[[Work], CallLoop]
    ledger: Ledger
    stopping: threading.Event = field(default_factory=threading.Event)
    reason: str | None = None
    valid: bool = False
    _crash: BaseException | None = None
    _working: int = 0
    _invalid: int = 0
    _idle: threading.Event = field(default_factory=threading.Event)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def run(self, workers: int, refresh: Callable[[], None]) -> None:
        """Run all tasks, and return when all calls have ended.

        Parameters
        ----------
        workers
            Number of threads.
        refresh
            Called a few times a second.

        Raises
        ------
        KeyboardInterrupt
            When interrupted, after the calls in flight have ended; immediately at a second interrupt.
        """
        threads = [threading.Thread(target=self._work, daemon=True) for _ in range(workers)]
        self._working = workers
        try:
            self._start(threads)
            self._wait(threads, refresh)
        except BaseException as error:
            self.stop("it was interrupted" if isinstance(error, KeyboardInterrupt) else "it failed")
            self._wait(threads, lambda: None)
            raise
        if self._crash is not None:
            raise self._crash

    def stop(self, reason: str) -> None:
        """Start no more calls; the first reason is kept."""
        with self._lock:
            first, self.reason = self.reason is None, self.reason or reason
        self.stopping.set()
        self.queue.stop()
        if first and self._working:
            logger.warning("the batch stops: %s", reason)

    def _start(self, threads: list[threading.Thread]) -> None:
        """Start as many of the threads as the system allows."""
        for number, thread in enumerate(threads):
            try:
                thread.start()
            except RuntimeError:
                if number == 0:
                    raise
                logger.warning(
                    "the system lets %d of %d threads start: the batch goes on with those", number, len(threads)
                )
                with self._lock:
                    self._working -= len(threads) - number
                return

    def _wait(self, threads: list[threading.Thread], refresh: Callable[[], None]) -> None:
        """Wait until all threads have ended; safe to repeat after an interrupt at any point."""
        while any(thread.is_alive() for thread in threads):
            refresh()
            self._idle.wait(_REFRESH)
        refresh()

    def _work(self) -> None:
        try:
            while (work := self.queue.take()) is not None:
                self._run(work)
                self.queue.finish(work)
        except BaseException as error:  # noqa: BLE001 - raised again in the caller's thread
            self._crash = self._crash or error
            self.stop("it failed")
        finally:
            with self._lock:
                self._working -= 1
                if self._working == 0:
                    self._idle.set()

    def _run(self, work: Work) -> None:
        """Run work to its end, or park it if the provider can't answer now."""
        calls = work.calls()
        try:
            if len(work.members) > 1:
                self._ask_together(work, calls)
            else:
                self._ask_alone(work, calls)
        except ProviderBusy as busy:
            # The traceback's frames would keep the images and the request's body in memory while the work is parked.
            failure = busy.with_traceback(None)
        else:
            return
        self._retry(work, calls, failure)

    def _retry(self, work: Work, calls: TaskCalls, busy: ProviderBusy) -> None:
        """Park work until its next call, or end it if the provider answers others."""
        asked = busy.retry_after or 0.0
        logger.log(
            logging.WARNING if asked > patience.LONGEST_BACKOFF else logging.INFO,
            "waiting for the provider%s: %s", f", which asks for {asked:.0f} s" if asked else "", busy,
        )  # fmt: skip
        work.carry(calls)
        self.ledger.keep_calls(work.members[0][0], calls)  # for the case that the batch stops while it is parked
        try:
            self.queue.put_back(work, busy)
        except UnansweredError as error:
            if len(work.members) > 1:
                self._part(work, [None] * len(work.members))
            else:
                self._end(work, calls, error=error)
            for left, its_own in self.queue.take_unanswered():
                self._end(left, left.calls(), error=its_own)
        except RunStopped as stopped:
            self._stop_for(stopped)
            self._end(work, calls, error=NotRun(str(stopped)))

    def _ask_together(self, work: Work, calls: TaskCalls) -> None:
        """Make one call for all tasks, and put each back into the queue with its part of the reply."""
        tasks = [task for _, task in work.members if isinstance(task, BatchableLLMTask)]
        parts: list[str | None] = [None] * len(work.members)
        try:
            if (combined := combine(tasks)) is not None:
                reply = self.loop_of(work).reply(combined[1], calls)
                parts = parts_of(combined[0], tasks, reply)
        except TaskError as error:
            logger.info("%d tasks can't share a call: %s", len(tasks), type(error).__name__)
        except (BudgetReached, RunStopped, NotRun) as signal:
            self._stop_for(signal)
            self._end(work, calls, error=NotRun(str(signal)))
            return
        self._part(work, parts, calls)

    def _part(self, work: Work, parts: Sequence[str | None], calls: TaskCalls | None = None) -> None:
        """End each task by its part of a shared reply; ask for the others alone.

        The task with the first part carries the usage of all, so that the sum over tasks is the amount paid.
        """
        spent = work.calls() if calls is None else replace(calls, last_reply=None)
        for number in sorted(range(len(parts)), key=lambda number: parts[number] is None):
            (place, task), part = work.members[number], parts[number]
            single = Work([(place, task)], carried=spent.spent, made=spent.made, seconds=spent.seconds)
            if part is None or not self._take_part(single, task, part):
                self._run(single)
            spent = TaskCalls()

    def _take_part(self, work: Work, task: LLMTask[Any], part: str) -> bool:
        """End a task by its part of a shared reply; return whether the task accepts it."""
        try:
            result = task.parse(part)
        except Exception:  # noqa: BLE001 - also of the task's own code, which is reported when asked alone
            return False
        self._end(work, replace(work.calls(), last_reply=part), result=result)
        return True

    def _ask_alone(self, work: Work, calls: TaskCalls) -> None:
        """End a task after calls of its own; its usage counts even if the batch stops before its end."""
        ((_, task),) = work.members
        try:
            provided = task.given()
            result = self.loop_of(work).ask(task, calls) if provided is None else provided
        except ProviderBusy:
            raise
        except (BudgetReached, RunStopped, NotRun) as signal:
            self._stop_for(signal)
            self._end(work, calls, error=NotRun(self.reason or str(signal)))
        except AitaError as error:
            self._end(work, calls, error=error)
        except FOREIGN as error:
            self._end(work, calls, error=own_code_error(error, "messages(), given(), parse() and salvage()"))
        else:
            self._end(work, calls, result=result)

    def _stop_for(self, signal: CallError) -> None:
        if isinstance(signal, RunStopped):
            self.stop(signal.with_remedy(REMEDIES))
        elif not isinstance(signal, NotRun):
            self.stop(str(signal))

    def _end(self, work: Work, calls: TaskCalls, *, result: Any = None, error: AitaError | None = None) -> None:
        """End all tasks of some work; the first has its usage."""
        if calls.last_reply is not None:
            self._watch_validity(error)
        for place, _ in work.members:
            self.ledger.end(place, TaskEnd(calls, result, error))
            calls = TaskCalls()

    def _watch_validity(self, error: AitaError | None) -> None:
        """Stop the batch if the first tasks with a reply all fail because no reply is valid."""
        if error is None:
            self.valid = True
        elif isinstance(error, InvalidReplyError | TaskCodeError) and not self.valid:
            with self._lock:
                self._invalid += 1
            if self._invalid == MOST_INVALID:
                self.stop(
                    f"{MOST_INVALID} tasks got no valid reply, and no task got one; of the last: {error}. Correct the "
                    "prompt, or the code that reads the replies: a resume first reads the replies of these tasks again"
                )
