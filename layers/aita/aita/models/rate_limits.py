"""Rates of requests and tokens that a provider's limits allow."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rates:
    """Requests a second and tokens a minute; ``None`` for an unknown or absent limit. False without any limit."""

    requests_per_second: float | None = None
    tokens_per_minute: float | None = None

    def __bool__(self) -> bool:
        return self.requests_per_second is not None or self.tokens_per_minute is not None
