"""Refusals by a rate limit: the statuses and bodies that mean one, and the times to wait that bodies state."""

from typing import Any

import pytest

from aita.errors import ProviderBusy
from aita.llm.limited import is_limited, stated_wait
from aita.llm.provider_errors import embedded_error


def said(message: str) -> dict[str, Any]:
    return {"error": {"message": message, "type": "tokens"}}


@pytest.mark.parametrize("body", [None, "", "<html>429 Too Many Requests</html>", said("Rate limit reached")])
def test_every_429_is_one(body: object) -> None:
    assert is_limited(429, body)


@pytest.mark.parametrize(
    ("body", "limited"),
    [(said("Too many requests"), True), ("request was throttled", True), (said("overloaded"), False), ("", False)],
)
def test_a_503_is_one_if_it_says_so(body: object, limited: bool) -> None:
    assert is_limited(503, body) is limited


@pytest.mark.parametrize("status", [408, 409, 500, 502, 504, 529])
def test_other_failures_are_none(status: int) -> None:
    assert not is_limited(status, said("Rate limit reached"))


@pytest.mark.parametrize(
    ("message", "seconds"),
    [
        ("Rate limit reached for gpt in organization org on tokens per min. Please try again in 1.2s. Visit x.", 1.2),
        ("Please try again in 20ms.", 0.02),
        ("Please try again in 6m0s.", 360),
        ("Please try again in 1h2m3s", 3_600),
        ("Please retry after 3 seconds.", 3),
        ("Please wait 1 second and retry", 1),
        ("try again in 0s", 0.001),
        ("Try again in 2 minutes.", 120),
        ("Please wait 30 s before the next request", 30),
        ("try again in 500 milliseconds", 0.5),
        ("Retry after 1 hour", 3_600),
        ("Try again in 2 months", None),
        ("Rate limit reached", None),
        ("Please try again in a while", None),
        ("wait " + "9" * 50 + "s", None),
    ],
)
def test_the_time_that_a_body_states(message: str, seconds: float | None) -> None:
    assert stated_wait(said(message)) == seconds
    assert stated_wait(message) == seconds


def test_a_limit_within_another_answer() -> None:
    error = embedded_error({"code": "rate_limit_exceeded", "message": "Rate limit reached. Try again in 2s"})
    assert isinstance(error, ProviderBusy)
    assert (error.limited, error.retry_after) == (True, 2)
    error = embedded_error({"code": 502, "message": "Bad gateway"})
    assert isinstance(error, ProviderBusy)
    assert (error.limited, error.retry_after) == (False, None)
