"""Calls of the model for one task, until a reply is valid.

The loop is the same on the stack and in process: stored reply, images, pace, budget, call, settlement, validation, and
the next request. Its ports (``call_ports``) differ. It never waits for a provider that can't answer: it raises the
signal, and its driver parks the task and begins it again, with the replies that are stored by then.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Self

from aita.errors import CallError, ProviderBusy, TaskError, UnansweredError
from aita.models.call_usage import NO_CALLS, CallUsage
from aita.models.run import UNPRICED_CALL, Usage
from aita.ports import LLM, Reply
from aita.services.calls.call_ports import Budget, Images, Pacer, ReplyStore
from aita.services.calls.conversation import converse, require_complete
from aita.services.calls.forbidden_calls import Refusals
from aita.services.calls.model_identity import identity
from aita.services.calls.reply_cache import CachedReply
from aita.tasks.llm_task import LLMTask
from aita.tasks.request import LLMRequest


@dataclass(slots=True)
class TaskCalls:
    """Calls of one task since its driver began it.

    ``spent`` is the usage of the replies and of the ``lost`` calls, whose reply did not arrive and may be paid.
    ``answered`` is true once a call has succeeded. ``made`` counts the calls and ``seconds`` is their duration, both
    with the failed ones.
    """

    spent: CallUsage = NO_CALLS
    lost: int = 0
    last_reply: str | None = None
    answered: bool = False
    made: int = 0
    seconds: float = 0.0

    @classmethod
    def after(cls, lost: int) -> Self:
        """Return the calls of a task that is begun again after this many lost calls."""
        return cls(spent=CallUsage(usage=Usage(calls=lost, unpriced_calls=lost)), lost=lost)


class _StillInvalid(Exception):  # noqa: N818 - control flow between two methods
    """Replies because of which a task failed before do not suffice: the task must be asked anew."""


@dataclass(frozen=True, slots=True)
class CallLoop:
    """Loop of one task's calls.

    Parameters
    ----------
    others_answered
        Whether other calls of the same run have succeeded, in this process or another.
    others_refused
        Number of failed tasks of the same stage, in this process or another, if none of it has succeeded.
    now
        Returns seconds.
    """

    llm: LLM
    pacer: Pacer
    replies: ReplyStore
    budget: Budget
    images: Images
    refusals: Refusals
    others_answered: bool = False
    others_refused: int = 0
    now: Callable[[], float] = time.monotonic

    def ask(self, task: LLMTask[Any], calls: TaskCalls) -> Any:
        """Return the task's result; ``calls`` accumulates the usage, also if an error is raised.

        Replies because of which the task failed in an earlier attempt are first read once more, by the task as it is
        now. It is asked anew only if it still fails.

        Raises
        ------
        TaskError
            If replies stay invalid for as many requests as the task's policy allows, or the model refuses.
        CallSignal
            If a call can't or must not be made now. Asking again goes on from the stored replies.
        """
        before = calls.spent
        try:
            return self._converse(task, calls, anew=False)
        except _StillInvalid:
            calls.spent = before
        return self._converse(task, calls, anew=True)

    def reply(self, request: LLMRequest, calls: TaskCalls, *, anew: bool = True) -> CachedReply:
        """Return the reply to one request, not validated, from the store or by a call.

        Parameters
        ----------
        anew
            Whether a stored reply is ignored if a task failed because of it in an earlier attempt.

        Raises
        ------
        CallError
            As ``ask`` does, except for invalid replies.
        """
        return self._reply(request, self.digest(request), calls, anew=anew)

    def digest(self, request: LLMRequest, *context: str) -> str:
        """Return the store's key of a request to this model."""
        return request.digest(*identity(self.llm, request.parameters), *context)

    def spent(self, reply: CachedReply, digest: str) -> CallUsage:
        """Return the usage that a stored reply adds to the task.

        A rejected reply is in the usage of the attempt in which the task failed, and adds a cached call.
        """
        return reply.spent_by("" if self.replies.is_rejected(reply) else self.replies.payer, digest)

    def _reply(self, request: LLMRequest, digest: str, calls: TaskCalls, *, anew: bool) -> CachedReply:
        load = self.images.load(request)
        reply = self.replies.get(digest)
        if reply is None or (anew and self.replies.is_rejected(reply)):
            reply = self._call(request, digest, load, calls)
        calls.last_reply = reply.text
        calls.spent += self.spent(reply, digest)
        return reply

    def _converse(self, task: LLMTask[Any], calls: TaskCalls, *, anew: bool) -> Any:
        """Return the task's result.

        Raises
        ------
        _StillInvalid
            If ``anew`` is false, a reply was used because of which the task failed before, and the task fails again or
            needs another reply.
        """
        conversation = converse(task)
        request = next(conversation)
        used: dict[str, CachedReply] = {}
        try:
            while True:
                digest = self.digest(request)
                if not anew and self._rejected(used) and self.replies.get(digest) is None:
                    raise _StillInvalid
                reply = used[digest] = self._reply(request, digest, calls, anew=anew)
                request = conversation.send(require_complete(reply.text, reply.finish_reason, refusal=reply.refusal))
        except StopIteration as done:
            return done.value
        except UnansweredError:  # for which no reply is to blame
            raise
        except TaskError:
            if not anew and self._rejected(used):
                raise _StillInvalid from None
            for digest, reply in used.items():
                self.replies.reject(digest, reply)
            raise

    def _rejected(self, used: Mapping[str, CachedReply]) -> bool:
        return any(map(self.replies.is_rejected, used.values()))

    def _call(
        self, request: LLMRequest, digest: str, load: Callable[[], Mapping[str, bytes]], calls: TaskCalls
    ) -> CachedReply:
        admitted = self.pacer.admit(request)
        committed = self.budget.commit(request)
        usage: Usage | None = UNPRICED_CALL  # also if an interrupt ends the call: others may wait for its settlement
        try:
            reply = self._complete(request, load(), calls)
        except CallError as error:
            usage = UNPRICED_CALL if error.may_be_paid else None
            if usage is not None:
                calls.lost, calls.spent = calls.lost + 1, calls.spent + CallUsage(usage=usage)
            if isinstance(error, ProviderBusy):
                self.pacer.record_failure(admitted, error)
                raise
            raise self.refusals.classify(
                error, others_answered=self.others_answered, others_refused=self.others_refused
            ) from None
        else:
            calls.answered = True
            if reply.lacks:
                calls.spent += CallUsage(lacks=reply.lacks)
            self.refusals.record_answer()
            usage = self.llm.price(reply)
            stored = self.replies.put(digest, reply, usage)
        finally:
            self.budget.settle(committed, usage)
        self.pacer.record_answer(admitted, reply)
        return stored

    def _complete(self, request: LLMRequest, images: Mapping[str, bytes], calls: TaskCalls) -> Reply:
        calls.made += 1
        started = self.now()
        try:
            return self.llm.complete(request, images)
        finally:
            calls.seconds += self.now() - started
