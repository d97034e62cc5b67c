"""Calls of the model for one task, until a reply is valid. Each paid reply is cached before it is validated."""

import hashlib
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from aita.errors import CallError, MissingInputError, ObjectNotFoundError, ProviderBusy, TaskError
from aita.models.names import DOCTOR
from aita.models.run import ItemEvent, Run
from aita.ports import LLM, ObjectStore
from aita.services.calls.admission import LONGEST_SLEEP, Admission
from aita.services.calls.budget import Budget
from aita.services.calls.conversation import converse, require_complete
from aita.services.calls.forbidden_calls import Refusals
from aita.services.calls.model_identity import identity
from aita.services.calls.reply_cache import CachedReply, ReplyCache
from aita.services.runs.run_cache import RunCache
from aita.services.runs.task_recorder import CallUsage
from aita.services.stages.custom_tasks import KIND
from aita.tasks.llm_task import LLMTask
from aita.tasks.request import LLMRequest


@dataclass(slots=True)
class CallState:
    """Progress of a task's calls in one invocation.

    ``reservation`` is the time of the slot that the item reserved before its wait, in ms since the epoch, and
    ``answered`` is true once a call has succeeded.
    """

    reservation: int | None = None
    answered: bool = False
    spent: CallUsage = field(default_factory=CallUsage)
    last_reply: str | None = None


@dataclass(frozen=True, slots=True)
class ModelCaller:
    """Calls the model for a task's result. ``longest_call`` is the time-out of one call, in seconds."""

    llm: LLM
    admission: Admission
    budget: Budget
    cache: ReplyCache
    objects: ObjectStore
    watch: RunCache
    longest_call: float
    refusals: Refusals = field(default_factory=Refusals)

    def ask(self, task: LLMTask[Any], event: ItemEvent, state: CallState, remaining: Callable[[], float]) -> Any:
        """Return the task's result; ``state`` accumulates the usage, also if an error is raised.

        Parameters
        ----------
        remaining
            Returns the seconds that are left to this invocation.

        Raises
        ------
        TaskError
            If replies stay invalid for as many requests as the task's policy allows, or the model refuses.
        ProviderBusy
            If the provider can't answer now, or too little of the invocation's time is left.
        SlotLater
            If the rate limit lets the call through only later.
        Superseded, BudgetReached
            If the run may make no more calls.
        RunStopped
            If no call of the run can succeed.
        """
        chain: dict[str, CachedReply] = {}
        conversation = converse(task)
        try:
            request = next(conversation)
            while True:
                digest = self.digest(request)
                reply = chain[digest] = self.reply(request, digest, event, state, remaining)
                request = conversation.send(require_complete(reply.text, reply.finish_reason, refusal=reply.refusal))
        except StopIteration as done:
            return done.value
        except TaskError:
            for digest, reply in chain.items():
                self.reject(digest, reply, event)
            raise

    def digest(self, request: LLMRequest, *context: str) -> str:
        """Return the cache key of a request to this model."""
        return request.digest(*identity(self.llm), *context)

    def reply(
        self, request: LLMRequest, digest: str, event: ItemEvent, state: CallState, remaining: Callable[[], float]
    ) -> CachedReply:
        """Return the model's reply to one request, not validated, from the cache or by a call.

        Raises
        ------
        CallError
            As ``ask`` does, except for invalid replies.
        """
        run = self.watch.get(event.run_id)
        reply, images = self._look_up(request, digest, event)
        if reply is None:
            if remaining() < self.longest_call + LONGEST_SLEEP:
                raise ProviderBusy("this invocation has no time left for another call", retry_after=0)
            reply = self._call(request, images, event, run, state)
            self.cache.put(digest, reply)
        state.last_reply = reply.text
        state.spent += reply.spent_by(payer(event), digest)
        return reply

    def recall(self, digest: str, event: ItemEvent) -> CachedReply | None:
        """Return the cached reply to a request, if this item may use it.

        Without checkpointing, an item may only use a reply that it paid for in this attempt, to continue after a wait
        or a crash.
        """
        reply = self.cache.get(digest, _attempt(event))
        if reply is None or self.watch.get(event.run_id).settings.enable_checkpointing:
            return reply
        return reply if (reply.paid_by, reply.paid_in) == (payer(event), event.attempt) else None

    def reject(self, digest: str, reply: CachedReply, event: ItemEvent) -> None:
        """Restrict a reply to this attempt."""
        self.cache.reject(digest, reply, _attempt(event))

    def _look_up(
        self, request: LLMRequest, digest: str, event: ItemEvent
    ) -> tuple[CachedReply | None, Mapping[str, bytes]]:
        """Return the cached reply, and the images for a call; both are read concurrently, as most calls need both."""
        keys = {image.sha256: image.key for message in request.messages for image in message.images}
        with ThreadPoolExecutor(1 + len(keys)) as pool:
            loading = {sha256: pool.submit(self.objects.get, key) for sha256, key in keys.items()}
            cached = self.recall(digest, event)
            try:
                images = {sha256: image.result() for sha256, image in loading.items()}
            except ObjectNotFoundError:
                raise MissingInputError("the page's image is no longer there: start a new run") from None
        if any(hashlib.sha256(data).hexdigest() != sha256 for sha256, data in images.items()):
            raise MissingInputError("an image is not the one that its task was made for: start a new run")
        return cached, images

    def _call(
        self,
        request: LLMRequest,
        images: Mapping[str, bytes],
        event: ItemEvent,
        run: Run,
        state: CallState,
    ) -> CachedReply:
        reservation, state.reservation = state.reservation, None
        prefix = self.admission.admit(run, event, request, reservation)
        committed = self.budget.commit(run, event, request)
        try:
            reply = self.llm.complete(request, images)
        except ProviderBusy as busy:
            _reveal_to_doctor(busy, run)
            self.budget.settle(run, committed, None)
            slot = self.admission.record_refusal(run, request, busy)
            if slot is not None:
                busy.retry_after, state.reservation = slot.wait, round(slot.available_at * 1000)
            raise
        except CallError as error:
            self.budget.settle(run, committed, None)
            failure = self.refusals.classify(error, others_answered=run.usage.calls > 0)
            _reveal_to_doctor(failure, run)
            raise failure from None
        state.answered = True
        state.spent += CallUsage(lacks=reply.lacks)
        self.refusals.record_answer()
        usage = self.llm.price(reply)
        self.budget.settle(run, committed, usage)
        self.admission.record_answer(reply, prefix)
        return CachedReply(
            text=reply.text,
            finish_reason=reply.finish_reason,
            refusal=reply.refusal,
            model=reply.model,
            usage=usage,
            latency_ms=reply.latency_ms,
            paid_by=payer(event),
            paid_in=event.attempt,
        )


def payer(event: ItemEvent) -> str:
    """Return the run and task that pay for an item's replies."""
    return f"{event.run_id}/{event.item.task_id}"


def _reveal_to_doctor(error: CallError, run: Run) -> None:
    """Add the provider's own text to the error in the doctor's runs, whose prompts hold no student's work."""
    if run.assignment == DOCTOR and run.pipeline.startswith(KIND):
        error.tell_all()


def _attempt(event: ItemEvent) -> str:
    return f"{event.run_id}/{event.attempt}"
