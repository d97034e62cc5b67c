"""Limits of calls by the kind of their task: the time-out, and the tokens of a reply."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any

from pydantic import BeforeValidator

ALL = ""
"""Key of the limit of the kinds that have none of their own."""

LONGEST_TIMEOUT = 600
"""Longest time-out of a call, in seconds: a function's call ends well before the function does."""

DEFAULT_TIMEOUT = 120.0  # seconds

LARGEST_REPLY = 1_000_000  # tokens

_KIND = re.compile(r"[a-z][a-z0-9_]{0,39}")


@dataclass(frozen=True, slots=True)
class CallLimits:
    """Limits of calls by kind of task. ``ALL`` is the key of the others.

    Parameters
    ----------
    seconds
        Time-outs of a call.
    tokens
        Limits of a reply's tokens, without a model's thoughts, where a task's own is larger.
    """

    seconds: Mapping[str, float] = field(default_factory=lambda: {ALL: DEFAULT_TIMEOUT})
    tokens: Mapping[str, int] = field(default_factory=dict)

    @property
    def longest(self) -> float:
        """Longest time-out, in seconds."""
        return max(self.seconds.values())

    def timeout(self, kind: str) -> float | None:
        """Return the time-out of a kind, in seconds; ``None`` if it has none."""
        return self.seconds.get(kind, self.seconds.get(ALL))

    def reply_tokens(self, kind: str, wanted: int) -> int:
        """Return the limit of a reply's tokens."""
        return min(wanted, self.tokens.get(kind, self.tokens.get(ALL, wanted)))


def _by_kind(value: Any, highest: float) -> dict[str, Any]:
    """Return limits by kind, written as "120" or "120,transcription=300".

    Raises
    ------
    ValueError
        If it is written otherwise, or a number is not above 0 and at most ``highest``.
    """
    if isinstance(value, Mapping):
        return dict(value)
    limits: dict[str, Any] = {}
    for part in str(value).split(","):
        kind, sign, number = part.strip().rpartition("=")
        is_kind = _KIND.fullmatch(kind) is not None
        if is_kind is not bool(sign) or kind in limits or not 0 < float(number) <= highest:
            raise ValueError("a limit is written as a number or kind=number, within its range")
        limits[kind] = number
    return limits


def written(limits: Mapping[str, float]) -> str:
    """Return limits by kind in the form in which settings have them."""
    return ",".join(f"{kind}={number:g}" if kind else f"{number:g}" for kind, number in limits.items())


Timeouts = Annotated[dict[str, float], BeforeValidator(lambda value: _by_kind(value, LONGEST_TIMEOUT))]
"""Time-outs of a call in seconds, by kind of task."""

ReplyTokens = Annotated[dict[str, int], BeforeValidator(lambda value: _by_kind(value, LARGEST_REPLY))]
"""Limits of a reply's tokens, by kind of task."""
