"""Refusals by a rate limit: whether one is meant, and the time to wait that its body states."""

import re

from aita.llm.error_body import diagnostic_text
from aita.llm.forbidden import Forbidden, classify_forbidden
from aita.llm.headers import duration

_TOO_MANY, _UNAVAILABLE = 429, 503

_MOST_TEXT = 4_000
_SHORTEST, _LONGEST = 0.001, 3600.0  # seconds, as of the headers' waits

_AGAIN = re.compile(
    r"(?:try again|retry|wait)(?: after| in| for)? {0,3}"
    r"((?:\d{1,9}(?:\.\d{1,9})?(?:ms|h|m|s)){1,4}|\d{1,9}(?:\.\d{1,9})? ?seconds?)",
    re.IGNORECASE,
)
"""OpenAI's form, "Please try again in 1.2s", with "20ms" and "6m0s", and that of Azure, "retry after 3 seconds"."""


def is_limited(status: int, body: object) -> bool:
    """Return whether a refusal of this status is one by a rate limit: a 429, or a 503 whose body says so."""
    return status == _TOO_MANY or (status == _UNAVAILABLE and classify_forbidden(body) is Forbidden.RATE)


def stated_wait(body: object) -> float | None:
    """Return the seconds to wait that a refusal's body states, at most an hour; ``None`` if it states none."""
    found = _AGAIN.search(diagnostic_text(body)[:_MOST_TEXT])
    if found is None:
        return None
    seconds = duration(found[1].lower().removesuffix("seconds").removesuffix("second").strip())
    return None if seconds is None else min(max(seconds, _SHORTEST), _LONGEST)
