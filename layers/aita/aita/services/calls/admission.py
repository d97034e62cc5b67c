"""Admission of calls: rate limit, prompt-cache gate and run state before a call, and the rate after a refusal (429)."""

from collections.abc import Callable
from dataclasses import dataclass

from aita.errors import ProviderBusy, SlotLater, Superseded
from aita.models.rate_limits import Rates
from aita.models.run import ItemEvent, Run
from aita.ports import Reply, Slot
from aita.services.calls.call_ports import Admitted
from aita.services.calls.pacing import Pacing
from aita.services.calls.prompt_cache_gate import PromptCacheGate
from aita.services.runs.run_cache import RunCache
from aita.tasks.request import LLMRequest

LONGEST_SLEEP = 2.0
"""Longest sleep of a function for the limiter, in seconds. The state machine does longer waits, at no cost."""


@dataclass(frozen=True, slots=True)
class Admission:
    """Admits calls: while their run is current, at the provider's rate, and one per prefix until its cache is filled.

    A run without configured rates uses the limiter only after its first wait for the provider, which each function
    notices a few seconds later: no limit is known before.

    Parameters
    ----------
    sleep
        Sleeps for a number of seconds.
    context
        Provider and model, which own the prompt cache.
    """

    pacing: Pacing
    gate: PromptCacheGate
    watch: RunCache
    sleep: Callable[[float], None]
    context: str

    def admit(self, run: Run, event: ItemEvent, request: LLMRequest, reservation: int | None) -> Admitted:
        """Wait until the call may be made.

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
        configured, tokens = configured_rates(run), None
        if configured or run.waits or reservation is not None:
            tokens = self.pacing.expectations.expect(request)
            reserved = None if reservation is None else reservation / 1000
            slot = self.pacing.limiter.reserve(configured, tokens, reserved)
            if slot.wait > LONGEST_SLEEP:
                raise SlotLater(slot.wait, round(slot.available_at * 1000))
            self.sleep(slot.wait)
        if not self.watch.is_current(event.run_id, event.attempt):
            raise Superseded(f"run {event.run_id} makes no more calls in attempt {event.attempt}")
        return Admitted(request, prefix, tokens)

    def record_answer(self, run: Run, admitted: Admitted, reply: Reply) -> None:
        """Tell the limiter the call's tokens and the reply's rate limits, and open the gate for its prefix."""
        self.pacing.record_answer(configured_rates(run), admitted.request, admitted.tokens, reply)
        if admitted.prefix is not None:
            self.gate.mark_filled(admitted.prefix)

    def record_refusal(self, run: Run, admitted: Admitted, busy: ProviderBusy, *, own: bool) -> Slot | None:
        """Close the limiter for all callers if the provider is busy for all, and reserve a slot after that.

        Parameters
        ----------
        own
            Whether the provider answers others, and refuses this task alone.

        Returns
        -------
        Slot or None
            The call's next slot; ``None`` if the provider is busy for this call alone, so that the caller must back
            off.
        """
        configured = configured_rates(run)
        if not self.pacing.record_refusal(configured, admitted.tokens, busy, own=own):
            return None
        return self.pacing.limiter.reserve(configured, self.pacing.expectations.expect(admitted.request))


def configured_rates(run: Run) -> Rates:
    """Return the rate limits in a run's settings; 0 means no limit."""
    return Rates(run.settings.rate_limit_rps or None, run.settings.rate_limit_tpm or None)
