"""What the simulated model is told to put its callers through: latency, a rate limit, faults, a time of being down."""

import math
import random
import time
from collections.abc import Callable
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from aita_local.simulated_model.errors import DownError, ForcedStatusError, RateLimitError

Fault = Literal["error", "cut", "drop"]
Share = Annotated[float, Field(ge=0, le=1)]
Seconds = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class FaultSettings(BaseModel):
    """The conditions as numbers.

    ``latency`` is from a request's arrival to its reply, in seconds. ``rps`` is the rate limit in
    requests per second, 0 for none, and ``burst`` how many may come at once. The three shares are
    of all calls that the limit lets through: answered 500, answered with JSON cut in the middle,
    and dropped without an answer. ``seed`` starts the sequence of faults. With ``plain_limit`` a
    refusal carries Retry-After in whole seconds and nothing tells of the limit. ``omit_rate`` is the
    share of the parts that a reply about several questions lacks. ``anything`` answers what is not
    in the sample exam too, ``prefix_cache`` tells what a provider's cache would have held, and
    ``status`` with ``code`` answers every call with that error.
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

    @model_validator(mode="after")
    def _shares_of_one_whole(self) -> Self:
        if self.error_rate + self.cut_rate + self.drop_rate > 1:
            raise ValueError("error_rate, cut_rate and drop_rate must add up to at most 1")
        return self


class Faults:
    """The settings at work. ``clock`` is a monotonic clock in seconds."""

    def __init__(self, settings: FaultSettings | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._down_until = 0.0
        self.change(settings or FaultSettings())

    def change(self, settings: FaultSettings) -> None:
        """Put new settings in force: the bucket is full, and the faults start over."""
        self.settings = settings
        self._chance = random.Random(settings.seed)  # noqa: S311 - faults to test with, nothing secret
        self._omission = random.Random(settings.seed)  # noqa: S311 - as above; a sequence of its own
        self._tokens = float(settings.burst)
        self._filled_at = self._clock()

    def go_down(self, seconds: float) -> None:
        """Answer 503 for some seconds from now on; 0 ends it."""
        self._down_until = self._clock() + seconds

    def admit(self) -> None:
        """Let a call in, or raise.

        Raises
        ------
        DownError, RateLimitError, ForcedStatusError
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
        """Decide what goes wrong with a call that was let in."""
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
        """Decide whether a part of a reply is left out."""
        return self._omission.random() < self.settings.omit_rate

    def rate_headers(self) -> dict[str, str]:
        """Return the headers that tell of the limit; none if there is none. The limit is the bucket's size."""
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
