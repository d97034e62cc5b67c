"""Pace of the calls of one process: each call's slot at the limiter, and what its end tells the limiter."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from aita.errors import ProviderBusy
from aita.models.rate_limits import Rates
from aita.ports import RateLimiter, Reply
from aita.services.calls.shown_rate import ShownRate
from aita.services.calls.token_expectations import TokenExpectations
from aita.tasks.request import LLMRequest

_LOOK = 0.5
"""Interval, in seconds, at which the waiting thread looks whether its slot has moved."""


@dataclass(slots=True)
class Pacing:
    """Limiter of a process's calls, with the tokens that they are expected to use, and its news of how they ended.

    ``shown`` is what the provider has shown to answer, if the process makes all calls of the limiter.
    """

    limiter: RateLimiter
    expectations: TokenExpectations
    shown: ShownRate | None = None

    def record_answer(self, configured: Rates, request: LLMRequest, tokens: int | None, reply: Reply) -> None:
        """Correct the tokens that the call reserved by its usage, and pass its rate limits to the limiter.

        Parameters
        ----------
        tokens
            Tokens that the call reserved; ``None`` for one without a slot.
        """
        if self.shown is not None:
            self.shown.record_answer(reply.latency_ms / 1_000)
        if reply.limits:
            self.limiter.learn(reply.limits)
        if reply.usage is not None:
            actual = reply.usage.input_tokens + reply.usage.output_tokens
            self.expectations.record(request, actual)
            if tokens is not None:
                self.limiter.settle(configured, tokens, actual)

    def record_refusal(self, configured: Rates, tokens: int | None, busy: ProviderBusy, *, own: bool) -> bool:
        """Close the limiter if the provider is busy for everyone; return whether it did, so that no backoff is needed.

        Parameters
        ----------
        tokens
            Tokens that the call reserved, which are free again unless it may be paid; ``None`` for one without a slot.
        own
            Whether the provider answers others, and refuses this task alone.
        """
        if tokens is not None and not busy.may_be_paid:
            self.limiter.settle(configured, tokens, 0)
        observed = Rates(busy.requests_per_second, busy.tokens_per_minute)
        is_unknown = busy.limited and not (configured or observed)
        if own or (is_unknown and self.shown is not None and self.shown.is_by_chance()):
            return False
        if busy.limited:
            self.limiter.close(configured, busy.retry_after, observed, paced=tokens is not None)
        elif busy.retry_after:
            self.limiter.pause(busy.retry_after)
        return busy.limited or bool(busy.retry_after)


@dataclass(slots=True)
class Turnstile:
    """Lets threads wait for their slots one at a time, so that at most one slot is reserved ahead.

    So a closure, a settlement or a suspended process concerns all who wait, and none of them holds a slot from before.
    """

    pacing: Pacing
    _turn: threading.Lock = field(default_factory=threading.Lock)

    def wait(self, configured: Rates, request: LLMRequest, sleep: Callable[[float], bool]) -> int:
        """Wait for a call's slot; return the tokens that it reserves.

        Parameters
        ----------
        sleep
            Sleeps for a number of seconds, and returns whether to stop waiting.
        """
        limiter = self.pacing.limiter
        with self._turn:
            tokens = self.pacing.expectations.expect(request)
            slot = limiter.reserve(configured, tokens)
            while slot.wait > 0 and not sleep(min(slot.wait, _LOOK)):
                slot = limiter.reserve(configured, tokens, slot.available_at)
        return tokens
