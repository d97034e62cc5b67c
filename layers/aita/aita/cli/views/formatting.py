"""Formatting of durations, costs, tokens and counts for people."""

import math
from datetime import datetime
from decimal import Decimal

from aita.models.api import RunView, StageView, UsageView

_MINUTE = 60
_HOUR = 3600
_CENTS_MATTER = 1
_MEGABYTES_MATTER = 100_000


def duration(seconds: float) -> str:
    """Return a time span: ``42 s``, ``1 min 05 s``, ``2 h 03 min``."""
    whole = max(round(seconds), 0)
    if whole < _MINUTE:
        return f"{whole} s"
    if whole < _HOUR:
        return f"{whole // _MINUTE} min {whole % _MINUTE:02} s"
    return f"{whole // _HOUR} h {whole % _HOUR // _MINUTE:02} min"


def local_time(moment: datetime) -> str:
    """Return a moment to the minute in this computer's time zone, which is named."""
    return moment.astimezone().strftime("%Y-%m-%d %H:%M %Z")


def took(stage: StageView) -> float | None:
    """Return a stage's duration in seconds; ``None`` until it has ended."""
    if stage.started_at is None or stage.ended_at is None:
        return None
    return (stage.ended_at - stage.started_at).total_seconds()


def cost(usage: UsageView) -> str:
    """Return the cost of calls; an unknown price is never shown as zero."""
    if usage.cost_usd is None:
        return "unknown"
    known = money(usage.cost_usd)
    return f"at least {known}" if usage.unpriced_calls else known


def money(usd: Decimal) -> str:
    """Return an amount in USD: ``$0.0012`` below a dollar, ``$12.34`` above."""
    return f"${usd:,.{4 if usd < _CENTS_MATTER else 2}f}"


def tokens(usage: UsageView) -> str:
    """Return the tokens of calls."""
    cached = f" ({usage.cached_input_tokens:,} cached)" if usage.cached_input_tokens else ""
    return f"{usage.input_tokens:,} in{cached}, {usage.output_tokens:,} out"


def size(bytes_: int) -> str:
    """Return a size: ``12 kB`` below 0.1 MB, ``2.4 MB`` above; nothing that is there is shown as zero."""
    return f"{bytes_ / 1e6:,.1f} MB" if bytes_ >= _MEGABYTES_MATTER else f"{math.ceil(bytes_ / 1e3):,} kB"


def count(number: int, one: str, many: str = "") -> str:
    """Return a number with its noun: ``1 file``, ``2 files``."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def waits(view: RunView) -> str:
    """Return how often a run has waited for the provider, with the reason of the latest wait."""
    return f"{count(view.waits, 'wait')}: {view.wait_reason}"
