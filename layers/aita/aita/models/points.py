"""Points as exact numbers: floats in files and prompts, hundredths where they are added and compared."""

import math
from collections.abc import Iterable, Sequence
from decimal import ROUND_HALF_UP, Decimal

_HUNDREDTH = Decimal("0.01")


def exact(points: float) -> Decimal:
    """Return points with two decimals, as they are written."""
    return Decimal(str(points)).quantize(_HUNDREDTH, ROUND_HALF_UP)


def total(points: Iterable[float]) -> float:
    """Return the sum of points, exact to the hundredth whatever their order."""
    return float(sum((exact(each) for each in points), Decimal(0)))


def in_steps(points: float, most: float, step: float) -> float:
    """Return points clamped to 0 and ``most`` and rounded to a multiple of ``step``, halves up.

    All of ``most`` can always be earned, also where it is no multiple.
    """
    if not math.isfinite(points):
        raise ValueError("points must be a finite number")
    if points >= most:
        return float(exact(most))
    steps = (exact(max(0.0, points)) / Decimal(str(step))).quantize(Decimal(1), ROUND_HALF_UP)
    return float(min(exact(float(steps * Decimal(str(step)))), exact(most)))


def fitted(parts: Sequence[float], whole: float) -> tuple[float, ...]:
    """Return parts that sum exactly to the whole: rubrics may be off by a hundredth, which the largest part takes."""
    fitting = [exact(part) for part in parts]
    largest = fitting.index(max(fitting))
    fitting[largest] = max(Decimal(0), fitting[largest] + exact(whole) - sum(fitting))
    return tuple(float(part) for part in fitting)
