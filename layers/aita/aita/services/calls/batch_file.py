"""File of requests for a provider's batch, written line by line to the disk."""

import logging
import tempfile
from contextlib import ExitStack
from decimal import Decimal
from types import TracebackType
from typing import BinaryIO, Self

from aita.errors import TaskError
from aita.ports import BatchProvider
from aita.services.calls.batch_ports import BatchedRequest, BatchWork, MissingRequest

logger = logging.getLogger(__name__)


class BatchFile:
    """File of a batch's requests, on the disk while it is open.

    Parameters
    ----------
    most_requests, most_bytes
        Limits of the file.

    Attributes
    ----------
    data
        The file.
    requests
        Its requests by their digests.
    highest_usd
        Highest cost of the requests; 0 without a cap.
    """

    data: BinaryIO

    def __init__(self, provider: BatchProvider, work: BatchWork, most_requests: int, most_bytes: int) -> None:
        self.requests: dict[str, BatchedRequest] = {}
        self.highest_usd = Decimal(0)
        self._provider, self._work = provider, work
        self._most_requests, self._most_bytes = most_requests, most_bytes
        self._room: Decimal | None = None
        self._bytes = 0
        self._open = ExitStack()

    def __enter__(self) -> Self:
        self.data = self._open.enter_context(tempfile.TemporaryFile())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.close()

    def add(self, missing: MissingRequest) -> bool:
        """Add a request; return whether the file had room for it.

        A request that is in the file already, that can't be sent, or that no file can hold is passed over.

        Raises
        ------
        BudgetReached
            If there is a cap, and the model has no known price.
        """
        if missing.digest in self.requests:
            return True
        try:
            line = self._provider.line(missing.digest, missing.request, missing.images)
        except TaskError as error:  # an ordinary call fails alike, and records it
            logger.info("a request can't be sent in a batch: %s", type(error).__name__)
            return True
        cost = self._work.highest_cost(missing.request)
        if not self.requests:  # what was asked at once has taken room since the file was begun
            self._room = self._work.room()
        if len(line) > self._most_bytes:
            return True
        if not self._has_room(len(line), cost):
            return False
        self.data.write(line)
        self._bytes += len(line)
        self.highest_usd += cost
        longest = missing.request.parameters.max_reply_characters
        self.requests[missing.digest] = BatchedRequest(owner=missing.owner, longest=longest)
        return True

    def _has_room(self, size: int, cost: Decimal) -> bool:
        if len(self.requests) >= self._most_requests or self._bytes + size > self._most_bytes:
            return False
        return self._room is None or self.highest_usd + cost <= self._room
