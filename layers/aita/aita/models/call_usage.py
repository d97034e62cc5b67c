"""Usage of a task's requests to the model."""

from aita.models.base import StrictModel
from aita.models.run import Usage


class CallUsage(StrictModel):
    """Usage of a task's requests.

    ``requests`` counts replies from calls and from the cache, ``latency_ms`` sums the calls' durations, and ``replies``
    are the digests of the replies. ``lacks`` are the request parameters that the endpoint had refused and the calls
    left out.
    """

    requests: int = 0
    usage: Usage = Usage()
    latency_ms: int = 0
    replies: tuple[str, ...] = ()
    lacks: tuple[str, ...] = ()

    def __add__(self, other: "CallUsage") -> "CallUsage":
        if self is NO_CALLS:
            return other
        return CallUsage(
            requests=self.requests + other.requests,
            usage=self.usage + other.usage,
            latency_ms=self.latency_ms + other.latency_ms,
            replies=(*self.replies, *other.replies),
            lacks=tuple(dict.fromkeys((*self.lacks, *other.lacks))),
        )


NO_CALLS = CallUsage()
"""Usage of no request, with which most sums begin."""
