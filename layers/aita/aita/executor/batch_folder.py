"""Folder of the provider's batches of one checkpoint's name: the book, the requests and the replies."""

import json
import logging
import os
import threading
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from pydantic import TypeAdapter

from aita.atomic_write import write_whole
from aita.errors import CheckpointError
from aita.executor.checkpoint_folder import BINARY, lock_path
from aita.executor.ledger import PAYER
from aita.models.provider_batch import BatchBook
from aita.models.run import NO_USAGE, Usage
from aita.ports import Reply
from aita.services.calls.batch_ports import BatchedRequest
from aita.services.calls.call_ports import ReplyStore
from aita.services.calls.reply_cache import CachedReply

logger = logging.getLogger(__name__)

_REQUESTS = TypeAdapter(dict[str, BatchedRequest])
_REPLY = TypeAdapter(tuple[str, CachedReply])


@dataclass(eq=False)
class BatchFolder:
    """Book, requests and replies of the provider's batches of one checkpoint's name, in a folder beside its files.

    The checkpoint's lock keeps it to one process.
    """

    path: Path
    replies: dict[str, CachedReply] = field(default_factory=dict)
    _takers: dict[str, str] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        if not self._replies.exists():
            return
        *lines, rest = self._replies.read_bytes().split(b"\n")
        for line in lines:
            self._load(line)
        if rest:  # cut off when the process was killed: the batch is read again
            os.truncate(self._replies, self._replies.stat().st_size - len(rest))

    def read(self) -> BatchBook:
        """Return the book; an empty one at first.

        Raises
        ------
        CheckpointError
            If it is damaged.
        """
        if not self._book.exists():
            return BatchBook()
        try:
            return BatchBook.model_validate_json(self._book.read_bytes())
        except ValueError:
            raise self._damaged(self._book) from None

    def write(self, book: BatchBook) -> None:
        """Replace the book."""
        self.path.mkdir(mode=0o700, exist_ok=True)
        write_whole(self._book, book.model_dump_json().encode())

    def read_requests(self, token: str) -> dict[str, BatchedRequest]:
        """Return the requests of a batch, by digest.

        Raises
        ------
        CheckpointError
            If they are damaged, or not there.
        """
        file = self.path / f"{token}.json"
        try:
            return _REQUESTS.validate_json(file.read_bytes())
        except (ValueError, FileNotFoundError):
            raise self._damaged(file) from None

    def write_requests(self, token: str, requests: Mapping[str, BatchedRequest]) -> None:
        """Store the requests of a batch, by digest."""
        self.path.mkdir(mode=0o700, exist_ok=True)
        write_whole(self.path / f"{token}.json", _REQUESTS.dump_json(dict(requests)))

    def keep(self, digest: str, reply: CachedReply) -> None:
        """Append a reply, unless it is there."""
        with self._lock:
            if digest in self.replies:
                return
            with os.fdopen(
                os.open(self._replies, os.O_CREAT | os.O_APPEND | os.O_WRONLY | BINARY, 0o600), "ab"
            ) as file:
                file.write(_line(digest, reply))
            self.replies[digest] = reply

    def take(self, digest: str, owner: str) -> CachedReply | None:
        """Return a reply; its cost counts for the first that takes it.

        Who asked for it in an earlier execution, of other tasks maybe, does not matter.
        """
        with self._lock:
            if (reply := self.replies.get(digest)) is None:
                return None
            first = self._takers.setdefault(digest, owner)
            return reply.model_copy(update={"paid_by": PAYER if first == owner else first})

    @classmethod
    def of(cls, directory: Path, name: str) -> Self:
        """Return the folder of a checkpoint's name."""
        return cls(lock_path(directory, name).with_suffix(".batches"))

    @property
    def next_attempt(self) -> int:
        """Number of an execution that begins now: also one that halted for a missed batch has had a number."""
        book = self.read()
        return max([book.attempt, *(record.missed_in for record in book.batches)]) + 1

    @property
    def open_requests(self) -> int:
        """Number of the requests in batches that are under way."""
        return sum(record.total for record in self.read().batches if record.under_way)

    def drop(self, recorded: Collection[str], unanswered: Collection[str] = ()) -> None:
        """Delete what the checkpoint has: the replies that were taken, and those to the requests ``recorded``.

        Other tasks of the name take the rest in a later execution, and those that ``unanswered`` names go on from
        theirs. Once nothing is left, and no batch is under way, the whole folder is deleted.

        Parameters
        ----------
        unanswered
            Tasks that failed as a further request has no reply yet.
        """
        with self._lock:
            left: dict[str, CachedReply] = {}
            for digest, reply in self.replies.items():
                if self._takers.get(digest) in unanswered:
                    left[digest] = reply.model_copy(update={"usage": NO_USAGE})  # it counts once, with the record
                elif digest not in self._takers and digest not in recorded:
                    left[digest] = reply
            if left != self.replies:
                write_whole(self._replies, b"".join(_line(*each) for each in left.items()))
            self.replies = left
        if not left and not self.open_requests:
            self.remove()

    def remove(self) -> None:
        """Delete the folder."""
        if self.path.is_dir():
            for file in self.path.iterdir():
                file.unlink()
            self.path.rmdir()

    def _load(self, line: bytes) -> None:
        try:
            digest, reply = _REPLY.validate_json(line)
        except ValueError:
            logger.warning("a line of a batch's replies is damaged: its request is asked again")
        else:
            self.replies[digest] = reply

    def _damaged(self, file: Path) -> CheckpointError:
        return CheckpointError(
            f"{file} is damaged or lost, and tells which batches at the provider are paid: put it back from a copy, or "
            f"cancel them at the provider (their metadata has the key aita) and delete {self.path}, which asks again"
        )

    @property
    def _book(self) -> Path:
        return self.path / "batches.json"

    @property
    def _replies(self) -> Path:
        return self.path / "replies.jsonl"


def _line(digest: str, reply: CachedReply) -> bytes:
    return json.dumps([digest, reply.model_dump(mode="json")]).encode() + b"\n"


@dataclass(frozen=True, slots=True)
class BatchedReplies:
    """Replies of one work, with those of the provider's batches below them."""

    replies: ReplyStore
    folder: BatchFolder
    owner: str

    @property
    def payer(self) -> str:
        """The batch."""
        return self.replies.payer

    def get(self, digest: str) -> CachedReply | None:
        """Return the stored reply to a request; one that another task has paid for adds no cost.

        A batch's reply is newer than one because of which the task failed in an earlier execution.
        """
        found, of_batch = self.replies.get(digest), self.folder.take(digest, self.owner)
        if found is not None and not self.is_rejected(found):
            return found
        return of_batch or found

    def is_rejected(self, reply: CachedReply) -> bool:
        """Return whether a task failed because of a reply in an earlier attempt."""
        return self.replies.is_rejected(reply)

    def put(self, digest: str, reply: Reply, usage: Usage) -> CachedReply:
        """Store the reply to a paid call, and return it as stored."""
        return self.replies.put(digest, reply, usage)

    def reject(self, digest: str, reply: CachedReply) -> None:
        """Mark a reply as one because of which the task failed."""
        self.replies.reject(digest, reply)
