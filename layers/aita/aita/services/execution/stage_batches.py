"""Batches at the provider for a stage of a run: its book in the bucket, its items, its cap, and its steps."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal

from pydantic import TypeAdapter

from aita.concurrency import map_concurrently
from aita.errors import BudgetReached, ObjectNotFoundError, RunStopped, TaskError
from aita.models.provider_batch import BATCH_PRICE, BatchBook, BatchProgress, BatchStep
from aita.models.run import BatchResponse, Item, ItemEvent, Outcome, Run, RunStatus, StageEvent, Usage
from aita.ports import ObjectStore, Reply
from aita.services.assignments import object_keys
from aita.services.calls.batch_ports import BatchedRequest, Inspected, Standing
from aita.services.calls.batch_queue import BatchQueue
from aita.services.calls.open_batch_book import OpenBatchBook
from aita.services.calls.reply_cache import CachedReply
from aita.services.execution.missing_requests import MissingRequests
from aita.services.execution.role_executors import RoleExecutors
from aita.services.execution.task_executor import TaskExecutor
from aita.services.runs.pipelines import stages_of
from aita.services.runs.planner import MANIFEST
from aita.tasks.request import LLMRequest

BOOK = "batches"
"""Name of the stage's file with the book of its batches."""

LONGEST_INVOCATION = timedelta(seconds=900)
"""Time limit of the function."""

_CONCURRENT_IO = 16  # items looked at, with their images in memory
_REQUESTS = TypeAdapter(dict[str, BatchedRequest])


@dataclass(slots=True)
class BucketBooks:
    """Book of a stage in the bucket, written on condition of its ETag."""

    objects: ObjectStore
    event: StageEvent
    _etag: str | None = field(default=None, init=False)

    def read(self) -> BatchBook:
        """Return the book; an empty one at first."""
        try:
            data, self._etag = self.objects.get_with_etag(self._key)
        except ObjectNotFoundError:
            return BatchBook()
        return BatchBook.model_validate_json(data)

    def write(self, book: BatchBook) -> None:
        """Replace the book that was read or written last."""
        self._etag = self.objects.put_if(self._key, book.model_dump_json().encode(), self._etag)

    def read_requests(self, token: str) -> dict[str, BatchedRequest]:
        """Return the requests of a batch, by digest."""
        return _REQUESTS.validate_json(self.objects.get(self._requests_key(token)))

    def write_requests(self, token: str, requests: Mapping[str, BatchedRequest]) -> None:
        """Store the requests of a batch, by digest."""
        self.objects.put(self._requests_key(token), _REQUESTS.dump_json(dict(requests)))

    @property
    def _key(self) -> str:
        return object_keys.stage_file(self.event.run_id, self.event.stage, BOOK)

    def _requests_key(self, token: str) -> str:
        return object_keys.batch_requests(self.event.run_id, self.event.stage, token)


@dataclass(frozen=True, slots=True)
class StageWork:
    """Items of a stage as work for batches.

    Parameters
    ----------
    executor
        Executor that asks one item at once, also in a run that uses batches only.
    remaining
        Returns the seconds that are left to this invocation.
    """

    event: StageEvent
    run: Run
    executor: TaskExecutor
    missing: MissingRequests
    remaining: Callable[[], float]

    @property
    def attempt(self) -> int:
        """Attempt of the run."""
        return self.event.attempt

    def standing(self) -> Standing:
        """Return whether requests may be made, as of now."""
        run = self.executor.runs.get(self.event.run_id)
        if run.attempt != self.event.attempt:
            return Standing.SUPERSEDED
        return Standing.CURRENT if run.active else Standing.ENDED

    def inspect(self, first: int) -> Iterator[Inspected]:
        """Yield the items from a place on, in their order; some are looked at ahead."""
        items = self._items()
        for begin in range(first, len(items), _CONCURRENT_IO):
            places = range(begin, min(begin + _CONCURRENT_IO, len(items)))
            yield from map_concurrently(lambda place: self._inspected(place, items[place]), places, _CONCURRENT_IO)

    def ask_at_once(self, place: int) -> bool:
        """Execute an item by an ordinary call, and return whether it has ended or the run has."""
        executed = self.executor.execute(self._event_of(self._items()[place]), self.remaining)
        return executed.answer.outcome is not Outcome.WAIT

    def keep(self, digest: str, owner: str, reply: Reply, usage: Usage) -> None:
        """Store a paid reply in the cache, as paid by its task in this attempt."""
        payer = f"{self.event.run_id}/{owner}"
        cached = CachedReply.of(reply, usage, paid_by=payer, paid_in=self.event.attempt)
        self.executor.calls.cache.put(digest, cached)

    def room(self) -> Decimal | None:
        """Return what may still be committed under the cap, in USD; ``None`` without a cap."""
        cap = self.run.settings.max_cost_usd
        return None if cap is None else cap - self.executor.runs.get(self.event.run_id).committed_usd

    def highest_cost(self, request: LLMRequest) -> Decimal:
        """Return the highest cost of a request in a batch, in USD; 0 without a cap."""
        if self.run.settings.max_cost_usd is None:
            return Decimal(0)
        cost = self.executor.calls.budget.highest_cost(request)
        if cost is None:
            raise BudgetReached("the model has no known price, so that the run's cap can't be kept")
        return cost * BATCH_PRICE

    def commit(self, amount: Decimal) -> None:
        """Commit an amount in USD; nothing without a cap."""
        cap = self.run.settings.max_cost_usd
        if cap is None or not amount:
            return
        if not self.executor.runs.reserve_cost(self.event.run_id, self.event.attempt, amount, cap):
            raise BudgetReached("the cap has no room for the requests of another batch")

    def release(self, amount: Decimal) -> None:
        """Release the unspent part of a commitment, in USD."""
        if amount:
            self.executor.runs.release_cost(self.event.run_id, self.event.attempt, amount)

    def show(self, progress: BatchProgress | None, waits_for: str = "") -> None:
        """Show how far the batches are in the run's row."""
        if waits_for:
            self.executor.runs.count_wait(self.event.run_id, waits_for)
        self.executor.runs.show_batches(self.event.run_id, self.event.attempt, progress)

    def _items(self) -> list[Item]:
        key = object_keys.stage_file(self.event.run_id, self.event.stage, MANIFEST)
        return [Item.model_validate(item) for item in json.loads(self.executor.objects.get(key))]

    def _event_of(self, item: Item) -> ItemEvent:
        return ItemEvent(**self.event.model_dump(), item=item)

    def _inspected(self, place: int, item: Item) -> Inspected:
        try:
            missing, paid = self.missing.next_of(self._event_of(item))
        except TaskError:  # such as a lost image: the item's own execution fails alike, and records it
            return Inspected(place, None, Decimal(0))
        return Inspected(place, missing, paid)


@dataclass(frozen=True, slots=True)
class StageBatches:
    """Steps of the batches of any stage. One object lives as long as its function.

    Parameters
    ----------
    queue_of
        Returns the queue of the model that an executor asks, the same each time; it raises RunStopped if its endpoint
        has no batches.
    executors
        Executors of the items, for the function that makes batches.
    """

    queue_of: Callable[[TaskExecutor], BatchQueue]
    executors: RoleExecutors

    def step(self, event: StageEvent, remaining: Callable[[], float]) -> BatchResponse:
        """Do one step for a stage; after a crash it can be repeated.

        Parameters
        ----------
        remaining
            Returns the seconds that are left to this invocation.
        """
        executor = self.executors.of_stage(event.stage)
        run = executor.runs.get(event.run_id)
        work = StageWork(event, run, executor, MissingRequests(executor), remaining)
        books = BucketBooks(executor.objects, event)
        ended = run.attempt == event.attempt and not run.active
        try:
            if ended and run.status is not RunStatus.CANCELLED:  # an invocation that is repeated: its batches go on
                step = _show_left(executor, books)
            else:
                if ended:
                    self._cancel_other_stages(run, event)
                step = self.queue_of(executor).step(books, work)
        except RunStopped as stopped:
            step = _end(executor, books, RunStatus.HALTED, stopped.with_remedy(executor.remedies))
        except BudgetReached as reached:
            hint = f"resume with a higher cap (aita resume {event.run_id} --max-cost USD)"
            step = _end(executor, books, RunStatus.BUDGET_REACHED, f"{reached}: {hint}")
        return BatchResponse(**event.model_dump(), step=step)

    def _cancel_other_stages(self, run: Run, event: StageEvent) -> None:
        """Cancel the batches of an ended run's other stages: in an earlier attempt it may have been in a later one."""
        for stage in stages_of(run.pipeline):
            if stage != event.stage:
                executor = self.executors.of_stage(stage)
                book = BucketBooks(executor.objects, event.model_copy(update={"stage": stage})).read()
                if book.batches:
                    self.queue_of(executor).cancel(book)


def _end(executor: TaskExecutor, books: BucketBooks, status: RunStatus, reason: str) -> BatchStep:
    executor.watch.refresh(executor.runs.end(books.event.run_id, books.event.attempt, status, reason))
    return _show_left(executor, books)


def _show_left(executor: TaskExecutor, books: BucketBooks) -> BatchStep:
    """Show in an ended run's row the batches that go on."""
    left = OpenBatchBook(books, books.read()).progress
    executor.runs.show_batches(books.event.run_id, books.event.attempt, left)
    return BatchStep.STOPPED
