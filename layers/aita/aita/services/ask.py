"""Asking the model until its reply can be used, each paid reply cached before it is judged."""

import math
from collections import Counter
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from aita.errors import (
    BrokenRule,
    InvalidReply,
    MissingInput,
    ObjectNotFound,
    ProviderBusy,
    Refused,
    Superseded,
    TaskError,
    TooLong,
    UnparsableReply,
)
from aita.models.run import ItemEvent, Run, Usage
from aita.services.protocols import LLM, ObjectStore, RateLimiter
from aita.services.record import Spent
from aita.services.reply_cache import CachedReply, ReplyCache
from aita.services.run_watch import RunWatch
from aita.tasks.llm_task import LLMRequest, LLMTask

LONGEST_SLEEP = 2.0
"""Seconds that a function sleeps for the limiter; a longer wait is the state machine's, where it is not paid."""


@dataclass(slots=True)
class Asked:
    """What became of a task's questions to the model, also while they go on."""

    spent: Spent = field(default_factory=Spent)
    last_reply: str | None = None


@dataclass(frozen=True, slots=True)
class Asker:
    """Asks the model for a task's result. ``longest_call`` is what one call may take, in seconds."""

    llm: LLM
    limiter: RateLimiter
    cache: ReplyCache
    objects: ObjectStore
    watch: RunWatch
    sleep: Callable[[float], None]
    longest_call: float

    def ask(self, task: LLMTask[Any], event: ItemEvent, asked: Asked, remaining: Callable[[], float]) -> Any:
        """Return the task's result; what was spent on the way is left in ``asked``.

        Raises
        ------
        TaskError
            If the model was asked as often as the task's policy allows, or refuses.
        ProviderBusy
            If the provider, the limiter or this invocation has no time for the call now.
        Superseded
            If the run must make no more calls.
        RunStopped
            If no call of the run can succeed.
        """
        request = task.request()
        chain: dict[str, CachedReply] = {}
        problems: Counter[type[InvalidReply]] = Counter()
        limits = {UnparsableReply: task.retry_policy.unparsable, BrokenRule: task.retry_policy.broken_rule}
        try:
            while True:
                digest = request.digest(self.llm.provider, self.llm.model)
                reply = chain[digest] = self._reply(request, digest, event, asked, remaining)
                try:
                    return task.parse(_usable(reply))
                except InvalidReply as error:
                    kind, problem = type(error), str(error)
                problems[kind] += 1
                if problems[kind] > limits[kind]:
                    if (salvaged := task.salvage(reply.text)) is not None:
                        return salvaged
                    raise kind(f"asked {asked.spent.asks} times; of the last reply: {problem}")
                request = request.answered(reply.text, problem)
        except TaskError:
            for digest, reply in chain.items():
                self.cache.reject(digest, reply, _attempt(event))
            raise

    def _reply(
        self, request: LLMRequest, digest: str, event: ItemEvent, asked: Asked, remaining: Callable[[], float]
    ) -> CachedReply:
        run = self.watch.get(event.run_id)
        payer = f"{event.run_id}/{event.item.task_id}"
        reply, images = self._look_up(request, digest, event, run)
        if reply is None:
            if remaining() < self.longest_call:
                raise ProviderBusy("this invocation has no time left for another call", retry_after=0)
            self._admit(run, event)
            reply = self._call(request, images, run, payer)
            self.cache.put(digest, reply)
        asked.last_reply = reply.text
        mine = reply.paid_by == payer
        asked.spent = Spent(
            asks=asked.spent.asks + 1,
            usage=asked.spent.usage + (reply.usage if mine else Usage(cached_calls=1)),
            latency_ms=asked.spent.latency_ms + (reply.latency_ms if mine else 0),
        )
        return reply

    def _look_up(
        self, request: LLMRequest, digest: str, event: ItemEvent, run: Run
    ) -> tuple[CachedReply | None, Mapping[str, bytes]]:
        """Return the cached reply, or the images for a call; both are read at once, as most calls need both."""
        keys = {image.sha256: image.key for message in request.messages for image in message.images}
        with ThreadPoolExecutor(1 + len(keys)) as pool:
            loading = {sha256: pool.submit(self.objects.get, key) for sha256, key in keys.items()}
            cached = self.cache.get(digest, _attempt(event)) if run.settings.enable_checkpointing else None
            try:
                return cached, {sha256: image.result() for sha256, image in loading.items()}
            except ObjectNotFound:
                raise MissingInput("the page's image is no longer there: start a new run") from None

    def _admit(self, run: Run, event: ItemEvent) -> None:
        if run.settings.rate_limit_rps > 0:
            wait = self.limiter.acquire(run.settings.rate_limit_rps)
            self.sleep(wait)
        if not self.watch.may_go_on(event.run_id, event.attempt):
            raise Superseded(f"run {event.run_id} makes no more calls in attempt {event.attempt}")

    def _call(self, request: LLMRequest, images: Mapping[str, bytes], run: Run, payer: str) -> CachedReply:
        try:
            reply = self.llm.complete(request, images)
        except ProviderBusy as busy:
            if busy.retry_after and run.settings.rate_limit_rps > 0:
                self.limiter.close(math.ceil(busy.retry_after))
            raise
        return CachedReply(
            text=reply.text,
            finish_reason=reply.finish_reason,
            refusal=reply.refusal,
            model=reply.model,
            usage=self.llm.price(reply),
            latency_ms=reply.latency_ms,
            paid_by=payer,
        )


def _usable(reply: CachedReply) -> str:
    if reply.refusal or reply.finish_reason == "content_filter":
        raise Refused("the model refuses this input: a person must look at it")
    if reply.finish_reason == "length":
        raise TooLong("the reply is longer than the model may give: a person must look at it")
    return reply.text


def _attempt(event: ItemEvent) -> str:
    return f"{event.run_id}/{event.attempt}"
