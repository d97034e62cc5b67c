"""Statistics of the simulated model's requests, for tests and benchmarks."""

from collections import deque
from dataclasses import dataclass, field
from typing import Any

_STARTS_KEPT = 20_000


@dataclass
class Statistics:
    """Counts of chat completions requests by outcome; ``starts`` are arrivals in seconds since the epoch."""

    requests: int = 0
    replies: int = 0
    rate_limited: int = 0
    server_errors: int = 0
    rejected: int = 0
    cut: int = 0
    dropped: int = 0
    in_flight: int = 0
    most_in_flight: int = 0
    prompt_tokens: int = 0
    cached_tokens: int = 0
    completion_tokens: int = 0
    starts: deque[float] = field(default_factory=lambda: deque(maxlen=_STARTS_KEPT))

    def begin(self, now: float) -> None:
        """Count an arrived request."""
        self.requests += 1
        self.starts.append(now)
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)

    def end(self, status: int) -> None:
        """Count an answered request by its status; a dropped one has 0."""
        self.in_flight -= 1
        if status == 0:
            self.dropped += 1
        elif status == 429:  # noqa: PLR2004 - HTTP statuses are read best as they are
            self.rate_limited += 1
        elif status >= 500:  # noqa: PLR2004 - as above
            self.server_errors += 1
        elif status >= 400:  # noqa: PLR2004 - as above
            self.rejected += 1
        else:
            self.replies += 1

    def add_usage(self, usage: dict[str, Any]) -> None:
        """Add the tokens of a reply."""
        self.prompt_tokens += usage["prompt_tokens"]
        self.cached_tokens += usage["prompt_tokens_details"]["cached_tokens"]
        self.completion_tokens += usage["completion_tokens"]

    def renewed(self) -> "Statistics":
        """Return counts that start over, except for the requests in flight."""
        return Statistics(in_flight=self.in_flight, most_in_flight=self.in_flight)

    def as_dict(self) -> dict[str, Any]:
        """Return the counts in the form of ``GET /stats``."""
        return {**vars(self), "starts": list(self.starts)}
