"""Rate-limit headers of providers: times to wait, and limits."""

import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from aita.models.rate_limits import Rates

_SHORTEST, _LONGEST = 0.001, 3600.0  # seconds
_SHORTEST_RESET, _LONGEST_RESET = 0.001, 31 * 86_400.0  # seconds; the range of plausible windows of limits

_FIRST_EPOCH, _FIRST_EPOCH_MS = 1e9, 1e12
"""Smallest number that is a time instead of a duration (in 2001), in seconds and in milliseconds since the epoch."""

_DURATION = re.compile(r"(?:(\d+(?:\.\d+)?)h)?(?:(\d+(?:\.\d+)?)m(?!s))?(?:(\d+(?:\.\d+)?)s)?(?:(\d+(?:\.\d+)?)ms)?")

_LEFT = 0.1
"""Largest remaining fraction of a limit at which its reset yields a rate. OpenAI's reset is the time until the bucket
is full (platform documentation, "Rate limits", headers), which yields the rate at any time. Other providers reset at
the end of a fixed window, early in which the same formula would yield far too low a rate."""


def retry_after(headers: Mapping[str, str], *, limited: bool) -> float | None:
    """Return the seconds to wait in a refusal's headers, at most an hour; ``None`` if they name none.

    ``retry-after-ms`` has precedence, then Retry-After (RFC 9110, 10.2.3: seconds or a date; gateways send durations
    such as ``5s`` and times, too). If the refusal is
    ``limited`` by a rate, the reset of the exhausted limit comes last: a duration (OpenAI, Groq), seconds (Azure), or a
    time (gateways, and providers of other APIs behind them). A time is compared with the response's own Date, as the
    two clocks may differ; without one, with the local clock.
    """
    seconds = demanded_wait(headers)
    if seconds is not None or not limited:
        return _clamp(seconds)
    resets = {kind: _reset(headers.get(f"x-ratelimit-reset-{kind}"), headers) for kind in ("requests", "tokens")}
    used_up = [
        seconds
        for kind, seconds in resets.items()
        if seconds is not None and _number(headers.get(f"x-ratelimit-remaining-{kind}")) == 0
    ]
    return _clamp(max(used_up or [seconds for seconds in resets.values() if seconds is not None], default=None))


def demanded_wait(headers: Mapping[str, str]) -> float | None:
    """Return the seconds of ``retry-after-ms`` or Retry-After as they are, also below zero or endless."""
    milliseconds = _number(headers.get("retry-after-ms"))
    if milliseconds is not None:
        return milliseconds / 1000
    value = headers.get("retry-after", "").strip()
    seconds = _number(value)
    if seconds is not None and not _FIRST_EPOCH <= seconds < math.inf:
        return seconds
    return _reset(value, headers) if (date := _http_date(value)) is None else _until(date, headers)


def limits(headers: Mapping[str, str]) -> Rates:
    """Return the rates at which the limits refill, as far as the headers have them.

    Only resets that are durations count: the distance to a time is as inexact as the two clocks' agreement.
    """
    requests, tokens = _refill(headers, "requests"), _refill(headers, "tokens")
    return Rates(requests, None if tokens is None else tokens * 60)


def _refill(headers: Mapping[str, str], kind: str) -> float | None:
    """Return the refill of a limit per second."""
    limit = _number(headers.get(f"x-ratelimit-limit-{kind}"))
    if limit is None or not 0 < limit < math.inf:
        return None
    remaining = _number(headers.get(f"x-ratelimit-remaining-{kind}"))
    if remaining is None or not 0 <= remaining <= limit * _LEFT:
        return None
    reset = duration(headers.get(f"x-ratelimit-reset-{kind}"))
    if reset is None or not _SHORTEST_RESET <= reset <= _LONGEST_RESET:
        return None
    return (limit - remaining) / reset


def _number(value: str | None) -> float | None:
    try:
        number = float(value or "")
    except ValueError:
        return None
    return None if math.isnan(number) else number


def duration(value: str | None) -> float | None:
    """Return the seconds of a duration such as ``1s``, ``6m0s`` or ``120ms``, or of a plain number."""
    text = (value or "").strip()
    number = _number(text)
    if number is not None:
        return number if number < _FIRST_EPOCH else None
    found = _DURATION.fullmatch(text)
    if not text or found is None:
        return None
    hours, minutes, seconds, milliseconds = (float(part or 0) for part in found.groups())
    return hours * 3600 + minutes * 60 + seconds + milliseconds / 1000


def _reset(value: str | None, headers: Mapping[str, str]) -> float | None:
    """Return the seconds until a reset, which is a duration or a time."""
    seconds = duration(value)
    return _until(_moment((value or "").strip()), headers) if seconds is None else seconds


def _moment(text: str) -> datetime | None:
    """Return the time of an ISO date with its zone, or of seconds or milliseconds since the epoch."""
    number = _number(text)
    try:
        if number is not None:
            return datetime.fromtimestamp(number if number < _FIRST_EPOCH_MS else number / 1000, UTC)
        return datetime.fromisoformat(text)
    except (ValueError, OverflowError, OSError):
        return None


def _http_date(text: str) -> datetime | None:
    try:
        return parsedate_to_datetime(text)
    except (ValueError, TypeError, OverflowError):
        return None


def _until(moment: datetime | None, headers: Mapping[str, str]) -> float | None:
    """Return the seconds from the response's Date to a time."""
    if moment is None or moment.tzinfo is None:  # a time without its zone is off by up to a day
        return None
    sent = _http_date(headers.get("date", ""))
    if sent is None or sent.tzinfo is None:
        sent = datetime.now(UTC)
    return (moment - sent).total_seconds()


def _clamp(seconds: float | None) -> float | None:
    return None if seconds is None else min(max(seconds, _SHORTEST), _LONGEST)
