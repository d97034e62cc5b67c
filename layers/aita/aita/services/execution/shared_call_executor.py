"""Execution of items that share a call; a task whose part is missing or invalid is asked in a call of its own.

An interrupted execution can be repeated with the same outcome: replies and parts come from the cache, recorded
tasks stay, and the usage of a call is in one row only. That is the row of the first task that got its part or, if
none did, of the first task that is then asked alone.
"""

import logging
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from aita.concurrency import map_concurrently
from aita.errors import TaskError
from aita.models.run import ItemEvent, ItemResponse, Outcome
from aita.services.calls.conversation import require_complete
from aita.services.calls.model_caller import CallState, ModelCaller, payer
from aita.services.calls.reply_cache import CachedReply
from aita.services.runs.task_recorder import CallUsage, Executed, Recorder
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

    caller: ModelCaller
    recorder: Recorder

    def execute(self, members: Sequence[Member], state: CallState, remaining: Callable[[], float]) -> Executed:
        """Ask for all tasks in one call, then separately for each whose part is missing or invalid.

        Raises
        ------
        CallError
            As ``ModelCaller.ask`` does, except TaskError. Tasks that were recorded before stay recorded.
        """
        parts = self._known_parts(members)
        left = [member for member in members if _id(member) not in parts]
        shared = self._ask_together(left, state, remaining) if len(left) > 1 else SharedReply()
        parts |= shared.parts
        answered = [(member[0], parts[_id(member)]) for member in members if _id(member) in parts]
        ended = [self.recorder.succeeded(event, part.result, part.spent) for event, part in answered]
        rejectable = shared.rejectable
        for member in left:
            if _id(member) not in parts:
                ended.append(self._ask_alone(member, rejectable, state, remaining))
                rejectable, state.spent = None, CallUsage()
        return _combine_ends(ended)

    def _known_parts(self, members: Sequence[Member]) -> dict[str, ReplyPart]:
        """Return the parts in cached replies; none if there is a cached reply to exactly this combination of tasks.

        That reply is used instead, so that tasks which it lacks are not asked together again.
        """
        combined = _combine_tasks(members) if len(members) > 1 else None
        if combined is not None and self.caller.recall(self.caller.digest(combined[1]), members[0][0]) is not None:
            return {}
        known = zip(members, map_concurrently(self._known_part, members, _CONCURRENT_IO), strict=True)
        return {_id(member): part for member, part in known if part is not None}

    def _known_part(self, member: Member) -> ReplyPart | None:
        event, task = member
        for digest in (self._part_digest(member), self.caller.digest(task.request())):
            reply = self.caller.recall(digest, event)
            part = None if reply is None else _parse_reply(task, reply)
            if reply is not None and part is not None:
                return replace(part, spent=reply.spent_by(payer(event), digest))
        return None

    def _ask_together(self, members: Sequence[Member], state: CallState, remaining: Callable[[], float]) -> SharedReply:
        """Make one call for all tasks. Its usage goes to the first part or, without valid parts, stays in ``state``."""
        combined = _combine_tasks(members)
        if combined is None:
            return SharedReply()
        event, (task, request) = members[0][0], combined
        digest = self.caller.digest(request)
        try:
            reply = self.caller.reply(request, digest, event, state, remaining)
        except TaskError as error:
            logger.info("%d tasks can't share a call: %s", len(members), type(error).__name__)
            return SharedReply()
        parts = _split_reply(task, members, reply)
        if len(parts) < len(members):
            logger.info("a shared reply has %d of %d parts", len(parts), len(members))
        if not parts:
            return SharedReply(rejectable=(digest, reply))
        carrier = next(iter(parts))
        parts[carrier], state.spent = replace(parts[carrier], spent=state.spent), CallUsage()
        answered = [member for member in members if _id(member) in parts]
        if reply.paid_by == payer(event):
            self._cache_parts(answered, parts, reply)
        return SharedReply({_id(member): self._with_digests(member, parts[_id(member)], digest) for member in answered})

    def _cache_parts(self, members: Sequence[Member], parts: dict[str, ReplyPart], reply: CachedReply) -> None:
        """Cache each part under its own task, before the first task is recorded.

        A resume groups the remaining tasks differently, and so does a run after a question was changed. Neither would
        find the shared reply.
        """

        def cache_part(member: Member) -> None:
            part = parts[_id(member)]
            changes = {
                "text": part.text,
                "paid_by": payer(member[0]),
                "usage": part.spent.usage,
                "latency_ms": part.spent.latency_ms,
            }
            self.caller.cache.put(self._part_digest(member), reply.model_copy(update=changes))

        map_concurrently(cache_part, members, _CONCURRENT_IO)

    def _with_digests(self, member: Member, part: ReplyPart, digest: str) -> ReplyPart:
        """Return a part with the digests of the shared reply and of the part's own cache entry."""
        replies = (digest, self._part_digest(member))
        return replace(part, spent=part.spent.model_copy(update={"replies": replies}))

    def _ask_alone(
        self,
        member: Member,
        rejectable: tuple[str, CachedReply] | None,
        state: CallState,
        remaining: Callable[[], float],
    ) -> Executed:
        """Ask for one task in a call of its own.

        A shared reply is rejected only if it has no valid part and the task whose row has its cost fails. If all of
        its tasks failed, a resume asks for them together again, and must get a new reply without counting the old
        one's cost twice. In all other cases a resume makes other requests, and keeping the reply makes an identical run
        free.
        """
        event, task = member
        state.last_reply = None
        try:
            result = self.caller.ask(task, event, state, remaining)
        except TaskError as error:
            logger.warning("task failed: %s", type(error).__name__)
            if rejectable is not None:
                self.caller.reject(*rejectable, event)
            return self.recorder.failed(event, error, state.spent, state.last_reply)
        return self.recorder.succeeded(event, result, state.spent)

    def _part_digest(self, member: Member) -> str:
        return self.caller.digest(member[1].request(), _PART)


def _id(member: Member) -> str:
    return member[0].item.task_id


def _combine_tasks(members: Sequence[Member]) -> tuple[LLMTask[Any], LLMRequest] | None:
    """Return the task that asks for all of them, and its request; ``None`` if the kind's own code fails."""
    first, *others = (task for _, task in members)
    try:
        combined = first.combine_with(others)
        return combined, combined.request()
    except Exception as error:  # noqa: BLE001 - a kind's own code: each task is then asked alone
        logger.warning("the kind's own code can't combine its tasks: %s", type(error).__name__)
        return None


def _split_reply(combined: LLMTask[Any], members: Sequence[Member], reply: CachedReply) -> dict[str, ReplyPart]:
    """Return the valid parts of a reply, by item id."""
    tasks = [task for _, task in members]

    def split(text: str) -> list[tuple[Member, str | None]]:
        return list(zip(members, tasks[0].split_batch_result(combined.parse(text), tasks), strict=True))

    try:
        texts = validate(split, require_complete(reply.text, reply.finish_reason, refusal=reply.refusal))
    except TaskError as error:
        logger.info("a shared reply can't be used: %s", type(error).__name__)
        return {}
    parts = {_id(member): _parse_part(member[1], text) for member, text in texts if text is not None}
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


def _combine_ends(ended: Sequence[Executed]) -> Executed:
    """Return the combined end of the items that shared a call: FAILED if one of them failed."""
    ends = Counter(each.answer.outcome for each in ended)
    outcome = Outcome.FAILED if ends[Outcome.FAILED] else Outcome.SUCCEEDED
    spent = sum((each.spent for each in ended), CallUsage())
    return Executed(answer=ItemResponse(outcome=outcome), spent=spent, ends=dict(ends))
