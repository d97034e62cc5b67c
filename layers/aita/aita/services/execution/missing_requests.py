"""Requests that the items of a stage would make now, found by the code that makes the calls.

Each item is executed by the ordinary executor, with a pacer that stops at the first call, and with stores that write
nothing.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from decimal import Decimal
from typing import Any, NoReturn

from aita.errors import CallError, ProviderBusy
from aita.models.call_usage import CallUsage
from aita.models.run import ItemEvent, ItemResponse, Outcome
from aita.ports import Reply
from aita.services.calls.batch_ports import MissingRequest
from aita.services.calls.call_loop import CallLoop
from aita.services.calls.call_ports import Admitted
from aita.services.calls.item_calls import BucketImages, ItemCalls, ItemPacer
from aita.services.calls.model_identity import identity
from aita.services.calls.reply_cache import CachedReply, ReplyCache
from aita.services.execution.task_executor import TaskExecutor
from aita.services.runs.task_recorder import Executed, Recorder
from aita.tasks.request import LLMRequest


class _UnansweredRequest(Exception):  # noqa: N818 - control flow from the pacer to the finder, through the executor
    """The next call of an item, which is not made."""

    def __init__(self, event: ItemEvent, request: LLMRequest) -> None:
        super().__init__("no reply is stored")
        self.event = event
        self.request = request


@dataclass(frozen=True, slots=True)
class _NoCalls:
    """Pacer that admits no call."""

    event: ItemEvent

    def admit(self, request: LLMRequest) -> Admitted:
        raise _UnansweredRequest(self.event, request)

    def record_answer(self, admitted: Admitted, reply: Reply) -> NoReturn:  # noqa: ARG002 - a port's
        raise AssertionError("no call is admitted")

    def record_failure(self, admitted: Admitted, busy: ProviderBusy) -> NoReturn:  # noqa: ARG002 - a port's
        raise AssertionError("no call is admitted")


@dataclass(frozen=True, slots=True)
class _NoImages:
    """Images of requests that are not made."""

    def load(self, request: LLMRequest) -> Callable[[], Mapping[str, bytes]]:  # noqa: ARG002 - a port's
        return dict


@dataclass(frozen=True, slots=True)
class _ReadCache(ReplyCache):
    """Cache that is read only."""

    def put(self, digest: str, reply: CachedReply) -> None:
        """Leave the cache as it is."""


@dataclass(frozen=True, slots=True)
class _UncalledItems(ItemCalls):
    """Call loops of items that make no call."""

    def loop(self, event: ItemEvent, pacer: ItemPacer) -> CallLoop:
        """Return the call loop of an item, which ends at its first call."""
        return replace(ItemCalls.loop(self, event, pacer), pacer=_NoCalls(event), images=_NoImages())


@dataclass(frozen=True, slots=True)
class _Unrecorded(Recorder):
    """Recorder that writes nothing."""

    def succeeded(self, event: ItemEvent, result: Any, spent: CallUsage) -> Executed:  # noqa: ARG002 - see Recorder
        """Return the outcome."""
        return Executed(answer=ItemResponse(outcome=Outcome.SUCCEEDED), spent=spent)

    def failed(self, event: ItemEvent, error: CallError, spent: CallUsage, last_reply: str | None = None) -> Executed:  # noqa: ARG002 - see Recorder
        """Return the outcome."""
        return Executed(answer=ItemResponse(outcome=Outcome.FAILED), spent=spent)


class MissingRequests:
    """Finds the requests that items would make.

    Parameters
    ----------
    executor
        Executor of the items, which is not used itself.
    """

    def __init__(self, executor: TaskExecutor) -> None:
        calls = _UncalledItems(**_fields(executor.calls) | {"cache": _ReadCache(executor.objects)})
        self._executor = replace(executor, calls=calls, recorder=_Unrecorded(**_fields(executor.recorder)))
        self._images = BucketImages(executor.objects)

    def next_of(self, event: ItemEvent) -> tuple[MissingRequest | None, Decimal]:
        """Return the request that an item would make now, and the cost of its stored replies if it would make none.

        Raises
        ------
        MissingInputError
            If an image is missing or has changed.
        """
        try:
            executed = self._executor.execute(event, lambda: float("inf"))
        except _UnansweredRequest as missing:
            return self._missing(missing.event, missing.request), Decimal(0)
        return None, executed.spent.usage.cost_usd

    def _missing(self, event: ItemEvent, request: LLMRequest) -> MissingRequest:
        digest = request.digest(*identity(self._executor.calls.llm, request.parameters))
        images = self._images.load(request)()
        return MissingRequest(owner=event.item.task_id, digest=digest, request=request, images=images)


def _fields(made: Any) -> dict[str, Any]:
    return {each.name: getattr(made, each.name) for each in fields(made)}
