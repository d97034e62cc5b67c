"""Errors of the simulated model, with the status and the body of OpenAI's API.

SimulatedModelError
├── BadRequestError          400  no chat completions request, or a wrong value for /control
├── NotFoundError            404  no such file or batch
├── NotInSampleExamError     422  about anything but the sample exam
├── RateLimitError           429  with Retry-After
├── ServerError              500  a fault drawn at the error rate
├── DownError                503  down for a while, by /control
└── ForcedStatusError             the status of the settings
"""

import math
from typing import ClassVar


class SimulatedModelError(Exception):
    """Root of the errors. ``headers`` are added to the response."""

    status: ClassVar[int]
    type: ClassVar[str]
    code: ClassVar[str | None] = None

    def __init__(self, message: str, *, param: str | None = None, headers: dict[str, str] | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.param = param
        self.headers = headers or {}

    def body(self) -> dict[str, dict[str, str | None]]:
        """Return the error in the form of OpenAI's API."""
        return {"error": {"message": self.message, "type": self.type, "param": self.param, "code": self.code}}


class BadRequestError(SimulatedModelError):
    """The request can't be read, or has an invalid value."""

    status = 400
    type = "invalid_request_error"


class NotFoundError(SimulatedModelError):
    """There is no such file or batch."""

    status = 404
    type = "invalid_request_error"


class NotInSampleExamError(SimulatedModelError):
    """The request is about anything but the sample exam."""

    status = 422
    type = "invalid_request_error"
    code = "simulated_model_knows_only_the_sample_exam"

    def __init__(self, reason: str) -> None:
        super().__init__(
            f"{reason}: this is the simulated model, it knows only the sample exam; "
            "set OPENAI_API_KEY and run `aita local up` to use a real one, or let this one make up its replies "
            "(`aita local up --anything`)"
        )


class RateLimitError(SimulatedModelError):
    """The rate limit is reached; ``wait`` is the time in seconds until the next call is admitted."""

    status = 429
    type = "requests"
    code = "rate_limit_exceeded"

    def __init__(self, wait: float) -> None:
        super().__init__(
            f"Rate limit reached for requests. Please try again in {wait:.3f}s.",
            headers={"Retry-After": str(max(1, math.ceil(wait))), "retry-after-ms": str(math.ceil(wait * 1000))},
        )


class ServerError(SimulatedModelError):
    """A fault drawn at the error rate."""

    status = 500
    type = "server_error"

    def __init__(self) -> None:
        super().__init__("The server had an error while processing your request (asked for by the error rate).")


class DownError(SimulatedModelError):
    """The server is down by ``/control``; ``remaining`` is the time in seconds until it is up again."""

    status = 503
    type = "server_error"
    code = "service_unavailable"

    def __init__(self, remaining: float) -> None:
        super().__init__(
            "The simulated model is down, as it was asked to be.", headers={"Retry-After": str(math.ceil(remaining))}
        )


class ForcedStatusError(SimulatedModelError):
    """The settings have every call answered with this status and code."""

    type = "told"

    def __init__(self, status: int, code: str) -> None:
        super().__init__("The simulated model answers this status, as it was told to.")
        # Class variables of the other errors: this one has its own for each call.
        self.status = status  # type: ignore[misc]  # of its own, as above
        self.code = code or None  # type: ignore[misc]  # of its own, as above
