"""Feed a parser for some seconds, the same inputs in the same order every time, and shrink the first that breaks it."""

import time
from dataclasses import dataclass
from typing import Any

from hypothesis import HealthCheck, Phase, given, seed, settings

from tests.fuzz.targets import Target

_EXAMPLES = 100  # for each seed
_SHOWN = 300  # characters of an input that broke a parser


@dataclass(frozen=True, slots=True)
class Found:
    """What came of fuzzing a parser: with ``seeds`` from 0 on, and ``failure`` empty if nothing broke."""

    seeds: int
    inputs: int
    failure: str = ""


def fuzz(target: Target, seconds: float) -> Found:
    """Feed a parser until the time is up, with one seed at least."""
    end = time.monotonic() + seconds
    seeds = inputs = 0
    last: Any = None
    while seeds == 0 or time.monotonic() < end:

        @seed(seeds)
        @settings(
            max_examples=_EXAMPLES,
            deadline=None,
            database=None,
            report_multiple_bugs=False,
            phases=(Phase.generate, Phase.shrink),
            suppress_health_check=list(HealthCheck),
        )
        @given(target.inputs)
        def feed(value: Any) -> None:
            nonlocal inputs, last
            inputs += 1
            last = value
            try:
                target.parse(value)
            except target.allowed:
                return

        try:
            feed()
        except Exception as error:  # noqa: BLE001 - whatever it is, it is what was looked for
            # One that its input brings but once comes in a group, the error that was seen at its head.
            seen = error.exceptions[0] if isinstance(error, ExceptionGroup) else error
            return Found(seeds, inputs, f"seed {seeds}: {type(seen).__name__} for {repr(last)[:_SHOWN]}")
        seeds += 1
    return Found(seeds, inputs)
