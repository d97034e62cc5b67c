"""Asking the model until its reply can be used, each paid reply cached before it is judged."""

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
from aita.services.calls.conversation import converse, usable
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
    """What became of a task's questions to the model, also while they go on.

    ``held`` is when the slot is due that the item reserved before it was sent to wait, in ms since the
    epoch; ``answered`` whether the provider answered a call in this invocation.
    """

    held: int | None = None
    answered: bool = False
    spent: CallUsage = field(default_factory=CallUsage)
    last_reply: str | None = None


@dataclass(frozen=True, slots=True)
class ModelCaller:
    """Asks the model for a task's result. ``longest_call`` is what one call may take, in seconds."""

    llm: LLM
    admission: Admission
    budget: Budget
    cache: ReplyCache
    objects: ObjectStore
    watch: RunCache
    longest_call: float
    refusals: Refusals = field(default_factory=Refusals)

    def ask(self, task: LLMTask[Any], event: ItemEvent, asked: CallState, remaining: Callable[[], float]) -> Any:
        """Return the task's result; what was spent on the way is left in ``asked``.

        Raises
        ------
        TaskError
            If the model was asked as often as the task's policy allows, or refuses.
        ProviderBusy, SlotLater
            If the provider, the limiter or this invocation has no time for the call now.
        Superseded, BudgetReached
            If the run must make no more calls.
        RunStopped
            If no call of the run can succeed.
        """
        chain: dict[str, CachedReply] = {}
        conversation = converse(task)
        try:
            request = next(conversation)
            while True:
                digest = self.digest(request)
                reply = chain[digest] = self.reply(request, digest, event, asked, remaining)
                request = conversation.send(usable(reply.text, reply.finish_reason, refusal=reply.refusal))
        except StopIteration as done:
            return done.value
        except TaskError:
            for digest, reply in chain.items():
                self.reject(digest, reply, event)
            raise

    def digest(self, request: LLMRequest, *context: str) -> str:
        """Return what a request to this model is known by."""
        return request.digest(*identity(self.llm), *context)

    def reply(
        self, request: LLMRequest, digest: str, event: ItemEvent, asked: CallState, remaining: Callable[[], float]
    ) -> CachedReply:
        """Return what the model replies to one request, unjudged; it is paid for once.

        Raises
        ------
        CallError
            As ``ask`` does, but for what it says of judging.
        """
        run = self.watch.get(event.run_id)
        reply, images = self._look_up(request, digest, event)
        if reply is None:
            if remaining() < self.longest_call + LONGEST_SLEEP:
                raise ProviderBusy("this invocation has no time left for another call", retry_after=0)
            reply = self._call(request, images, event, run, asked)
            self.cache.put(digest, reply)
        asked.last_reply = reply.text
        asked.spent += reply.spent_by(payer(event), digest)
        return reply

    def recall(self, digest: str, event: ItemEvent) -> CachedReply | None:
        """Return the reply that is kept of a request, if this item may use it.

        Without checkpointing that is what the item itself paid in this attempt: it goes on where it was sent
        to wait or died, and nothing else.
        """
        reply = self.cache.get(digest, _attempt(event))
        if reply is None or self.watch.get(event.run_id).settings.enable_checkpointing:
            return reply
        return reply if (reply.paid_by, reply.paid_in) == (payer(event), event.attempt) else None

    def reject(self, digest: str, reply: CachedReply, event: ItemEvent) -> None:
        """Let a reply answer this attempt only."""
        self.cache.reject(digest, reply, _attempt(event))

    def _look_up(
        self, request: LLMRequest, digest: str, event: ItemEvent
    ) -> tuple[CachedReply | None, Mapping[str, bytes]]:
        """Return the cached reply, or the images for a call; both are read at once, as most calls need both."""
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
        asked: CallState,
    ) -> CachedReply:
        held, asked.held = asked.held, None
        prefix = self.admission.admit(run, event, request, held)
        committed = self.budget.commit(run, event, request)
        try:
            reply = self.llm.complete(request, images)
        except ProviderBusy as busy:
            _tell_doctor(busy, run)
            self.budget.settle(run, committed, None)
            slot = self.admission.refused(run, request, busy)
            if slot is not None:
                busy.retry_after, asked.held = slot.wait, round(slot.due * 1000)
            raise
        except CallError as error:
            self.budget.settle(run, committed, None)
            failure = self.refusals.judged(error, others_answered=run.usage.calls > 0)
            _tell_doctor(failure, run)
            raise failure from None
        asked.answered = True
        asked.spent += CallUsage(lacks=reply.lacks)
        self.refusals.saw_answer()
        usage = self.llm.price(reply)
        self.budget.settle(run, committed, usage)
        self.admission.answered(reply, prefix)
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
    """Return what a reply says of who paid for it."""
    return f"{event.run_id}/{event.item.task_id}"


def _tell_doctor(error: CallError, run: Run) -> None:
    """Let the doctor, whose prompts hold nobody's work, see what the provider said."""
    if run.assignment == DOCTOR and run.pipeline.startswith(KIND):
        error.tell_all()


def _attempt(event: ItemEvent) -> str:
    return f"{event.run_id}/{event.attempt}"
