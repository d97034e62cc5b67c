"""A call that several items share: state once together; what is missing or wrong is state alone.

Whoever is stopped in between begins anew and comes to the same: replies and parts come from the cache, an end
that is recorded stays, and what a call used stands in one row only. That is the row of the first task that got
its part or, if none did, of the first that is then state alone.
"""

import logging
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Any

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
"""What a part is known by beside its task's request: a run that shares no calls is given no parts of shared replies."""

_AT_ONCE = 16  # parts read from S3, or written to it


@dataclass(frozen=True, slots=True)
class ReplyPart:
    """What a reply says for one task: the text, the result that it makes, and what it took."""

    text: str
    result: Any
    spent: CallUsage = field(default_factory=CallUsage)


@dataclass(frozen=True, slots=True)
class SharedReply:
    """What came of one shared call: the parts that can be used, by their items' ids.

    ``useless`` is the reply, by its digest, if it has no such part.
    """

    parts: dict[str, ReplyPart] = field(default_factory=dict)
    useless: tuple[str, CachedReply] | None = None


@dataclass(frozen=True, slots=True)
class SharedCallExecutor:
    """Runs the items of one call, and records the end of each."""

    caller: ModelCaller
    recorder: Recorder

    def execute(self, members: Sequence[Member], state: CallState, remaining: Callable[[], float]) -> Executed:
        """Ask for all at once, then alone for those whose part is missing or wrong.

        Raises
        ------
        CallError
            As ``ModelCaller.ask`` does, but for a TaskError; what is recorded by then stays.
        """
        parts = self._known_parts(members)
        left = [member for member in members if _id(member) not in parts]
        shared = self._ask_together(left, state, remaining) if len(left) > 1 else SharedReply()
        parts |= shared.parts
        answered = [(member[0], parts[_id(member)]) for member in members if _id(member) in parts]
        ended = [self.recorder.succeeded(event, part.result, part.spent) for event, part in answered]
        useless = shared.useless
        for member in left:
            if _id(member) not in parts:
                ended.append(self._ask_alone(member, useless, state, remaining))
                useless, state.spent = None, CallUsage()
        return _together(ended)

    def _known_parts(self, members: Sequence[Member]) -> dict[str, ReplyPart]:
        """Return what earlier replies say, unless there is one to exactly these tasks together.

        That one goes before: what it lacks is not state for together again.
        """
        combined = _combine(members) if len(members) > 1 else None
        if combined is not None and self.caller.recall(self.caller.digest(combined[1]), members[0][0]) is not None:
            return {}
        with ThreadPoolExecutor(min(_AT_ONCE, len(members))) as readers:
            known = zip(members, readers.map(self._known_part, members), strict=True)
            return {_id(member): part for member, part in known if part is not None}

    def _known_part(self, member: Member) -> ReplyPart | None:
        event, task = member
        for digest in (self._part_digest(member), self.caller.digest(task.request())):
            reply = self.caller.recall(digest, event)
            part = None if reply is None else _judge_reply(task, reply)
            if reply is not None and part is not None:
                return replace(part, spent=reply.spent_by(payer(event), digest))
        return None

    def _ask_together(self, members: Sequence[Member], state: CallState, remaining: Callable[[], float]) -> SharedReply:
        """Make one call for all; what it took is left in ``state``, unless a part carries it."""
        combined = _combine(members)
        if combined is None:
            return SharedReply()
        event, (task, request) = members[0][0], combined
        digest = self.caller.digest(request)
        try:
            reply = self.caller.reply(request, digest, event, state, remaining)
        except TaskError as error:
            logger.info("%d tasks can't share a call: %s", len(members), type(error).__name__)
            return SharedReply()
        parts = _take_apart(task, members, reply)
        if len(parts) < len(members):
            logger.info("a shared reply has %d of %d parts", len(parts), len(members))
        if not parts:
            return SharedReply(useless=(digest, reply))
        carrier = next(iter(parts))
        parts[carrier], state.spent = replace(parts[carrier], spent=state.spent), CallUsage()
        answered = [member for member in members if _id(member) in parts]
        if reply.paid_by == payer(event):
            self._keep(answered, parts, reply)
        return SharedReply({_id(member): self._traced(member, parts[_id(member)], digest) for member in answered})

    def _keep(self, members: Sequence[Member], parts: dict[str, ReplyPart], reply: CachedReply) -> None:
        """Cache each part for its own task, before the first end is recorded.

        What is left of these tasks when a run is resumed is grouped anew, and what is state then finds nothing of
        this reply; neither does the next run, if one of the questions was changed.
        """

        def keep(member: Member) -> None:
            part = parts[_id(member)]
            what = {
                "text": part.text,
                "paid_by": payer(member[0]),
                "usage": part.spent.usage,
                "latency_ms": part.spent.latency_ms,
            }
            self.caller.cache.put(self._part_digest(member), reply.model_copy(update=what))

        with ThreadPoolExecutor(min(_AT_ONCE, len(parts))) as writers:
            list(writers.map(keep, members))

    def _traced(self, member: Member, part: ReplyPart, digest: str) -> ReplyPart:
        """Return a part that tells of the shared reply that it is from, and of its own entry in the cache."""
        replies = (digest, self._part_digest(member))
        return replace(part, spent=part.spent.model_copy(update={"replies": replies}))

    def _ask_alone(
        self,
        member: Member,
        useless: tuple[str, CachedReply] | None,
        state: CallState,
        remaining: Callable[[], float],
    ) -> Executed:
        """Ask for one task as if nothing were shared.

        A shared reply is rejected only if it is useless and the task whose row has its cost fails. If all of its
        tasks failed, a resume asks for them together again: afresh, and without counting that cost twice. In all
        other cases a resume asks something else, and keeping the reply makes an identical run free.
        """
        event, task = member
        state.last_reply = None
        try:
            result = self.caller.ask(task, event, state, remaining)
        except TaskError as error:
            logger.warning("task failed: %s", type(error).__name__)
            if useless is not None:
                self.caller.reject(*useless, event)
            return self.recorder.failed(event, error, state.spent, state.last_reply)
        return self.recorder.succeeded(event, result, state.spent)

    def _part_digest(self, member: Member) -> str:
        return self.caller.digest(member[1].request(), _PART)


def _id(member: Member) -> str:
    return member[0].item.task_id


def _combine(members: Sequence[Member]) -> tuple[LLMTask[Any], LLMRequest] | None:
    """Return the task that asks for all of them and its request; ``None`` if the kind's own code can't make it."""
    first, *others = (task for _, task in members)
    try:
        combined = first.combine_with(others)
        return combined, combined.request()
    except Exception as error:  # noqa: BLE001 - the code of whoever wrote the kind: each is state alone
        logger.warning("the kind's own code can't combine its tasks: %s", type(error).__name__)
        return None


def _take_apart(combined: LLMTask[Any], members: Sequence[Member], reply: CachedReply) -> dict[str, ReplyPart]:
    """Return the parts of a reply that their own tasks take, by their items' ids."""
    tasks = [task for _, task in members]

    def split(text: str) -> list[tuple[Member, str | None]]:
        return list(zip(members, tasks[0].split_batch_result(combined.parse(text), tasks), strict=True))

    try:
        said = validate(split, require_complete(reply.text, reply.finish_reason, refusal=reply.refusal))
    except TaskError as error:
        logger.info("a shared reply can't be used: %s", type(error).__name__)
        return {}
    judged_parts = {_id(member): _judge(member[1], text) for member, text in said if text is not None}
    return {item_id: part for item_id, part in judged_parts.items() if part is not None}


def _judge_reply(task: BatchableLLMTask[Any], reply: CachedReply) -> ReplyPart | None:
    try:
        return _judge(task, require_complete(reply.text, reply.finish_reason, refusal=reply.refusal))
    except TaskError:
        return None


def _judge(task: BatchableLLMTask[Any], text: str) -> ReplyPart | None:
    """Return what a reply makes of a task; ``None`` if the task's own rules refuse it."""
    try:
        return ReplyPart(text, validate(task.parse, text))
    except TaskError:
        return None


def _together(ended: Sequence[Executed]) -> Executed:
    """Return what became of the items that shared a call: FAILED if one of them did."""
    ends = Counter(each.answer.outcome for each in ended)
    outcome = Outcome.FAILED if ends[Outcome.FAILED] else Outcome.SUCCEEDED
    spent = sum((each.spent for each in ended), CallUsage())
    return Executed(answer=ItemResponse(outcome=outcome), spent=spent, ends=dict(ends))
