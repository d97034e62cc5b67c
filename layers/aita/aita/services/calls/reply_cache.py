"""The cache of replies in S3: what was paid for once is not paid for again."""

from dataclasses import dataclass

from aita.errors import ObjectNotFoundError
from aita.models.base import StrictModel
from aita.models.run import Usage
from aita.ports import ObjectStore
from aita.services.assignments import object_keys
from aita.services.runs.task_recorder import CallUsage


class CachedReply(StrictModel):
    """A paid reply.

    ``paid_by`` names the run and task that paid, ``paid_in`` the run's attempt; ``rejected_by`` the attempt
    that failed over it.
    """

    text: str
    finish_reason: str
    refusal: bool
    model: str
    usage: Usage
    latency_ms: int
    paid_by: str
    paid_in: int = 0
    rejected_by: str | None = None

    def spent_by(self, payer: str, digest: str) -> CallUsage:
        """Return what the reply, known by this digest, takes of a task that uses it: its cost, if that task paid."""
        if self.paid_by != payer:
            return CallUsage(asks=1, usage=Usage(cached_calls=1), replies=(digest,))
        return CallUsage(asks=1, usage=self.usage, latency_ms=self.latency_ms, replies=(digest,))


@dataclass(frozen=True, slots=True)
class ReplyCache:
    """Keeps every paid reply before it is judged; one that a task failed over answers only that same attempt."""

    objects: ObjectStore

    def get(self, digest: str, attempt: str) -> CachedReply | None:
        """Return the reply to a request, if there is one that this attempt may use."""
        try:
            reply = CachedReply.model_validate_json(self.objects.get(object_keys.cached_reply(digest)))
        except ObjectNotFoundError:
            return None
        return reply if reply.rejected_by in (None, attempt) else None

    def put(self, digest: str, reply: CachedReply) -> None:
        """Keep a reply."""
        self.objects.put(object_keys.cached_reply(digest), reply.model_dump_json().encode())

    def reject(self, digest: str, reply: CachedReply, attempt: str) -> None:
        """Mark a reply that a task failed over, so that a resume asks afresh."""
        self.put(digest, reply.model_copy(update={"rejected_by": attempt}))
