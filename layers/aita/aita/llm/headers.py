"""What a provider's headers tell: how long to wait, and what its limits are."""

import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from aita.models.rate import Rates

_SHORTEST, _LONGEST = 0.001, 3600.0

_DURATION = re.compile(r"(?:(\d+(?:\.\d+)?)h)?(?:(\d+(?:\.\d+)?)m(?!s))?(?:(\d+(?:\.\d+)?)s)?(?:(\d+(?:\.\d+)?)ms)?")

_USED = 0.9
"""The share of a limit that must be used before its reset tells a rate. OpenAI's reset is the time until the
bucket is full again (platform documentation, "Rate limits", headers), which tells the rate at any time; others
reset at the end of a fixed window, where the same sum, early in it, would come out far too low."""


def retry_after(headers: Mapping[str, str], *, limited: bool) -> float | None:
    """Return the seconds to wait that a refusal tells, at most an hour; ``None`` if it tells none.

    ``retry-after-ms`` counts first, then Retry-After (RFC 9110, 10.2.3: seconds or a date), then, if the
    refusal is for a limit, the reset of that which is used up.
    """
    milliseconds = _number(headers.get("retry-after-ms"))
    if milliseconds is not None:
        return _bounded(milliseconds / 1000)
    told = headers.get("retry-after", "").strip()
    if told:
        seconds = _number(told)
        return _bounded(_until(told) if seconds is None else seconds)
    if not limited:
        return None
    resets = {kind: _duration(headers.get(f"x-ratelimit-reset-{kind}")) for kind in ("requests", "tokens")}
    used_up = [
        seconds
        for kind, seconds in resets.items()
        if seconds is not None and _number(headers.get(f"x-ratelimit-remaining-{kind}")) == 0
    ]
    return _bounded(max(used_up or [seconds for seconds in resets.values() if seconds is not None], default=None))


def limits(headers: Mapping[str, str]) -> Rates:
    """Return the rates at which the limits fill up again, as far as the headers tell."""
    requests, tokens = _refill(headers, "requests"), _refill(headers, "tokens")
    return Rates(requests, None if tokens is None else tokens * 60)


def _refill(headers: Mapping[str, str], kind: str) -> float | None:
    """Return what is let through in a second."""
    limit = _number(headers.get(f"x-ratelimit-limit-{kind}"))
    remaining = _number(headers.get(f"x-ratelimit-remaining-{kind}"))
    reset = _duration(headers.get(f"x-ratelimit-reset-{kind}"))
    if not limit or limit <= 0 or remaining is None or not 0 <= remaining <= limit or not reset or reset <= 0:
        return None
    used = limit - remaining
    rate = used / reset
    return rate if used >= _USED * limit and 0 < rate < math.inf else None


def _number(value: str | None) -> float | None:
    try:
        number = float(value or "")
    except ValueError:
        return None
    return None if math.isnan(number) else number


def _duration(value: str | None) -> float | None:
    """Return the seconds of a duration such as ``1s``, ``6m0s`` or ``120ms``, or of a plain number."""
    text = (value or "").strip()
    number = _number(text)
    if number is not None:
        return number
    found = _DURATION.fullmatch(text)
    if not text or found is None:
        return None
    hours, minutes, seconds, milliseconds = (float(part or 0) for part in found.groups())
    return hours * 3600 + minutes * 60 + seconds + milliseconds / 1000


def _until(date: str) -> float | None:
    try:
        return (parsedate_to_datetime(date) - datetime.now(UTC)).total_seconds()
    except (ValueError, TypeError):
        return None


def _bounded(seconds: float | None) -> float | None:
    return None if seconds is None else min(max(seconds, _SHORTEST), _LONGEST)
