"""Execution of items that share a call; a task whose part is missing or invalid is asked in a call of its own.

An interrupted execution can be repeated with the same outcome: replies and parts come from the cache, recorded
tasks stay, and the usage of a call is in one row only. That is the row of the first task that got its part or, if
none did, of the first task that is then asked alone.
"""

import logging
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from aita.concurrency import map_concurrently
from aita.errors import TaskError
from aita.models.call_usage import CallUsage
from aita.models.run import ItemEvent, ItemResponse, Outcome
from aita.services.calls.call_loop import CallLoop, TaskCalls
from aita.services.calls.conversation import require_complete
from aita.services.calls.item_calls import ItemCalls, ItemPacer
from aita.services.calls.reply_cache import CachedReply
from aita.services.calls.shared_reply import combine, parts_of
from aita.services.runs.task_recorder import Executed, Recorder
from aita.tasks.batchable import BatchableLLMTask
from aita.tasks.llm_task import LLMTask, validate
from aita.tasks.request import LLMRequest

logger = logging.getLogger(__name__)

Member = tuple[ItemEvent, BatchableLLMTask[Any]]

_PART = "part"
"""Addition to a request's digest for parts of shared replies, so that runs which share no calls do not find them."""

_CONCURRENT_IO = 16  # parts read from S3, or written to it


@dataclass(frozen=True, slots=True)
class ReplyPart:
    """Part of a reply for one task: its text, the task's result, and the usage that its row records."""

    text: str
    result: Any
    spent: CallUsage = field(default_factory=CallUsage)


@dataclass(frozen=True, slots=True)
class SharedReply:
    """Valid parts of a shared call's reply, by item id.

    ``rejectable`` is the digest and the reply if it has no valid part.
    """

    parts: dict[str, ReplyPart] = field(default_factory=dict)
    rejectable: tuple[str, CachedReply] | None = None


@dataclass(frozen=True, slots=True)
class SharedCallExecutor:
    """Executes the items of one call, and records each task."""

    calls: ItemCalls
    recorder: Recorder

    def execute(self, members: Sequence[Member], calls: TaskCalls, pacer: ItemPacer) -> Executed:
        """Ask for all tasks in one call, then separately for each whose part is missing or invalid.

        Raises
        ------
        CallError
            As ``CallLoop.ask`` does, except TaskError. Tasks that were recorded before stay recorded.
        """
        waited = pacer.event.waited
        parts = {} if waited.apart else self._known_parts(members, pacer)
        left = [member for member in members if _id(member) not in {*parts, *waited.given_up}]
        together = len(left) > 1 and not waited.apart
        shared = self._ask_together(left, calls, pacer) if together else SharedReply()
        parts |= shared.parts
        answered = [(member[0], parts[_id(member)]) for member in members if _id(member) in parts]
        ended = [self.recorder.succeeded(event, part.result, part.spent) for event, part in answered]
        rejectable = shared.rejectable
        for member in left:
            if _id(member) not in parts:
                ended.append(self._ask_alone(member, rejectable, calls, pacer))
                rejectable, calls.spent = None, CallUsage()
        return _combine_ends(ended, given_up=len(waited.given_up))

    def _known_parts(self, members: Sequence[Member], pacer: ItemPacer) -> dict[str, ReplyPart]:
        """Return the parts in cached replies; none if there is a cached reply to exactly this combination of tasks.

        That reply is used instead, so that tasks which it lacks are not asked together again.
        """
        combined = combine([task for _, task in members]) if len(members) > 1 else None
        loop = self.calls.loop(members[0][0], pacer)
        if combined is not None and loop.replies.get(loop.digest(combined[1])) is not None:
            return {}
        known = zip(
            members,
            map_concurrently(lambda member: self._known_part(member, pacer), members, _CONCURRENT_IO),
            strict=True,
        )
        return {_id(member): part for member, part in known if part is not None}

    def _known_part(self, member: Member, pacer: ItemPacer) -> ReplyPart | None:
        event, task = member
        loop = self.calls.loop(event, pacer)
        for digest in (_part_digest(loop, member), loop.digest(task.request())):
            reply = loop.replies.get(digest)
            part = None if reply is None else _parse_reply(task, reply)
            if reply is not None and part is not None:
                return replace(part, spent=loop.spent(reply, digest))
        return None

    def _ask_together(self, members: Sequence[Member], calls: TaskCalls, pacer: ItemPacer) -> SharedReply:
        """Make one call for all tasks. Its usage goes to the first part or, without valid parts, stays in ``calls``."""
        combined = combine([task for _, task in members])
        if combined is None:
            return SharedReply()
        event, (task, request) = members[0][0], combined
        loop = self.calls.loop(event, pacer)
        try:
            reply, parts = _split_valid(loop, task, request, members, calls)
        except TaskError as error:
            logger.info("%d tasks can't share a call: %s", len(members), type(error).__name__)
            return SharedReply()
        digest = loop.digest(request)
        if len(parts) < len(members):
            logger.info("a shared reply has %d of %d parts", len(parts), len(members))
        if not parts:
            return SharedReply(rejectable=(digest, reply))
        carrier = next(iter(parts))
        parts[carrier], calls.spent = replace(parts[carrier], spent=calls.spent), CallUsage()
        answered = [member for member in members if _id(member) in parts]
        if reply.paid_by == loop.replies.payer:
            self._cache_parts(answered, parts, reply, pacer)
        return SharedReply(
            {_id(member): _with_digests(loop, member, parts[_id(member)], digest) for member in answered}
        )

    def _cache_parts(
        self, members: Sequence[Member], parts: dict[str, ReplyPart], reply: CachedReply, pacer: ItemPacer
    ) -> None:
        """Cache each part under its own task, before the first task is recorded.

        A resume groups the remaining tasks differently, and so does a run after a question was changed. Neither would
        find the shared reply.
        """

        def cache_part(member: Member) -> None:
            part, loop = parts[_id(member)], self.calls.loop(member[0], pacer)
            changes = {
                "text": part.text,
                "paid_by": loop.replies.payer,
                "usage": part.spent.usage,
                "latency_ms": part.spent.latency_ms,
            }
            self.calls.cache.put(_part_digest(loop, member), reply.model_copy(update=changes))

        map_concurrently(cache_part, members, _CONCURRENT_IO)

    def _ask_alone(
        self,
        member: Member,
        rejectable: tuple[str, CachedReply] | None,
        calls: TaskCalls,
        pacer: ItemPacer,
    ) -> Executed:
        """Ask for one task in a call of its own.

        A shared reply is rejected only if it has no valid part and the task whose row has its cost fails. If all of
        its tasks failed, a resume asks for them together again, and must get a new reply without counting the old
        one's cost twice. In all other cases a resume makes other requests, and keeping the reply makes an identical run
        free.
        """
        event, task = member
        loop = self.calls.loop(event, pacer)
        calls.last_reply, pacer.asked_alone = None, event
        try:
            result = loop.ask(task, calls)
        except TaskError as error:
            logger.warning("task failed: %s", type(error).__name__)
            if rejectable is not None:
                loop.replies.reject(*rejectable)
            return self.recorder.failed(event, error, calls.spent, calls.last_reply)
        return self.recorder.succeeded(event, result, calls.spent)


def _id(member: Member) -> str:
    return member[0].item.task_id


def _part_digest(loop: CallLoop, member: Member) -> str:
    return loop.digest(member[1].request(), _PART)


def _with_digests(loop: CallLoop, member: Member, part: ReplyPart, digest: str) -> ReplyPart:
    """Return a part with the digests of the shared reply and of the part's own cache entry."""
    replies = (digest, _part_digest(loop, member))
    return replace(part, spent=part.spent.model_copy(update={"replies": replies}))


def _split_valid(
    loop: CallLoop, combined: LLMTask[Any], request: LLMRequest, members: Sequence[Member], calls: TaskCalls
) -> tuple[CachedReply, dict[str, ReplyPart]]:
    """Return the reply to a shared call and its valid parts. One that was rejected before is read once more first."""
    before = calls.spent
    reply = loop.reply(request, calls, anew=False)
    parts = _split_reply(combined, members, reply)
    if not parts and loop.replies.is_rejected(reply):
        calls.spent = before
        reply = loop.reply(request, calls)
        parts = _split_reply(combined, members, reply)
    return reply, parts


def _split_reply(combined: LLMTask[Any], members: Sequence[Member], reply: CachedReply) -> dict[str, ReplyPart]:
    """Return the valid parts of a reply, by item id."""
    texts = parts_of(combined, [task for _, task in members], reply)
    parts = {
        _id(member): _parse_part(member[1], text)
        for member, text in zip(members, texts, strict=True)
        if text is not None
    }
    return {item_id: part for item_id, part in parts.items() if part is not None}


def _parse_reply(task: BatchableLLMTask[Any], reply: CachedReply) -> ReplyPart | None:
    try:
        return _parse_part(task, require_complete(reply.text, reply.finish_reason, refusal=reply.refusal))
    except TaskError:
        return None


def _parse_part(task: BatchableLLMTask[Any], text: str) -> ReplyPart | None:
    """Return the text as a part with the task's result; ``None`` if the task rejects it."""
    try:
        return ReplyPart(text, validate(task.parse, text))
    except TaskError:
        return None


def _combine_ends(ended: Sequence[Executed], given_up: int) -> Executed:
    """Return the combined end of the items that shared a call: FAILED if one of them failed, or was given up before."""
    ends = Counter(each.answer.outcome for each in ended) + Counter({Outcome.FAILED: given_up})
    outcome = Outcome.FAILED if ends[Outcome.FAILED] else Outcome.SUCCEEDED
    spent = sum((each.spent for each in ended), CallUsage())
    return Executed(answer=ItemResponse(outcome=outcome), spent=spent, ends=dict(ends))
