"""Cache of paid replies in the bucket, so that no request is paid for twice."""

import logging
from dataclasses import dataclass
from typing import Self

from aita.errors import ObjectNotFoundError
from aita.models.base import StrictModel
from aita.models.call_usage import CallUsage
from aita.models.run import Usage
from aita.ports import ObjectStore, Reply
from aita.services.assignments import object_keys

logger = logging.getLogger(__name__)


class CachedReply(StrictModel):
    """Paid reply.

    ``paid_by`` is the run and task that paid, ``paid_in`` the run's attempt, and ``rejected_by`` the attempt in which
    a task failed because of the reply.
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

    @classmethod
    def of(cls, reply: Reply, usage: Usage, *, paid_by: str, paid_in: int = 0) -> Self:
        """Return a model's reply as paid; unpaired surrogates in it are replaced, as no file can hold them."""
        text = of_whole_characters(reply.text)
        if text is not reply.text:
            logger.warning("a reply had half a character (an unpaired surrogate), which is a question mark in its text")
        return cls(
            text=text,
            finish_reason=reply.finish_reason,
            refusal=reply.refusal,
            model=reply.model,
            usage=usage,
            latency_ms=reply.latency_ms,
            paid_by=paid_by,
            paid_in=paid_in,
        )

    def spent_by(self, payer: str, digest: str) -> CallUsage:
        """Return the usage that the reply adds to a task: its cost if that task paid, else one cached call.

        Parameters
        ----------
        payer
            Run and task that use the reply.
        digest
            Digest of the reply's request.
        """
        if self.paid_by != payer:
            return CallUsage(requests=1, usage=Usage(cached_calls=1), replies=(digest,))
        return CallUsage(requests=1, usage=self.usage, latency_ms=self.latency_ms, replies=(digest,))


def of_whole_characters(text: str) -> str:
    """Return a text with its unpaired surrogates replaced; the same object if there are none."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "replace").decode()
    return text


@dataclass(frozen=True, slots=True)
class ReplyCache:
    """Stores every paid reply before it is validated."""

    objects: ObjectStore

    def get(self, digest: str) -> CachedReply | None:
        """Return the cached reply to a request, also one because of which a task failed."""
        try:
            return CachedReply.model_validate_json(self.objects.get(object_keys.cached_reply(digest)))
        except ObjectNotFoundError:
            return None

    def put(self, digest: str, reply: CachedReply) -> None:
        """Store a reply."""
        self.objects.put(object_keys.cached_reply(digest), reply.model_dump_json().encode())

    def reject(self, digest: str, reply: CachedReply, attempt: str) -> None:
        """Mark a reply as the reason of a task's failure, so that another attempt makes a new call if it still is."""
        self.put(digest, reply.model_copy(update={"rejected_by": attempt}))
