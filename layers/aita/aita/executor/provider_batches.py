"""Batches at the provider for a batch of tasks in process: their requests, and the replies that come of them."""

import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import NoReturn

from aita.errors import BudgetReached, NotRun, ProviderBusy, SettingsError, TaskError, UnansweredError
from aita.executor.batch_folder import BatchedReplies, BatchFolder
from aita.executor.cap import Cap
from aita.executor.work_queue import Work
from aita.models.provider_batch import BATCH_PRICE, BatchProgress, BatchStep
from aita.models.run import Usage
from aita.ports import LLM, BatchProvider, Reply
from aita.services.calls.batch_ports import Inspected, MissingRequest, Standing
from aita.services.calls.batch_queue import ROUND, BatchQueue
from aita.services.calls.call_loop import CallLoop, TaskCalls
from aita.services.calls.call_ports import Admitted
from aita.services.calls.model_router import ModelRouter
from aita.services.calls.reply_cache import CachedReply
from aita.services.calls.shared_reply import combine
from aita.tasks.batchable import BatchableLLMTask
from aita.tasks.request import LLMRequest, Parameters

logger = logging.getLogger(__name__)

_FIRST_WAIT = 1.0
"""Seconds before the second look at a batch; each wait is twice as long as the one before, up to that of the stack."""

LoopOf = Callable[[Work], CallLoop]


class _UnansweredRequest(Exception):  # noqa: N818 - control flow from the pacer to the work
    def __init__(self, request: LLMRequest) -> None:
        super().__init__("no reply is stored")
        self.request = request


@dataclass(frozen=True, slots=True)
class NoCalls:
    """Pacer that admits no call.

    Parameters
    ----------
    error
        Returns the error for a request.
    """

    error: Callable[[LLMRequest], Exception] = _UnansweredRequest

    def admit(self, request: LLMRequest) -> Admitted:
        """Raise the error."""
        raise self.error(request)

    def record_answer(self, admitted: Admitted, reply: Reply) -> NoReturn:  # noqa: ARG002 - a port's
        """Never happen."""
        raise AssertionError("no call is admitted")

    def record_failure(self, admitted: Admitted, busy: ProviderBusy) -> NoReturn:  # noqa: ARG002 - a port's
        """Never happen."""
        raise AssertionError("no call is admitted")


@dataclass(frozen=True, slots=True)
class TasksWork:
    """Unfinished tasks as work for batches.

    Parameters
    ----------
    loop_of
        Returns the call loop of some work, over ``BatchedReplies``.
    stopping
        Set when the batch of tasks stops; its batches at the provider go on.
    attempt
        Number of this execution among those with the folder.
    """

    works: Sequence[Work]
    loop_of: LoopOf
    folder: BatchFolder
    cap: Cap
    stopping: threading.Event
    attempt: int

    def standing(self) -> Standing:
        """Return whether requests may be made, as of now."""
        return Standing.SUPERSEDED if self.stopping.is_set() else Standing.CURRENT

    def inspect(self, first: int) -> Iterator[Inspected]:
        """Yield the work from a place on, in its order."""
        for place in range(first, len(self.works)):
            calls = self.works[place].calls()
            missing = self._missing(self.works[place], calls)
            yield Inspected(place, missing, Decimal(0) if missing else calls.spent.usage.cost_usd)

    def ask_at_once(self, place: int) -> bool:
        """Make the next call of some work, and keep its reply."""
        work = self.works[place]
        missing = self._missing(work, work.calls())
        if missing is not None:
            try:
                reply = self.loop_of(work).reply(missing.request, TaskCalls())
            except TaskError as error:  # its own call fails alike, and records it
                logger.info("the first request failed: %s", type(error).__name__)
            else:
                self.folder.keep(missing.digest, reply.model_copy(update={"paid_by": missing.owner}))
        return True

    def keep(self, digest: str, owner: str, reply: Reply, usage: Usage) -> None:
        """Store a paid reply."""
        self.folder.keep(digest, CachedReply.of(reply, usage, paid_by=owner))

    def room(self) -> Decimal | None:
        """Return what may still be committed under the cap, in USD; ``None`` without a cap."""
        return None if self.cap.most is None else self.cap.most - self.cap.spent

    def highest_cost(self, request: LLMRequest) -> Decimal:
        """Return the highest cost of a request in a batch, in USD; 0 without a cap."""
        if self.cap.most is None:
            return Decimal(0)
        cost = self.cap.highest_cost(request)
        if cost is None:
            raise BudgetReached("the model has no known price, so that the batch's cap can't be kept")
        return cost * BATCH_PRICE

    def commit(self, amount: Decimal) -> None:
        """Commit an amount in USD; nothing without a cap. No call is in flight meanwhile."""
        if self.cap.most is None:
            return
        self.cap.spent += amount
        if self.cap.spent > self.cap.most:
            raise BudgetReached(f"the cap of {self.cap.most:f} USD has no room for the requests of another batch")

    def count_kept(self) -> None:
        """Count the replies that earlier executions have paid and that are taken now, under the cap."""
        if self.cap.most is not None and self.folder.replies:
            self.cap.spent += sum((each.paid_usd for each in self.inspect(0)), Decimal(0))

    def release(self, amount: Decimal) -> None:
        """Release the unspent part of a commitment, in USD."""
        if self.cap.most is not None:
            self.cap.spent -= amount

    def show(self, progress: BatchProgress | None, waits_for: str = "") -> None:
        """Log how far the batches are."""
        if waits_for:
            logger.warning("waiting for the provider: %s", waits_for)
        if progress is not None:
            since = progress.since.astimezone().strftime("%m-%d %H:%M")
            logger.info(
                "waiting for the provider's batch, since %s, %d of %d done", since, progress.done, progress.total
            )

    def _missing(self, work: Work, calls: TaskCalls) -> MissingRequest | None:
        """Return the request that some work would make now; ``None`` also if its own code fails, as its run reports.

        ``calls`` accumulates the usage of its stored replies.
        """
        loop = replace(self.loop_of(work), pacer=NoCalls())
        try:
            self._converse(work, loop, calls)
        except _UnansweredRequest as missing:
            request = missing.request
        except Exception as error:  # noqa: BLE001 - the task's own code: its run reports it
            logger.info("a task makes no request: %s", type(error).__name__)
            return None
        else:
            return None
        try:
            images = loop.images.load(request)()
        except TaskError:
            return None
        return MissingRequest(owner=owner_of(work), digest=loop.digest(request), request=request, images=images)

    @staticmethod
    def _converse(work: Work, loop: CallLoop, calls: TaskCalls) -> None:
        if len(work.members) == 1:
            ((_, task),) = work.members
            if task.given() is None:
                loop.ask(task, calls)
            return
        combined = combine([task for _, task in work.members if isinstance(task, BatchableLLMTask)])
        if combined is not None:
            loop.reply(combined[1], calls)


def batched_loops(loop_of: LoopOf, folder: BatchFolder) -> LoopOf:
    """Return the call loops with the replies of batches below those of each work."""

    def batched(work: Work) -> CallLoop:
        loop = loop_of(work)
        return replace(loop, replies=BatchedReplies(loop.replies, folder, owner_of(work)))

    return batched


def uncalled_loops(loop_of: LoopOf, stopped: str = "") -> LoopOf:
    """Return the call loops of tasks that are asked in batches and in no other way; ``stopped`` is why, if only now."""

    def refuse(_: LLMRequest) -> Exception:
        if stopped:
            return NotRun(stopped)
        return UnansweredError("no batch at the provider has given a valid reply to it: execute the batch again")

    return lambda work: replace(loop_of(work), pacer=NoCalls(refuse))


def owner_of(work: Work) -> str:
    """Return what pays for the replies of some work: the place of its first task."""
    return owner_at(work.members[0][0])


def owner_at(place: int) -> str:
    """Return what pays for the replies of the work whose first task has a place."""
    return f"task {place}"


def wait_for_batches(provider: BatchProvider, work: TasksWork, wait: Callable[[float], object]) -> None:
    """Have the requests of tasks answered in batches, as far as they are.

    A process that is killed meanwhile, and started again, goes on with the same batches.

    Parameters
    ----------
    wait
        Waits some seconds, or less if the batch of tasks stops.

    Raises
    ------
    BudgetReached, RunStopped
        As ``BatchQueue.step`` raises them.
    """
    queue = BatchQueue(provider, lambda: datetime.now(UTC))
    seconds = _FIRST_WAIT
    while (step := queue.step(work.folder, work)) not in (BatchStep.DONE, BatchStep.STOPPED):
        if step is BatchStep.WAIT:
            wait(seconds)
            seconds = min(2 * seconds, ROUND.total_seconds())


def batches_of(llm: LLM) -> BatchProvider:
    """Return the batches of an executor's model.

    Raises
    ------
    SettingsError
        If it has none.
    """
    from aita.llm.batch_endpoint import BatchEndpoint  # noqa: PLC0415 - few executors use batches
    from aita.llm.chat import ChatModel  # noqa: PLC0415

    model, defaults = (llm.llm, llm.defaults) if isinstance(llm, ModelRouter) else (llm, Parameters())
    if isinstance(model, ChatModel):
        return BatchEndpoint.of(model, defaults)
    own: BatchProvider | None = getattr(model, "batches", None)
    if own is None:
        raise SettingsError("your llm_client has no batches: leave provider_batch out, or give it an attribute of them")
    return own
