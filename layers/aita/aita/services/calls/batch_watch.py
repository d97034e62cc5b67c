"""Batches that were created: watched until they end, read, settled, and given up where they are lost.

Where going on would pay for the same requests once more, or at the full price, a person is asked first: the run halts.
"""

import logging
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from itertools import islice

from aita.concurrency import map_concurrently
from aita.errors import BatchGoneError, RunStopped, TaskError
from aita.models.provider_batch import BatchRecord, BatchState
from aita.models.run import Usage
from aita.ports import BatchProvider, Clock, ProviderBatch, Reply
from aita.services.calls.batch_ports import BatchWork
from aita.services.calls.open_batch_book import OpenBatchBook

logger = logging.getLogger(__name__)

LONGEST = timedelta(days=2)
"""Age at which a batch is cancelled, and its replies so far are used."""

LONGEST_END = timedelta(hours=2)
"""Time after which a batch is given up that was cancelled and has not ended."""

_CONCURRENT_IO = 16
_READ_AT_ONCE = 500  # replies in memory


@dataclass(frozen=True, slots=True)
class BatchWatch:
    """Watch over the batches of a book, during one step of the queue."""

    provider: BatchProvider
    clock: Clock
    work: BatchWork
    book: OpenBatchBook

    def look_after(self, record: BatchRecord) -> BatchRecord:
        """Read a batch that has ended, give one up that is lost or late, or record how far it is.

        Raises
        ------
        RunStopped
            If the provider does not know it, in the first attempt in which it does not, or did nothing of it.
        """
        now = self.clock()
        is_late = now - record.since > LONGEST
        try:
            batch = self.provider.get(record.batch_id)
        except BatchGoneError as gone:
            if self.provider.find(record.file_id, record.token) and not is_late:
                return record
            return self._miss(record, f"{gone}, or by this key", is_late=is_late)
        except TaskError as refused:
            if not is_late:
                raise
            return self._give_up(record, str(refused))
        if batch.ended:
            return self._read(record, batch, is_late=is_late)
        if record.missed_in:  # the key is that of before again
            record = self.book.change(record, missed_in=0)
        if is_late:
            if record.cancelled_at is None:
                record = self.book.change(record, cancelled_at=now)
            elif now - record.cancelled_at > LONGEST_END:
                return self._give_up(record, "it was cancelled, and does not end")
            with suppress(BatchGoneError):  # the next look tells
                self.provider.cancel(record.batch_id)
        return record if batch.done == record.done else self.book.change(record, done=batch.done)

    def _miss(self, record: BatchRecord, reason: str, *, is_late: bool) -> BatchRecord:
        """Halt for a batch that the provider has not, or not its replies, and give it up in the attempt after.

        A key of another account does not know it either, and then it goes on and is paid.
        """
        if is_late or record.missed_in not in (0, self.work.attempt):
            return self._give_up(record, reason)
        self.book.change(record, missed_in=self.work.attempt)
        self.book.stop_making()
        raise RunStopped(
            f"a batch of {record.total} requests is lost: {reason}. If the key was changed to another account's, put "
            "the one before back, as the batch is paid there; going on with this key asks its requests again"
        )

    def _give_up(self, record: BatchRecord, reason: str) -> BatchRecord:
        """Leave the requests of a lost batch to others; what it may cost stays committed."""
        logger.warning("a batch of %d requests is given up, which are asked again: %s", record.total, reason)
        return self.book.change(record, state=BatchState.READ)

    def _read(self, record: BatchRecord, batch: ProviderBatch, *, is_late: bool) -> BatchRecord:
        """Store the replies of a batch; after a crash, the same ones again."""
        requests, spent = self.book.books.read_requests(record.token), list[Usage]()

        def keep(answered: tuple[str, Reply]) -> Usage | None:
            digest, reply = answered
            if (request := requests.get(digest)) is None:
                return None
            usage = self.provider.price(reply)
            self.work.keep(digest, request.owner, request.bounded(reply), usage)
            return usage

        try:
            replies = iter(self.provider.replies(batch))
            while some := list(islice(replies, _READ_AT_ONCE)):
                spent += [usage for usage in map_concurrently(keep, some, _CONCURRENT_IO) if usage is not None]
        except BatchGoneError as gone:
            return self._miss(record, str(gone), is_late=False)
        except TaskError as refused:
            if not is_late:
                raise
            return self._give_up(record, str(refused))
        failed = bool(batch.failure) and not spent and not batch.queue_full
        if batch.queue_full:
            self._make_room(record)
        elif failed:  # also if the halt is lost by a crash, nothing is asked at the full price
            self.book.reopen(record)
        logger.info("a batch ended with %d of %d replies", len(spent), record.total)
        record = self.book.change(record, state=BatchState.READ, done=len(spent), answer_files=batch.answer_files)
        self.settle(record, spent)
        if failed:
            self.book.stop_making()
            raise RunStopped(
                f"the provider did nothing of a batch of {record.total} requests: {batch.failure}. Going on puts them "
                "into another batch; without batches they are asked at the full price"
            )
        return record

    def _make_room(self, record: BatchRecord) -> None:
        """Have the requests of a batch for which the queue had no room put into another one, once there is room."""
        alone = not any(each.under_way for each in self.book.now.batches if each.token != record.token)
        if alone and record.total == 1:
            return  # it never fits: an ordinary call is made
        most = max(1, record.total // 2) if alone else self.book.now.most_requests
        self.book.reopen(record, queue_full=True, most_requests=most)

    def settle(self, record: BatchRecord, spent: list[Usage]) -> None:
        """Release what was committed and not spent; all of it stays committed if a cost is unknown."""
        if (
            record.committed_usd
            and record.attempt == self.work.attempt
            and not any(each.unpriced_calls for each in spent)
        ):
            self.work.release(record.committed_usd - sum((each.cost_usd for each in spent), Decimal(0)))

    def delete_files(self, record: BatchRecord) -> None:
        """Delete the files of a batch whose replies are stored."""
        for file_id in (record.file_id, *record.answer_files):
            self.provider.delete(file_id)
        self.book.change(record, state=BatchState.ENDED)
