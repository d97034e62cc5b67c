"""Estimate of the time that a run takes, as a range, before its start."""

from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from math import ceil

from aita.models.api import DurationEstimate, StageEstimate
from aita.models.provider_batch import BatchUse
from aita.models.run import SIMULATED, RunSettings
from aita.services.runs.aws_price import IMAGE_SECONDS, SECONDS_PER_CALL, Work

_DAY = 24 * 3600

_ASSUMED = SECONDS_PER_CALL / 2, SECONDS_PER_CALL * 2
"""Seconds of a call of which nothing is known: half and twice what the bill assumes."""

_SIMULATED = 0.0, 1.0
"""Seconds of a call of the simulated model."""

_SPREAD = 0.75, 1.5
"""Factors by which another run's calls may be faster or slower than those of an earlier one."""

_OF_STAGE = 5.0, 20.0
"""Assumed seconds that a stage takes beside its tasks: to plan, start and collect them."""

_IMAGES = 1, 3
"""Factors of the measured time of images, as pages differ."""

_REPORT_SECONDS = 1
"""Seconds of a report, as the bill takes it."""

_MINUTES = (1, 2, 3, 5, 10, 15, 20, 30, 45, 60, 90, 120, 180, 240, 360, 480, 720, 1440, 2880)
"""Times in words, in minutes: nothing between two of them is known."""


def duration_of(
    stages: Sequence[tuple[StageEstimate, Work]],
    settings: RunSettings,
    history: Mapping[tuple[str, str], float],
    uncounted: Sequence[str] = (),
) -> DurationEstimate:
    """Return the range of a run's time, with its basis.

    Of each stage it is the larger one of the time that its calls take, so many at once, and of the time in which the
    rate limits let them go; and the time of its images and reports.

    Parameters
    ----------
    stages
        Each stage with its work.
    history
        Seconds of a call in earlier runs, by stage and model.
    uncounted
        Names of stages whose calls are not known.
    """
    ends = [0.0, 0.0]
    for end in (0, 1):
        for estimate, work in stages:
            known = history.get((estimate.stage, estimate.model))
            call = known * _SPREAD[end] if known is not None else _unknown(estimate.model)[end]
            ends[end] += _seconds(estimate, work, settings, call, _IMAGES[end]) + _OF_STAGE[end]
    asking = [estimate for estimate, _ in stages if estimate.calls]
    basis = [_limits(settings), *_calls(asking, history)]
    basis.append(f"{_OF_STAGE[0]:g} to {_OF_STAGE[1]:g} s are assumed for the start and the end of each stage")
    if uncounted:
        basis.append(f"the time of {', '.join(uncounted)} comes on top: the calls are not known yet")
    if settings.review:
        basis.append("the time in which the run waits for people is not in it")
    if settings.provider_batch is not BatchUse.NEVER and asking:
        basis.append("the provider's batches may take a day for each stage that asks a model")
        ends[1] = max(ends[1], float(len(asking) * _DAY))
    return DurationEstimate(low_seconds=ends[0], high_seconds=ends[1], text=in_words(*ends), basis=tuple(basis))


def in_words(low: float, high: float) -> str:
    """Return a range of seconds in words, rounded outwards: ``about 10 to 20 minutes``."""
    if high <= _MINUTES[0] * 60:
        return "less than a minute"
    last = len(_MINUTES) - 1
    to_place = bisect_left(_MINUTES, high / 60)
    from_place = bisect_right(_MINUTES, low / 60) - 1
    if from_place == last:
        return "more than 2 days"
    to_place = max(to_place, from_place + 1)  # two ends, also if both are one of these times
    if to_place > last:
        return f"{_of_unit(_MINUTES[from_place])} to several days" if from_place >= 0 else "up to several days"
    longest = _of_unit(_MINUTES[to_place])
    if from_place < 0:
        return f"up to {longest}"
    shortest = _of_unit(_MINUTES[from_place])
    number, unit = shortest.split(" ")
    same = unit.rstrip("s") == longest.split(" ")[1].rstrip("s")
    return f"about {number if same else shortest} to {longest}"


def _of_unit(minutes: int) -> str:
    if minutes < 120:  # noqa: PLR2004 - two hours, from which on a range is in hours
        return f"{minutes} {'minute' if minutes == 1 else 'minutes'}"
    return f"{minutes // 60} hours"


def _seconds(estimate: StageEstimate, work: Work, settings: RunSettings, call: float, images: int) -> float:
    asked = ceil(estimate.calls / settings.max_workers) * call
    paced = estimate.calls / settings.rate_limit_rps if settings.rate_limit_rps else 0.0
    tokens = estimate.input_tokens + estimate.output_tokens
    counted = 60 * tokens / settings.rate_limit_tpm if settings.rate_limit_tpm else 0.0
    drawn = images * (float(IMAGE_SECONDS) * (work.pages + work.strips) + _REPORT_SECONDS * work.reports)
    return max(asked, paced, counted) + drawn / max(1, min(settings.max_workers, work.tasks))


def _unknown(model: str) -> tuple[float, float]:
    return _SIMULATED if model == SIMULATED else _ASSUMED


def _limits(settings: RunSettings) -> str:
    limits = [
        f"at most {settings.rate_limit_rps:g} calls a second" if settings.rate_limit_rps else "",
        f"at most {settings.rate_limit_tpm:,.0f} tokens a minute" if settings.rate_limit_tpm else "",
    ]
    return ", ".join(filter(None, (f"{settings.max_workers:,} tasks at once", *limits)))


def _calls(asking: Sequence[StageEstimate], history: Mapping[tuple[str, str], float]) -> list[str]:
    known = [each for each in asking if (each.stage, each.model) in history]
    found = [
        f"{each.stage}: about {history[each.stage, each.model]:.2g} s a call, as in an earlier run" for each in known
    ]
    for model in dict.fromkeys(each.model for each in asking if each not in known):
        names = ", ".join(each.stage for each in asking if each not in known and each.model == model)
        low, high = _unknown(model)
        found.append(f"{names}: {low:g} to {high:g} s a call are assumed, as no run of the model {model} is known")
    return found
