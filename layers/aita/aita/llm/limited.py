"""Refusals by a rate limit: whether one is meant, and the time to wait that its body states."""

import re

from aita.llm.error_body import diagnostic_text, field_text
from aita.llm.forbidden import Forbidden, classify_forbidden
from aita.llm.headers import duration

_TOO_LARGE, _TOO_MANY, _UNAVAILABLE = 413, 429, 503

_MOST_TEXT = 4_000
_SHORTEST, _LONGEST = 0.001, 3600.0  # seconds, as of the headers' waits

_AGAIN = re.compile(
    r"(?:try again|retry|wait)(?: after| in| for)? {0,3}"
    r"((?:\d{1,9}(?:\.\d{1,9})?(?:ms|h|m|s)\b|\d{1,9}(?:\.\d{1,9})?(?:ms|h|m|s)(?=\d)){1,4}"
    r"|\d{1,9}(?:\.\d{1,9})? ?(?:milliseconds?|msecs?|ms|seconds?|secs?|s|minutes?|mins?|hours?|hrs?)\b)",
    re.IGNORECASE,
)
"""OpenAI's form, "Please try again in 1.2s", with "20ms" and "6m0s", and that of Azure, "retry after 3 seconds"."""
_UNITS = (
    (re.compile(r" ?(?:milliseconds?|msecs?)$| ms$"), "ms"),
    (re.compile(r" ?(?:seconds?|secs?)$| s$"), "s"),
    (re.compile(r" ?(?:minutes?|mins?)$"), "m"),
    (re.compile(r" ?(?:hours?|hrs?)$"), "h"),
)
"""Units as words, and as durations have them."""
_DELAYS = ("retrydelay", "retry_after", "retry_after_seconds", "retryafter")
"""Fields with the seconds to wait; the first is Google's."""
_BY_TOKENS = r"rate[ _]limit|tokens per min|\btpm\b"
_SIZES = r"(?s)\blimit:? (\d{1,12})\b.{0,80}?\brequested:? (\d{1,12})\b"
"""OpenAI's and Groq's form, "Limit 30000, Used 500, Requested 41264"."""
_OF_DAYS = r"per[ _-]?(?:day|month)|\bdaily\b|\bmonthly\b|\b[rt]pd\b|\bweekly\b"


def is_limited(status: int, body: object) -> bool:
    """Return whether a refusal of this status is one by a rate limit: a 429, or a 413 or 503 whose body says so."""
    if status == _TOO_LARGE:
        return re.search(_BY_TOKENS, diagnostic_text(body)[:_MOST_TEXT].lower().replace("_", " ")) is not None
    return status == _TOO_MANY or (status == _UNAVAILABLE and classify_forbidden(body) is Forbidden.RATE)


def names_capacity(code: str, text: str) -> bool:
    """Return whether an error's code or text says that the provider has no capacity left for now."""
    return "capacity" in f"{code} {text[:_MOST_TEXT]}".lower()


def exceeds_limit(text: str) -> bool:
    """Return whether a refusal's text says that the request alone is larger than the limit, so that no wait helps."""
    found = re.search(_SIZES, text[:_MOST_TEXT].lower().replace(",", ""))
    return found is not None and int(found[2]) > int(found[1])


def is_zero(text: str) -> bool:
    """Return whether a refusal's text says that the limit is none at all, as Gemini does for a plan without a model."""
    return re.search(r"\blimit: ?0(?![.,]?\d)", text[:_MOST_TEXT].lower()) is not None


def is_of_days(text: str) -> bool:
    """Return whether a refusal's text names a limit by the day or longer."""
    return re.search(_OF_DAYS, text[:_MOST_TEXT].lower()) is not None


def stated_wait(body: object) -> float | None:
    """Return the seconds to wait that a refusal's body states, at most an hour; ``None`` if it states none."""
    found = _AGAIN.search(diagnostic_text(body)[:_MOST_TEXT])
    stated = next((text for name in _DELAYS if (text := field_text(body, name))), found[1] if found else "")
    stated = stated.lower().strip()
    for words, unit in _UNITS:
        stated = words.sub(unit, stated)
    seconds = duration(stated) if stated else None
    return None if seconds is None else min(max(seconds, _SHORTEST), _LONGEST)
