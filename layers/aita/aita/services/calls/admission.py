"""Admission: all that stands between wanting to call the model and calling it."""

from collections.abc import Callable
from dataclasses import dataclass

from aita.errors import ProviderBusy, SlotLater, Superseded
from aita.models.rate_limits import Rates
from aita.models.run import ItemEvent, Run
from aita.ports import RateLimiter, Reply, Slot
from aita.services.calls.prompt_cache_gate import PromptCacheGate
from aita.services.runs.run_cache import RunCache
from aita.tasks.request import LLMRequest
from aita.tasks.tokens import expected_tokens

LONGEST_SLEEP = 2.0
"""Seconds that a function sleeps for the limiter; a longer wait is the state machine's, where it is not paid."""


@dataclass(frozen=True, slots=True)
class Admission:
    """Lets calls through: one prefix at a time to fill a cache, at the provider's rate, and only while the run goes on.

    With no rate told, the limiter is asked from the run's first wait for the provider on: until then
    nobody knows a limit.
    """

    limiter: RateLimiter
    gate: PromptCacheGate
    watch: RunCache
    sleep: Callable[[float], None]
    context: str

    def admit(self, run: Run, event: ItemEvent, request: LLMRequest, held: int | None) -> str | None:
        """Wait until the call may be made; return the prefix whose cache it is to fill, if any.

        Parameters
        ----------
        held
            When the slot is due that the item reserved before, in ms since the epoch.

        Raises
        ------
        SlotLater
            If the call's slot is too far away to sleep until it.
        Superseded
            If the run must make no more calls.
        """
        prefix = self.gate.wait(request, self.context) if run.settings.prefix_scheduling else None
        told = told_rates(run)
        if told or run.waits:
            tokens = expected_tokens(request, run.settings.reasoning_effort)
            slot = self.limiter.reserve(told, tokens, None if held is None else held / 1000)
            if slot.wait > LONGEST_SLEEP:
                raise SlotLater(slot.wait, round(slot.due * 1000))
            self.sleep(slot.wait)
        if not self.watch.may_go_on(event.run_id, event.attempt):
            raise Superseded(f"run {event.run_id} makes no more calls in attempt {event.attempt}")
        return prefix

    def answered(self, reply: Reply, prefix: str | None) -> None:
        """Take over what an answer teaches, and let those follow who waited for it."""
        if reply.limits:
            self.limiter.learn(reply.limits)
        if prefix is not None:
            self.gate.filled(prefix)

    def refused(self, run: Run, request: LLMRequest, busy: ProviderBusy) -> Slot | None:
        """Close the limiter for everyone for as long as the provider asks, and reserve the call's slot after that.

        Returns
        -------
        Slot or None
            ``None`` if the provider did not say how long: how to wait is then the caller's.
        """
        if not busy.retry_after:
            return None
        told = told_rates(run)
        self.limiter.close(told, busy.retry_after, Rates(busy.requests_per_second, busy.tokens_per_minute))
        return self.limiter.reserve(told, expected_tokens(request, run.settings.reasoning_effort))


def told_rates(run: Run) -> Rates:
    """Return the limits that a run was told to keep; 0 is none."""
    return Rates(run.settings.rate_limit_rps or None, run.settings.rate_limit_tpm or None)
