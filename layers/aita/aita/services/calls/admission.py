"""Admission of calls: rate limit, prompt-cache gate and run state before a call, and the rate after a refusal (429)."""

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
"""Longest sleep of a function for the limiter, in seconds. The state machine does longer waits, at no cost."""


@dataclass(frozen=True, slots=True)
class Admission:
    """Admits calls: while their run is current, at the provider's rate, and one per prefix until its cache is filled.

    A run without configured rates uses the limiter only after its first wait for the provider: no limit is known
    before.

    Parameters
    ----------
    sleep
        Sleeps for a number of seconds.
    context
        Provider and model, which own the prompt cache.
    """

    limiter: RateLimiter
    gate: PromptCacheGate
    watch: RunCache
    sleep: Callable[[float], None]
    context: str

    def admit(self, run: Run, event: ItemEvent, request: LLMRequest, reservation: int | None) -> str | None:
        """Wait until the call may be made; return the prefix whose cache it must fill, if any.

        Parameters
        ----------
        reservation
            Time of the slot that the item reserved in an earlier invocation, in ms since the epoch.

        Raises
        ------
        SlotLater
            If the call's slot is more than LONGEST_SLEEP away.
        Superseded
            If the run's attempt may make no more calls.
        """
        prefix = self.gate.wait(request, self.context) if run.settings.prefix_scheduling else None
        configured = configured_rates(run)
        if configured or run.waits:
            tokens = expected_tokens(request, run.settings.reasoning_effort)
            slot = self.limiter.reserve(configured, tokens, None if reservation is None else reservation / 1000)
            if slot.wait > LONGEST_SLEEP:
                raise SlotLater(slot.wait, round(slot.available_at * 1000))
            self.sleep(slot.wait)
        if not self.watch.is_current(event.run_id, event.attempt):
            raise Superseded(f"run {event.run_id} makes no more calls in attempt {event.attempt}")
        return prefix

    def record_answer(self, reply: Reply, prefix: str | None) -> None:
        """Pass a reply's rate limits to the limiter, and open the gate for the other calls of its prefix."""
        if reply.limits:
            self.limiter.learn(reply.limits)
        if prefix is not None:
            self.gate.mark_filled(prefix)

    def record_refusal(self, run: Run, request: LLMRequest, busy: ProviderBusy) -> Slot | None:
        """Close the limiter for all callers for as long as the provider demands, and reserve a slot after that.

        Returns
        -------
        Slot or None
            The call's next slot; ``None`` if the provider named no time, so that the caller must back off.
        """
        if not busy.retry_after:
            return None
        configured = configured_rates(run)
        self.limiter.close(configured, busy.retry_after, Rates(busy.requests_per_second, busy.tokens_per_minute))
        return self.limiter.reserve(configured, expected_tokens(request, run.settings.reasoning_effort))


def configured_rates(run: Run) -> Rates:
    """Return the rate limits in a run's settings; 0 means no limit."""
    return Rates(run.settings.rate_limit_rps or None, run.settings.rate_limit_tpm or None)
