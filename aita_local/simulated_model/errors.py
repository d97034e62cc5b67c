"""The simulated model's errors, with the status and the body that OpenAI's API gives to each.

SimulatedModelError
├── BadRequestError          400  not a chat completions request, or a wrong value for /control
├── NotInSampleExamError     422  about anything but the sample exam
├── RateLimitError         429  with Retry-After
├── ServerError         500  a fault that was asked for
├── Down                503  down for a while, as it was asked to be
└── Told                     the status that it was told to answer with
"""

import math
from typing import ClassVar


class SimulatedModelError(Exception):
    """The root. ``headers`` go with the response."""

    status: ClassVar[int]
    type: ClassVar[str]
    code: ClassVar[str | None] = None

    def __init__(self, message: str, *, param: str | None = None, headers: dict[str, str] | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.param = param
        self.headers = headers or {}

    def body(self) -> dict[str, dict[str, str | None]]:
        """Return the error as OpenAI's API words one."""
        return {"error": {"message": self.message, "type": self.type, "param": self.param, "code": self.code}}


class BadRequestError(SimulatedModelError):
    """The request can't be read, or has a value that it must not have."""

    status = 400
    type = "invalid_request_error"


class NotInSampleExamError(SimulatedModelError):
    """The request is about something that the simulated model does not know."""

    status = 422
    type = "invalid_request_error"
    code = "simulated_model_knows_only_the_sample_exam"

    def __init__(self, what: str) -> None:
        super().__init__(
            f"{what}: this is the simulated model, it knows only the sample exam; "
            "set OPENAI_API_KEY and run `aita local up` to use a real one"
        )


class RateLimitError(SimulatedModelError):
    """The rate limit is reached; ``wait`` is the time in seconds until the next call may come."""

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
    """The server plays dead; ``remaining`` is for how many seconds more."""

    status = 503
    type = "server_error"
    code = "service_unavailable"

    def __init__(self, remaining: float) -> None:
        super().__init__(
            "The simulated model is down, as it was asked to be.", headers={"Retry-After": str(math.ceil(remaining))}
        )


class ForcedStatusError(SimulatedModelError):
    """Every call is to be answered with this status and code."""

    type = "told"

    def __init__(self, status: int, code: str) -> None:
        super().__init__("The simulated model answers this status, as it was told to.")
        # Class variables of the other errors: this one has its own for each call.
        self.status = status  # type: ignore[misc]
        self.code = code or None  # type: ignore[misc]
