"""Points as exact numbers: floats in files and prompts, hundredths where they are compared and shown."""

import math
from collections.abc import Iterable, Sequence
from decimal import ROUND_HALF_UP, Context, Decimal

_HUNDREDTH = Decimal("0.01")

_ANY_FLOAT = Context(prec=700)
"""Has room for all digits of a float: up to 309 before its point, and 324 zeros behind it."""


def exact(points: float) -> Decimal:
    """Return points with two decimals, as they are written."""
    return _rounded(Decimal(str(points)))


def total(points: Iterable[float]) -> float:
    """Return the sum of points, rounded to the hundredth once it is made: three thirds are 1, and not 0.99."""
    return float(_rounded(sum((Decimal(str(each)) for each in points), Decimal(0))))


def in_steps(points: float, most: float, step: float) -> float:
    """Return the nearest that can be earned: a multiple of ``step``, or ``most``; of two equally near the higher one.

    So a part that is worth less than a step is earned from half of it on.
    """
    if not math.isfinite(points):
        raise ValueError("points must be a finite number")
    whole, size = exact(most), Decimal(str(step))
    given = min(exact(max(0.0, points)), whole)
    steps = _ANY_FLOAT.divide(given, size).to_integral_value(ROUND_HALF_UP)
    multiple = min(_rounded(_ANY_FLOAT.multiply(steps, size)), whole)
    return float(whole if whole - given <= abs(multiple - given) else multiple)


def fitted(parts: Sequence[float], whole: float) -> tuple[float, ...]:
    """Return parts in hundredths that sum exactly to the whole; none is negative, and a larger one is never less.

    A rubric may be off by a hundredth or two, and rounding each part may add half of one for each: the largest parts
    make up for a hundredth each until nothing is over.
    """
    hundredths = [int(exact(part).scaleb(2, _ANY_FLOAT)) for part in parts]
    missing = int(exact(whole).scaleb(2, _ANY_FLOAT)) - sum(hundredths)
    change = 1 if missing > 0 else -1
    # Of parts that are rounded to the same, the larger is the first to gain and the last to lose.
    order = sorted(range(len(parts)), key=lambda place: (-hundredths[place], -change * parts[place]))
    while missing:
        able = [place for place in order if change > 0 or hundredths[place] > 0]
        share = max(1, abs(missing) // len(able))
        for place in able:
            by = change * min(share, abs(missing), share if change > 0 else hundredths[place])
            hundredths[place] += by
            missing -= by
    return tuple(float(Decimal(part).scaleb(-2, _ANY_FLOAT)) for part in hundredths)


def fitted_in_0_1_0(parts: Sequence[float], whole: float) -> tuple[float, ...]:
    """Return parts as aita 0.1.0 made them sum to the whole: the first of the largest makes up for all hundredths."""
    hundredths = [exact(part) for part in parts]
    largest = hundredths.index(max(hundredths))
    hundredths[largest] = max(Decimal(0), hundredths[largest] + exact(whole) - sum(hundredths))
    return tuple(map(float, hundredths))


def _rounded(points: Decimal) -> Decimal:
    return points.quantize(_HUNDREDTH, ROUND_HALF_UP, context=_ANY_FLOAT)
