"""Adapters of the call loop for a batch in process: pace, replies of parked tasks, and images in files."""

import hashlib
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from aita.errors import MissingInputError, NotRun, ProviderBusy
from aita.executor.ledger import PAYER, Ledger
from aita.executor.work_queue import Work, WorkQueue
from aita.models.rate_limits import Rates
from aita.models.run import Usage
from aita.ports import LLM, Reply
from aita.services.calls import patience
from aita.services.calls.call_ports import Admitted
from aita.services.calls.pacing import Pacing, Turnstile
from aita.services.calls.prompt_cache_gate import PromptCacheGate
from aita.services.calls.reply_cache import CachedReply
from aita.tasks.request import LLMRequest


@dataclass(slots=True)
class BatchPace:
    """Pace of all calls of a batch.

    Parameters
    ----------
    gate
        Gate that delays calls until their prefix is cached; ``None`` without prefix scheduling.
    configured
        Configured rate limits.
    stopping
        Set when the batch stops, which ends each wait.
    """

    llm: LLM
    pacing: Pacing
    gate: PromptCacheGate | None
    configured: Rates
    queue: WorkQueue
    stopping: threading.Event
    turnstile: Turnstile = field(init=False)

    def __post_init__(self) -> None:
        self.turnstile = Turnstile(self.pacing)


@dataclass(frozen=True, slots=True)
class WorkPacer:
    """Pacer of the calls of one work."""

    pace: BatchPace
    work: Work

    def admit(self, request: LLMRequest) -> Admitted:
        """Wait until the gate and the limiter let the call through.

        Raises
        ------
        NotRun
            If the batch stops.
        """
        pace, llm = self.pace, self.pace.llm
        prefix = None if pace.gate is None else pace.gate.wait(request, f"{llm.provider} {llm.model}")
        tokens = pace.turnstile.wait(pace.configured, request, pace.stopping.wait)
        if pace.stopping.is_set():
            raise NotRun("the batch stopped")
        return Admitted(request, prefix, tokens)

    def record_answer(self, admitted: Admitted, reply: Reply) -> None:
        """Tell the limiter the call's tokens and the reply's rate limits, and open the gate for its prefix."""
        pace = self.pace
        pace.queue.record_answer(reply.latency_ms / 1000)
        pace.pacing.record_answer(pace.configured, admitted.request, admitted.tokens, reply)
        if admitted.prefix is not None and pace.gate is not None:
            pace.gate.mark_filled(admitted.prefix)

    def record_failure(self, admitted: Admitted, busy: ProviderBusy) -> None:
        """Close the limiter for all calls if the provider is busy for all, which then holds this work, too."""
        pace = self.pace
        pace.queue.record_failure(self.work, busy)
        own = patience.is_own(self.work.retry, pace.queue.answered, limited=busy.limited)
        self.work.is_held = pace.pacing.record_refusal(pace.configured, admitted.tokens, busy, own=own)
        if admitted.prefix is not None and pace.gate is not None:
            pace.gate.abandon(admitted.prefix)


@dataclass(frozen=True, slots=True)
class WorkReplies:
    """Replies of one work: in memory until it has ended, and in the checkpoint if its task asks again."""

    work: Work
    ledger: Ledger

    @property
    def payer(self) -> str:
        """The batch."""
        return PAYER

    def get(self, digest: str) -> CachedReply | None:
        """Return the reply to a request that was made before the work was parked, or in an earlier execution.

        Without one that is not rejected a call may follow, so that the replies so far are recorded first.
        """
        place, _ = self.work.members[0]
        found = self.work.replies.get(digest) or self.ledger.kept_reply(place, digest)
        if found is None or self.is_rejected(found):
            self._keep()
        return found

    def is_rejected(self, reply: CachedReply) -> bool:
        """Return whether the task failed in an earlier execution in whose conversation this reply was."""
        return reply.rejected_by is not None

    def put(self, digest: str, reply: Reply, usage: Usage) -> CachedReply:
        """Keep a reply in memory, and return it as kept. One that tasks share is recorded, as each may ask alone."""
        kept = self.work.replies[digest] = CachedReply.of(reply, usage, paid_by=PAYER)
        if len(self.work.members) > 1:
            self._keep()
        return kept

    def reject(self, digest: str, reply: CachedReply) -> None:
        """Do nothing, as the work ends."""

    def _keep(self) -> None:
        """Record the replies so far that were not, with the first task of the work."""
        place, _ = self.work.members[0]
        for digest, reply in self.work.replies.items():
            if digest not in self.work.kept:
                self.ledger.keep_reply(place, digest, reply)
                self.work.kept.add(digest)


class ImageFiles:
    """Images of requests in files, in memory only during a call."""

    def load(self, request: LLMRequest) -> Callable[[], Mapping[str, bytes]]:
        """Return a function that reads a request's images."""
        return lambda: _read(request)


def _read(request: LLMRequest) -> dict[str, bytes]:
    """Return the bytes of a request's images, by SHA-256.

    Raises
    ------
    MissingInputError
        If a file can't be read, or has changed since the task was made.
    """
    images = {}
    for message in request.messages:
        for image in message.images:
            try:
                data = Path(image.key).read_bytes()
            except OSError as error:
                raise MissingInputError(f"an image of this task can't be read: {error.strerror or error}") from None
            if hashlib.sha256(data).hexdigest() != image.sha256:
                raise MissingInputError("an image of this task was changed while its batch ran: run it again")
            images[image.sha256] = data
    return images
