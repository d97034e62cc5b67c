"""Queue of requests at the provider's batches: one step of making and submitting them, and of watching over them.

No crash submits twice. A batch's file is uploaded first, and its intent is recorded before it is created; whoever
finds an intent without an id looks for the batch at the provider before it is created again. The book is written only
over the state that was read, so that of two callers at once one goes on.
"""

import logging
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from uuid import uuid4

from aita.errors import BudgetReached, CallError, ObjectChangedError, ProviderBusy, RunStopped, TaskError
from aita.models.provider_batch import BatchBook, BatchRecord, BatchState, BatchStep
from aita.ports import BatchProvider, Clock
from aita.services.calls.batch_file import BatchFile
from aita.services.calls.batch_ports import BatchBooks, BatchWork, Standing
from aita.services.calls.batch_watch import LONGEST, BatchWatch
from aita.services.calls.open_batch_book import OpenBatchBook

logger = logging.getLogger(__name__)

ROUND = timedelta(seconds=300)
"""Wait between two steps, and after a try to create a batch before the next one: it may still be on its way."""

OUTAGE = timedelta(hours=2)
"""Time without an answer of the provider's after which the run halts, as for ordinary calls."""

MOST_TRIES = 2
"""Most times that a batch's making is begun before the run halts: each of them ended in a crash."""


@dataclass(slots=True)
class BatchQueue:
    """Queue of a provider's batches. One object lives as long as its process.

    Parameters
    ----------
    longest_step
        Time after which another process that makes a batch has certainly ended; 0 if there is one process only.
    most_requests, most_bytes
        Limits of a batch file.

    Attributes
    ----------
    has_asked
        Whether this process has made an ordinary call, so that its requests are as the endpoint takes them.
    """

    provider: BatchProvider
    clock: Clock
    longest_step: timedelta = timedelta(0)
    most_requests: int = 50_000
    most_bytes: int = 95_000_000
    has_asked: bool = field(default=False, init=False)

    def step(self, books: BatchBooks, work: BatchWork) -> BatchStep:
        """Do one step; after a crash it can be repeated.

        Raises
        ------
        BudgetReached
            If the cap has no room for a further request.
        RunStopped
            If a person must act: at the key, the quota, the endpoint, or a batch that can't be made, that did nothing,
            or that is not there.
        CallError
            If the run has ended, and the provider could not cancel a batch.
        """
        book = books.read()
        match work.standing():
            case Standing.SUPERSEDED:
                return BatchStep.STOPPED
            case Standing.ENDED:
                self.cancel(book)
                work.show(None)
                return BatchStep.STOPPED
        try:
            open_book = OpenBatchBook(books, book)
            return _Step(self, work, open_book, BatchWatch(self.provider, self.clock, work, open_book)).take()
        except ObjectChangedError:
            logger.info("another invocation has taken this step")
            return BatchStep.WAIT

    def cancel(self, book: BatchBook) -> None:
        """Cancel the batches of a book that are under way, each whether or not another can be.

        Raises
        ------
        CallError
            If one could not be cancelled: it goes on, and the run's row still shows it.
        """
        failure: CallError | None = None
        for record in book.batches:
            try:
                if record.state is BatchState.OPEN:
                    self.provider.cancel(record.batch_id)
                elif record.state is BatchState.INTENDED:
                    for found in self.provider.find(record.file_id, record.token):
                        self.provider.cancel(found.batch_id)
            except CallError as error:
                logger.warning("a batch of %d requests could not be cancelled, and goes on: %s", record.total, error)
                failure = error
        if failure is not None:
            raise failure


@dataclass(slots=True)
class _Step:
    queue: BatchQueue
    work: BatchWork
    book: OpenBatchBook
    watch: BatchWatch

    def take(self) -> BatchStep:
        try:
            self._look_after_all()
            step = self._next()
        except ProviderBusy as busy:
            return self._wait_for_provider(busy)
        except (BudgetReached, RunStopped):
            self.book.stop_making()
            raise
        except TaskError as refused:
            self.book.stop_making()
            raise RunStopped(
                f"the provider refused a request about its batches: {refused}; correct that, or go on without batches"
            ) from None
        except ObjectChangedError:
            raise
        except Exception:
            self.book.write(making_since=None)  # the next try is not kept waiting for this one
            raise
        if self.book.now.failing_since is not None:
            self.book.write(failing_since=None)
        self.work.show(None if step is BatchStep.DONE else self.book.progress)
        return step

    def _next(self) -> BatchStep:
        is_open = bool(self.book.open)
        if self.book.now.attempt != self.work.attempt:
            if is_open:  # of an attempt before: its replies are paid
                return BatchStep.WAIT
            self.book.write(
                attempt=self.work.attempt, next=0, complete=False, queue_full=False, most_requests=0, tries=0
            )
        if self.book.now.complete or (self.book.now.queue_full and is_open):
            return self._after(complete=True)
        return self._make()

    def _look_after_all(self) -> None:
        """Take every batch as far as it can go now, also where one halts the run, so that one resume is enough.

        Raises
        ------
        RunStopped
            If a batch halts the run; it names the first one, and counts them.
        """
        halts: list[RunStopped] = []
        for record in self.book.now.batches:
            try:
                self._go_on(record)
            except RunStopped as halt:
                halts.append(halt)
            except CallError:
                if not halts:
                    raise
        if len(halts) > 1:
            raise RunStopped(f"{halts[0]}. That is the first of {len(halts)} batches that halt the run now") from None
        if halts:
            raise halts[0]

    def _go_on(self, record: BatchRecord) -> None:
        """Take a batch as far as it can go now."""
        if record.state is BatchState.INTENDED:
            record = self._find_or_create(record)
        if record.state is BatchState.OPEN:
            record = self.watch.look_after(record)
        if record.state is BatchState.READ:
            self.watch.delete_files(record)

    # Making

    def _make(self) -> BatchStep:
        """Make a batch of the next requests, and submit it.

        One process at a time makes one: another would ask a request at once that is in the first one's file.
        """
        now = self.queue.clock()
        if self.book.now.making_since is not None and now - self.book.now.making_since < self.queue.longest_step:
            return BatchStep.WAIT
        if self.book.now.tries >= MOST_TRIES:
            self.book.stop_making()
            raise RunStopped(
                f"the batch's file was not made: each of {MOST_TRIES} tries crashed, or ran out of time or memory; "
                "look into the log, or go on without batches"
            )
        self.book.write(making_since=now, tries=self.book.now.tries + 1)
        limit = self.book.now.most_requests or self.queue.most_requests
        with BatchFile(self.queue.provider, self.work, limit, self.queue.most_bytes) as file:
            in_batches = self._in_batches()
            following, complete = self.book.now.next, True
            for item in self.work.inspect(self.book.now.next):
                self._recommit(item.paid_usd)
                following = item.place + 1
                if item.missing is None or item.missing.digest in in_batches:
                    continue
                if not self.queue.has_asked:
                    self.queue.has_asked = self.work.ask_at_once(item.place)
                    complete = self.queue.has_asked and self.work.standing() is Standing.CURRENT
                else:
                    complete = file.add(item.missing)
                if not complete:
                    following = item.place
                    break
            if file.requests:
                self._submit(file, following, complete=complete)
            else:
                self.book.stop_making(next=following, complete=complete)
        if not file.requests and not complete:
            return self._blocked()
        return self._after(complete=complete)

    def _in_batches(self) -> set[str]:
        """Return the digests of all requests in batches that are under way."""
        return {digest for record in self.book.open for digest in self.book.books.read_requests(record.token)}

    def _blocked(self) -> BatchStep:
        """Return the step after one in which no request could be taken: stopped, or without an answer or room."""
        if self.work.standing() is not Standing.CURRENT:
            return BatchStep.STOPPED
        if not self.queue.has_asked or self.book.open:
            return BatchStep.WAIT
        raise BudgetReached("the cap has no room for another request, even at the price of a batch")

    def _after(self, *, complete: bool) -> BatchStep:
        if not complete:
            return BatchStep.AGAIN
        return BatchStep.WAIT if self.book.open else BatchStep.DONE

    def _recommit(self, paid: Decimal) -> None:
        """Commit what replies of an attempt before cost, as a resume has committed the cost of recorded tasks alone."""
        if paid and self.work.attempt > 1:
            self.work.commit(paid)

    def _submit(self, file: BatchFile, following: int, *, complete: bool) -> None:
        token, now = uuid4().hex, self.queue.clock()
        file_id = self.queue.provider.upload(file.data, f"aita-{token}.jsonl")
        self.work.commit(file.highest_usd)
        self.book.books.write_requests(token, file.requests)
        record = BatchRecord(
            token=token,
            attempt=self.work.attempt,
            state=BatchState.INTENDED,
            first=self.book.now.next,
            total=len(file.requests),
            committed_usd=file.highest_usd,
            file_id=file_id,
            since=now,
            tried_at=now,
        )
        self.book.stop_making(next=following, complete=complete, batches=(*self.book.now.batches, record))
        self._create(record)

    def _find_or_create(self, record: BatchRecord) -> BatchRecord:
        """Adopt the batch that was created before its id was recorded, or create it if there is none."""
        found = self.queue.provider.find(record.file_id, record.token)
        if found:
            for double in found[1:]:
                self.queue.provider.cancel(double.batch_id)
            return self.book.change(record, state=BatchState.OPEN, batch_id=found[0].batch_id)
        now = self.queue.clock()
        if now - record.tried_at < ROUND:
            return record
        if now - record.since > LONGEST:  # its file expires
            return self._ask_again(record)
        return self._create(self.book.change(record, tried_at=now))

    def _create(self, record: BatchRecord) -> BatchRecord:
        try:
            created = self.queue.provider.create(record.file_id, record.token)
        except TaskError as refused:
            self._ask_again(record)
            raise RunStopped(
                f"the provider refused a batch of {record.total} requests: {refused}. Going on puts them into another "
                "batch; without batches they are asked at the full price"
            ) from None
        record = self.book.change(record, state=BatchState.OPEN, batch_id=created.batch_id)
        if self.work.standing() is Standing.ENDED:  # since the step began
            self.queue.provider.cancel(created.batch_id)
        return record

    def _leave(self, record: BatchRecord) -> BatchRecord:
        """Let go of the requests of a batch that was not made."""
        record = self.book.change(record, state=BatchState.READ)
        self.watch.settle(record, [])
        return record

    def _ask_again(self, record: BatchRecord) -> BatchRecord:
        """Have the requests of a batch that was not made put into another one."""
        self.book.reopen(record)
        return self._leave(record)

    def _wait_for_provider(self, busy: ProviderBusy) -> BatchStep:
        now = self.queue.clock()
        since = self.book.now.failing_since or now
        if now - since > OUTAGE:
            self.book.stop_making(failing_since=None)
            raise RunStopped(f"the provider has not answered for two hours, at last: {busy}") from None
        self.book.stop_making(failing_since=since)
        self.work.show(self.book.progress, str(busy))
        return BatchStep.WAIT
