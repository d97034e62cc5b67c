"""Rate limiters for calls that no executor makes, under the names of the earlier tool.

Executors have their own: ``create_executor`` takes ``rate_limit``, ``rate_limit_tpm`` and ``burst``.
"""

import time
from collections.abc import Callable

from aita.errors import SettingsError
from aita.executor.create import burst_ms
from aita.memory.rate_limiter import MemoryRateLimiter
from aita.models.rate_limits import Rates
from aita.services.calls.token_bucket import Bucket


class RateLimiter:
    """Token bucket that threads may share: calls at an average rate, and some at once after a pause.

    Parameters
    ----------
    rate
        Calls a second.
    burst
        Calls that may be made at once after a pause.
    now, sleep
        Return seconds, and wait for them.

    Raises
    ------
    SettingsError
        If ``rate`` is not more than 0, or ``burst`` is less than 1.
    """

    def __init__(
        self,
        rate: float,
        burst: int = 1,
        *,
        now: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        if not 0 < rate < float("inf"):
            raise SettingsError(f"rate is wrong: it takes a number of calls a second, more than 0; it was {rate!r}")
        if burst < 1:
            raise SettingsError(f"burst is wrong: it takes a whole number from 1 up; it was {burst!r}")
        self._rates = Rates(rate)
        self._limiter = MemoryRateLimiter(now, Bucket(burst=burst_ms(burst, rate)))
        self._sleep = sleep

    def acquire(self) -> float:
        """Wait until a call may be made; return the wait in seconds."""
        wait = self._limiter.reserve(self._rates, tokens=0).wait
        if wait > 0:
            self._sleep(wait)
        return wait


class NoOpRateLimiter:
    """Rate limiter that lets every call through, for tests."""

    def acquire(self) -> float:
        """Return 0 at once."""
        return 0.0
