"""Rates: how many requests and tokens a provider's limit lets through."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rates:
    """Requests a second and tokens a minute; ``None`` where nothing is known or no limit is wanted."""

    requests_per_second: float | None = None
    tokens_per_minute: float | None = None

    def __bool__(self) -> bool:
        return self.requests_per_second is not None or self.tokens_per_minute is not None
