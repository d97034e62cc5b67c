"""A call that several items share: asked once together; what is missing or wrong is asked alone.

Whoever is stopped in between begins anew and comes to the same: replies and parts come from the cache, an end
that is recorded stays, and what a call used stands in one row only. That is the row of the first task that got
its part, or, if none did, of the first that is then asked alone.
"""

import logging
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from aita.errors import TaskError
from aita.models.run import ItemAnswer, ItemEvent, Outcome
from aita.services.ask import Asked, Asker, payer
from aita.services.conversation import usable
from aita.services.part_cache import CachedPart, PartCache
from aita.services.record import Executed, Recorder, Spent
from aita.services.reply_cache import CachedReply
from aita.tasks.batchable import BatchableLLMTask
from aita.tasks.llm_task import LLMTask, judged
from aita.tasks.request import LLMRequest

logger = logging.getLogger(__name__)

Member = tuple[ItemEvent, BatchableLLMTask[Any]]

_PART = "part"
"""What a part's digest has beside its task's request: a run without batching gets no parts of shared replies."""


@dataclass(frozen=True, slots=True)
class Part:
    """What a shared reply says for one task: its text, the result that makes, and what it took."""

    text: str
    result: Any
    spent: Spent = field(default_factory=Spent)


@dataclass(frozen=True, slots=True)
class Shared:
    """What came of one shared call: the parts that can be used, by their items' ids.

    ``useless`` is the reply, by its digest, if it has no such part.
    """

    parts: dict[str, Part]
    useless: tuple[str, CachedReply] | None = None


@dataclass(frozen=True, slots=True)
class BatchExecutor:
    """Runs the items of one call, and records the end of each."""

    asker: Asker
    recorder: Recorder

    def execute(self, members: Sequence[Member], asked: Asked, remaining: Callable[[], float]) -> Executed:
        """Ask for all at once, then alone for those whose part is missing or wrong.

        Raises
        ------
        CallError
            As ``Asker.ask`` does, but for a TaskError; what is recorded by then stays.
        """
        parts = self._kept_parts(members)
        left = [member for member in members if _id(member) not in parts]
        shared = self._ask_together(left, asked, remaining) if len(left) > 1 else Shared({})
        parts |= shared.parts
        ended = [
            self.recorder.succeeded(member[0], parts[_id(member)].result, parts[_id(member)].spent)
            for member in members
            if _id(member) in parts
        ]
        useless = shared.useless
        for member in members:
            if _id(member) not in parts:
                ended.append(self._ask_alone(member, useless, asked, remaining))
                useless, asked.spent = None, Spent()
        return _together(ended)

    def _kept_parts(self, members: Sequence[Member]) -> dict[str, Part]:
        """Return the parts of earlier shared replies, unless the reply to exactly these is there itself.

        That one goes before: which parts it lacks is known from it, and they are not asked for together again.
        """
        event = members[0][0]
        combined = _combined([task for _, task in members])
        if combined is None or not self.asker.watch.get(event.run_id).settings.enable_checkpointing:
            return {}
        if self.asker.recall(self.asker.digest(combined[1]), event) is not None:
            return {}
        digests = [self._digest(member) for member in members]
        kept = PartCache(self.asker.objects).get(digests)
        parts: dict[str, Part] = {}
        for member, digest in zip(members, digests, strict=True):
            cached = kept.get(digest)
            part = None if cached is None else _judge(member[1], cached.text)
            if cached is not None and part is not None:
                parts[_id(member)] = replace(part, spent=cached.spent_by(payer(member[0])))
        return parts

    def _ask_together(self, members: Sequence[Member], asked: Asked, remaining: Callable[[], float]) -> Shared:
        """Make one call for all; leave in ``asked`` what it took, unless a part carries that."""
        event = members[0][0]
        tasks = [task for _, task in members]
        combined = _combined(tasks)
        if combined is None:
            return Shared({})
        task, request = combined
        digest = self.asker.digest(request)
        try:
            reply = self.asker.reply(request, digest, event, asked, remaining)
        except TaskError as error:
            logger.info("the provider takes no call about %d tasks: %s", len(tasks), type(error).__name__)
            return Shared({})
        texts = _take_apart(task, tasks, reply)
        said = [(member, text) for member, text in zip(members, texts, strict=True) if text is not None]
        parts = {_id(member): part for member, text in said if (part := _judge(member[1], text)) is not None}
        if len(parts) < len(members):
            logger.info("%d of %d tasks that shared a call are asked alone", len(members) - len(parts), len(members))
        if not parts:
            return Shared({}, (digest, reply))
        carrier = next(iter(parts))
        parts[carrier] = replace(parts[carrier], spent=asked.spent)
        asked.spent = Spent()
        if reply.paid_by == payer(event):
            self._keep(members, parts)
        return Shared(parts)

    def _keep(self, members: Sequence[Member], parts: dict[str, Part]) -> None:
        """Cache the parts before the first end is recorded.

        What is left of these tasks when a run is resumed is grouped anew and asked for by another request, which
        finds nothing of this reply; so does the next run if one of the questions was changed.
        """
        used = [(member, parts[_id(member)]) for member in members if _id(member) in parts]
        PartCache(self.asker.objects).put(
            {
                self._digest(member): CachedPart(text=part.text, paid_by=payer(member[0]), spent=part.spent)
                for member, part in used
            }
        )

    def _ask_alone(
        self,
        member: Member,
        useless: tuple[str, CachedReply] | None,
        asked: Asked,
        remaining: Callable[[], float],
    ) -> Executed:
        event, task = member
        asked.last_reply = None
        try:
            result = self.asker.ask(task, event, asked, remaining)
        except TaskError as error:
            logger.warning("task failed: %s", type(error).__name__)
            if useless is not None:
                # A resume may ask for the same tasks together again. This row has what the reply cost, so that
                # reading it then would count it twice. A shared reply is kept in all other cases: one that had
                # parts, as its row is a success and final; one that had none while its tasks succeed alone, so
                # that an identical run is free.
                self.asker.reject(*useless, event)
            return self.recorder.failed(event, error, asked.spent, asked.last_reply)
        return self.recorder.succeeded(event, result, asked.spent)

    def _digest(self, member: Member) -> str:
        return self.asker.digest(member[1].request(), _PART)


def _id(member: Member) -> str:
    return member[0].item.task_id


def _combined(tasks: Sequence[BatchableLLMTask[Any]]) -> tuple[LLMTask[Any], LLMRequest] | None:
    """Return the task that asks for all of them and its request; ``None`` if their own code can't make it."""
    try:
        combined = tasks[0].combine_with(tasks[1:])
        return combined, combined.request()
    except Exception as error:  # noqa: BLE001 - the code of whoever wrote the kind: each is asked alone
        logger.warning("the kind's own code can't combine its tasks: %s", type(error).__name__)
        return None


def _take_apart(
    combined: LLMTask[Any], tasks: Sequence[BatchableLLMTask[Any]], reply: CachedReply
) -> Sequence[str | None]:
    """Return each task's part of a reply, unjudged."""

    def split(text: str) -> list[str | None]:
        parts = list(tasks[0].split_batch_result(combined.parse(text), tasks))
        if len(parts) != len(tasks):
            raise ValueError("split_batch_result must return a part for each task, or None")
        return parts

    try:
        parts: list[str | None] = judged(split, usable(reply.text, reply.finish_reason, refusal=reply.refusal))
    except TaskError as error:
        logger.info("a shared reply can't be used: %s", type(error).__name__)
        return [None] * len(tasks)
    return parts


def _judge(task: BatchableLLMTask[Any], text: str) -> Part | None:
    """Return what a part makes of its task; ``None`` if the task's own rules refuse it."""
    try:
        return Part(text, judged(task.parse, text))
    except TaskError:
        return None


def _together(ended: Sequence[Executed]) -> Executed:
    """Return what became of the items that shared a call: FAILED if one of them did."""
    ends = Counter(each.answer.outcome for each in ended)
    outcome = Outcome.FAILED if ends[Outcome.FAILED] else Outcome.SUCCEEDED
    spent = sum((each.spent for each in ended), Spent())
    return Executed(answer=ItemAnswer(outcome=outcome), spent=spent, ends=dict(ends))
