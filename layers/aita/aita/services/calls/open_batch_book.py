"""Book of batches as a step of the queue has read it: each change is written at once."""

from dataclasses import dataclass

from aita.models.provider_batch import BatchBook, BatchProgress, BatchRecord
from aita.services.calls.batch_ports import BatchBooks


@dataclass(slots=True)
class OpenBatchBook:
    """Book that was read, and where it is written. A write fails if another process has written since."""

    books: BatchBooks
    now: BatchBook

    @property
    def open(self) -> list[BatchRecord]:
        """Batches at which the provider may still be at work, or whose replies are not stored."""
        return [record for record in self.now.batches if record.under_way]

    @property
    def progress(self) -> BatchProgress | None:
        """Progress of the open batches; ``None`` without any."""
        records = self.open
        if not records:
            return None
        return BatchProgress(
            since=min(each.since for each in records),
            done=sum(each.done for each in records),
            total=sum(each.total for each in records),
        )

    def change(self, record: BatchRecord, **changes: object) -> BatchRecord:
        """Replace attributes of a batch's record, and return the new one."""
        changed = record.model_copy(update=changes)
        self.write(batches=tuple(changed if each.token == record.token else each for each in self.now.batches))
        return changed

    def reopen(self, record: BatchRecord, **changes: object) -> None:
        """Have the requests of a batch looked at once more, for another batch."""
        self.write(next=min(self.now.next, record.first), complete=False, **changes)

    def stop_making(self, **changes: object) -> None:
        """Record that no batch is being made, with other changes."""
        self.write(making_since=None, tries=0, **changes)

    def write(self, **changes: object) -> None:
        """Replace attributes of the book."""
        self.now = self.now.model_copy(update=changes)
        self.books.write(self.now)
