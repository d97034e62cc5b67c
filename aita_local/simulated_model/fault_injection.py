"""Fault injection of the simulated model: latency, a rate limit, faults and downtime."""

import math
import random
import time
from collections.abc import Callable
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from aita_local.simulated_model.errors import DownError, ForcedStatusError, RateLimitError

Fault = Literal["error", "cut", "drop"]
BatchFault = Literal[
    "",
    "error_after_creation",
    "dropped_after_creation",
    "invalid",
    "queue_full",
    "expired",
    "cancelled",
    "partial",
]
Share = Annotated[float, Field(ge=0, le=1)]
Seconds = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class FaultSettings(BaseModel):
    """Settings of the faults.

    ``latency`` is the time from a request's arrival to its reply, in seconds. ``rps`` is the rate
    limit in requests per second, 0 for none, and ``burst`` the number of requests that it admits at
    once. The three rates are shares of all admitted calls: answered 500, answered with JSON cut in
    the middle, and dropped without a response. ``seed`` starts the sequence of faults. With
    ``plain_limit`` a refusal has Retry-After in whole seconds, and no header states the limit.
    ``omit_rate`` is the share of parts that is left out of replies about several questions.
    ``anything`` has requests answered that are not about the sample exam, ``prefix_cache`` reports
    the tokens that a provider's cache would have held, and ``status`` with ``code`` answers every
    call with that error. A batch ends ``batch_seconds`` after its creation, with ``batch_fault``: its
    creation is answered 500 or dropped, once for each file; it is invalid, or larger than the queue has
    room for; it expires or is cancelled with half of its replies; or every second one is an error.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    latency: Seconds = 0.2
    rps: Seconds = 0
    burst: Annotated[int, Field(ge=1)] = 1
    error_rate: Share = 0
    cut_rate: Share = 0
    drop_rate: Share = 0
    seed: int = 0
    plain_limit: bool = False
    omit_rate: Share = 0
    anything: bool = False
    prefix_cache: bool = False
    status: Annotated[int, Field(ge=400, le=599)] | None = None
    code: str = ""
    batch_seconds: Seconds = 0
    batch_fault: BatchFault = ""

    @model_validator(mode="after")
    def _shares_of_one_whole(self) -> Self:
        if self.error_rate + self.cut_rate + self.drop_rate > 1:
            raise ValueError("error_rate, cut_rate and drop_rate must add up to at most 1")
        return self


class Faults:
    """Faults by the settings. ``clock`` is a monotonic clock in seconds."""

    def __init__(self, settings: FaultSettings | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._down_until = 0.0
        self.change(settings or FaultSettings())

    def change(self, settings: FaultSettings) -> None:
        """Adopt new settings: the bucket is full, and the sequence of faults starts over."""
        self.settings = settings
        self._chance = random.Random(settings.seed)  # noqa: S311 - faults to test with, nothing secret
        self._omission = random.Random(settings.seed)  # noqa: S311 - as above; a sequence of its own
        self._tokens = float(settings.burst)
        self._filled_at = self._clock()

    def go_down(self, seconds: float) -> None:
        """Answer 503 for some seconds from now on; 0 ends it."""
        self._down_until = self._clock() + seconds

    def admit(self) -> None:
        """Admit a call.

        Raises
        ------
        ForcedStatusError
            If the settings have a status.
        DownError
            If the server is down.
        RateLimitError
            If the bucket is empty.
        """
        if self.settings.status is not None:
            raise ForcedStatusError(self.settings.status, self.settings.code)
        remaining = self._down_until - self._clock()
        if remaining > 0:
            raise DownError(remaining)
        if not self.settings.rps:
            return
        self._refill()
        if self._tokens < 1:
            raise RateLimitError((1 - self._tokens) / self.settings.rps)
        self._tokens -= 1

    def draw_fault(self) -> Fault | None:
        """Return the fault of an admitted call, drawn by the rates; ``None`` for no fault."""
        drawn = self._chance.random()
        shares: tuple[tuple[Fault, float], ...] = (
            ("error", self.settings.error_rate),
            ("cut", self.settings.cut_rate),
            ("drop", self.settings.drop_rate),
        )
        for fault, share in shares:
            if drawn < share:
                return fault
            drawn -= share
        return None

    def omits(self) -> bool:
        """Tell whether a part of a reply is left out, drawn by ``omit_rate``."""
        return self._omission.random() < self.settings.omit_rate

    def rate_headers(self) -> dict[str, str]:
        """Return the headers of the rate limit, which is the bucket's size; none without a limit."""
        if not self.settings.rps or self.settings.plain_limit:
            return {}
        self._refill()
        until_full = (self.settings.burst - self._tokens) / self.settings.rps
        return {
            "x-ratelimit-limit-requests": str(self.settings.burst),
            "x-ratelimit-remaining-requests": str(math.floor(self._tokens)),
            "x-ratelimit-reset-requests": f"{math.ceil(until_full * 1000)}ms",
        }

    def _refill(self) -> None:
        now = self._clock()
        self._tokens = min(self.settings.burst, self._tokens + (now - self._filled_at) * self.settings.rps)
        self._filled_at = now
