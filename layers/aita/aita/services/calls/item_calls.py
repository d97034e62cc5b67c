"""Adapters of the call loop for one item of a run: rate limit, cached replies, cost cap and images of the stack."""

import hashlib
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from decimal import Decimal

from aita.errors import MissingInputError, ObjectNotFoundError, ProviderBusy, UnansweredError
from aita.models.provider_batch import BatchUse
from aita.models.run import ItemEvent, Run, StageCounts, Usage
from aita.ports import LLM, ObjectStore, Reply
from aita.services.calls import patience
from aita.services.calls.admission import LONGEST_SLEEP, Admission
from aita.services.calls.budget import RunBudget
from aita.services.calls.call_loop import CallLoop
from aita.services.calls.call_ports import Admitted
from aita.services.calls.forbidden_calls import Refusals
from aita.services.calls.reply_cache import CachedReply, ReplyCache
from aita.services.runs.run_cache import RunCache
from aita.tasks.request import LLMRequest

_NO_BATCH_ANSWERED = (
    "no batch at the provider has given a valid reply to it, and the run makes no other calls: resume the run, which "
    "makes another batch"
)


@dataclass(slots=True)
class ItemPacer:
    """Pacer of an item's calls in one invocation.

    Parameters
    ----------
    reservation
        Time of the slot that the item reserved before its wait, in ms since the epoch.
    remaining
        Returns the seconds that are left to this invocation.
    longest_call
        Time-out of one call, in seconds.
    batches_only
        Whether the run makes no calls but in the provider's batches.
    asked_alone
        Item of a shared call whose task is being asked in a call of its own.
    """

    admission: Admission
    event: ItemEvent
    reservation: int | None
    remaining: Callable[[], float]
    longest_call: float
    batches_only: bool = False
    asked_alone: ItemEvent | None = None

    def admit(self, request: LLMRequest) -> Admitted:
        """Wait until the call may be made.

        Raises
        ------
        ProviderBusy
            If too little of the invocation's time is left.
        UnansweredError
            If no batch has answered the request, and the run makes no other calls.
        SlotLater, Superseded
            As ``Admission.admit`` raises them.
        """
        if self.batches_only:
            raise UnansweredError(_NO_BATCH_ANSWERED)
        if self.remaining() < self.longest_call + LONGEST_SLEEP:
            raise ProviderBusy("this invocation has no time left for another call", retry_after=0)
        reservation, self.reservation = self.reservation, None
        run = self.admission.watch.get(self.event.run_id)
        return self.admission.admit(run, self.event, request, reservation)

    def record_answer(self, admitted: Admitted, reply: Reply) -> None:
        """Tell the limiter the call's tokens and the reply's rate limits, and open the gate for its prefix."""
        self.admission.record_answer(self.admission.watch.get(self.event.run_id), admitted, reply)

    def record_failure(self, admitted: Admitted, busy: ProviderBusy) -> None:
        """Slow down all callers if the provider demands it, and reserve a slot after that."""
        if admitted.prefix is not None:
            self.admission.gate.abandon(admitted.prefix)
        run = self.admission.watch.get(self.event.run_id)
        own = patience.is_own(self.event.waited, run.usage.calls, limited=busy.limited)
        slot = self.admission.record_refusal(run, admitted, busy, own=own)
        if slot is not None:
            busy.retry_after, self.reservation = slot.wait, round(slot.available_at * 1000)


@dataclass(frozen=True, slots=True)
class ItemReplies:
    """Replies of an item in the cache of the stack.

    Without checkpointing, an item may only use a reply that it paid for in this attempt, to continue after a wait or a
    crash.
    """

    cache: ReplyCache
    event: ItemEvent
    checkpointing: bool

    @property
    def payer(self) -> str:
        """Run and task that pay for the item's replies."""
        return f"{self.event.run_id}/{self.event.item.task_id}"

    def get(self, digest: str) -> CachedReply | None:
        """Return the cached reply to a request, if this item may use it."""
        reply = self.cache.get(digest)
        if reply is None or self.checkpointing:
            return reply
        is_own = (reply.paid_by, reply.paid_in) == (self.payer, self.event.attempt)
        return reply if is_own and not self.is_rejected(reply) else None

    def is_rejected(self, reply: CachedReply) -> bool:
        """Return whether a task failed because of a reply in an earlier attempt, or in another run."""
        return reply.rejected_by not in (None, self._attempt)

    def put(self, digest: str, reply: Reply, usage: Usage) -> CachedReply:
        """Cache the reply to a paid call, and return it as cached."""
        cached = CachedReply.of(reply, usage, paid_by=self.payer, paid_in=self.event.attempt)
        self.cache.put(digest, cached)
        return cached

    def reject(self, digest: str, reply: CachedReply) -> None:
        """Restrict a reply to this attempt."""
        self.cache.reject(digest, reply, self._attempt)

    @property
    def _attempt(self) -> str:
        return f"{self.event.run_id}/{self.event.attempt}"


@dataclass(frozen=True, slots=True)
class ItemBudget:
    """Cost cap of an item's run."""

    budget: RunBudget
    run: Run
    event: ItemEvent

    def commit(self, request: LLMRequest) -> Decimal:
        """Commit the highest cost of a call, and return it in USD; 0 for a run without a cap."""
        return self.budget.commit(self.run, self.event, request)

    def settle(self, committed: Decimal, usage: Usage | None) -> None:
        """Release the unspent part of a commitment; ``usage`` is ``None`` if the call was not paid."""
        self.budget.settle(self.event, committed, usage)


@dataclass(frozen=True, slots=True)
class BucketImages:
    """Images of requests in the bucket."""

    objects: ObjectStore

    def load(self, request: LLMRequest) -> Callable[[], Mapping[str, bytes]]:
        """Begin to load a request's images, as most calls need them, and return a function that waits for them."""
        keys = {image.sha256: image.key for message in request.messages for image in message.images}
        if not keys:
            return dict
        pool = ThreadPoolExecutor(len(keys))
        loading = {sha256: pool.submit(self.objects.get, key) for sha256, key in keys.items()}
        pool.shutdown(wait=False)

        def loaded() -> dict[str, bytes]:
            try:
                images = {sha256: image.result() for sha256, image in loading.items()}
            except ObjectNotFoundError:
                raise MissingInputError("the page's image is no longer there: start a new run") from None
            if any(hashlib.sha256(data).hexdigest() != sha256 for sha256, data in images.items()):
                raise MissingInputError("an image is not the one that its task was made for: start a new run")
            return images

        return loaded


@dataclass(frozen=True, slots=True)
class ItemCalls:
    """Makes the call loop of each item. One object lives as long as its function.

    Parameters
    ----------
    longest_call
        Time-out of one call, in seconds.
    makes_batches
        Whether the calls are of the function that makes the provider's batches: it asks for one reply in each run.
    """

    llm: LLM
    admission: Admission
    budget: RunBudget
    cache: ReplyCache
    objects: ObjectStore
    watch: RunCache
    longest_call: float
    makes_batches: bool = False
    refusals: Refusals = field(default_factory=Refusals)

    def pacer(self, event: ItemEvent, remaining: Callable[[], float], *, goes_to_batches: bool) -> ItemPacer:
        """Return the pacer of an item's calls in one invocation.

        Parameters
        ----------
        goes_to_batches
            Whether batches may have the requests of the item's stage: else calls are made in every run.
        """
        use = self.watch.get(event.run_id).settings.provider_batch
        batches_only = use is BatchUse.ONLY and goes_to_batches and not self.makes_batches
        return ItemPacer(self.admission, event, event.waited.slot_due, remaining, self.longest_call, batches_only)

    def loop(self, event: ItemEvent, pacer: ItemPacer) -> CallLoop:
        """Return the call loop of an item."""
        run = self.watch.get(event.run_id)
        counts = run.stages.get(event.stage, StageCounts())
        return CallLoop(
            llm=self.llm,
            pacer=pacer,
            replies=ItemReplies(self.cache, event, run.settings.enable_checkpointing),
            budget=ItemBudget(self.budget, run, event),
            images=BucketImages(self.objects),
            refusals=self.refusals,
            others_answered=run.usage.calls > 0,
            others_refused=0 if counts.succeeded else counts.failed,
        )
