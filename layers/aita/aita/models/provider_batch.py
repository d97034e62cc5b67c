"""Batches at the provider: requests that it answers within a day, at a lower price."""

from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from aita.models.base import StrictModel

BATCH_PRICE = Decimal("0.5")
"""Price of a call in a provider's batch, as a share of the ordinary one (OpenAI, Azure)."""


class BatchUse(StrEnum):
    """Use of the provider's batches: for no request, for each one first, or for each one and no other way."""

    NEVER = "never"
    FIRST = "first"
    ONLY = "only"


class BatchStep(StrEnum):
    """Outcome of one step: another one follows at once, or after a wait; all replies are there; or the run stopped."""

    AGAIN = "AGAIN"
    WAIT = "WAIT"
    DONE = "DONE"
    STOPPED = "STOPPED"


class BatchProgress(StrictModel):
    """Requests in batches that are under way: since when, how many, and how many of them are done."""

    since: datetime
    done: int
    total: int


class BatchState(StrEnum):
    """State of a batch.

    INTENDED
        Its file is at the provider. The batch may have been created.
    OPEN
        It was created, and its id is known.
    READ
        Its replies are stored. Its files are still at the provider.
    ENDED
        Nothing is left to do.
    """

    INTENDED = "INTENDED"
    OPEN = "OPEN"
    READ = "READ"
    ENDED = "ENDED"


class BatchRecord(StrictModel):
    """Record of a batch.

    Parameters
    ----------
    token
        Name of the batch in its own metadata, by which it is found if its id was lost.
    attempt
        The run's attempt that made it.
    first
        Place of the first item whose request may be in it.
    committed_usd
        Highest cost of its requests, if the run has a cap.
    tried_at
        When its creation was last tried.
    cancelled_at
        When it was first cancelled because it took too long.
    missed_in
        Attempt in which the provider first did not know it, and which halted for that; 0 is none.
    """

    token: str
    attempt: int
    state: BatchState
    first: int
    total: int
    done: int = 0
    committed_usd: Decimal = Decimal(0)
    file_id: str
    batch_id: str = ""
    answer_files: tuple[str, ...] = ()
    since: datetime
    tried_at: datetime
    cancelled_at: datetime | None = None
    missed_in: int = 0

    @property
    def under_way(self) -> bool:
        """Whether the provider may still be at work on it, or its replies are not stored."""
        return self.state in (BatchState.INTENDED, BatchState.OPEN)


class BatchBook(StrictModel):
    """Batches of a stage, or of a batch of tasks in process.

    Parameters
    ----------
    attempt
        Attempt whose requests are in the batches up to ``next``, the place of the first item not looked at.
    complete
        Whether all items were looked at.
    most_requests
        Limit of a batch's requests after the provider's queue had no room for one; 0 is none.
    queue_full
        Whether the queue had no room, so that another batch waits until none is open.
    making_since
        When a process began to make a batch, while it makes it.
    tries
        How often the making of a batch was begun since one was last made; more than once after a crash.
    failing_since
        When the provider was first of all not able to answer, if it has not answered since.
    """

    attempt: int = 0
    next: int = 0
    complete: bool = False
    most_requests: int = 0
    queue_full: bool = False
    making_since: datetime | None = None
    tries: int = 0
    failing_since: datetime | None = None
    batches: tuple[BatchRecord, ...] = ()
