"""Points as exact numbers: floats in files and prompts, hundredths where they are compared and shown."""

import math
from collections.abc import Iterable, Sequence
from decimal import ROUND_HALF_UP, Context, Decimal

_HUNDREDTH = Decimal("0.01")

_SHARE_DIGITS = 9
"""Digits of a percentage that count: 0.145 of a hundred is 14.499999999999998 as a float."""

_ANY_FLOAT = Context(prec=700)
"""Context with room for all digits of a float: up to 309 before its point, and 324 zeros behind it."""


def exact(points: float | Decimal) -> Decimal:
    """Return points rounded half up to the hundredth."""
    return _rounded(Decimal(str(points)))


def total(points: Iterable[float]) -> float:
    """Return the sum of points, rounded to the hundredth after the addition: three thirds are 1, not 0.99."""
    return float(_rounded(sum((Decimal(str(each)) for each in points), Decimal(0))))


def percentage(share: float) -> int:
    """Return a share in whole percent, rounded half up as points are; a float that is just short of a half is one."""
    return int(Decimal(str(round(share * 100, _SHARE_DIGITS))).to_integral_value(ROUND_HALF_UP))


def in_steps(points: float, most: float, step: float) -> float:
    """Return the nearest points that can be earned: a multiple of ``step``, or ``most``; of a tie, the higher.

    A part that is worth less than a step is therefore earned from half of its worth on.

    Raises
    ------
    ValueError
        If ``points`` is not finite.
    """
    if not math.isfinite(points):
        raise ValueError("points must be a finite number")
    whole, size = exact(most), Decimal(str(step))
    given = min(exact(max(0.0, points)), whole)
    steps = _ANY_FLOAT.divide(given, size).to_integral_value(ROUND_HALF_UP)
    multiple = min(_rounded(_ANY_FLOAT.multiply(steps, size)), whole)
    return float(whole if whole - given <= abs(multiple - given) else multiple)


def fitted(parts: Sequence[float], whole: float) -> tuple[float, ...]:
    """Return the parts rounded to hundredths, so that they sum exactly to the whole.

    No part is negative, and the order of the parts by size is kept. The sum of a rubric may be off by a hundredth or
    two, and rounding may add half a hundredth for each part. The difference is spread over the largest parts, a
    hundredth each, until none is left.
    """
    hundredths = [int(exact(part).scaleb(2, _ANY_FLOAT)) for part in parts]
    missing = int(exact(whole).scaleb(2, _ANY_FLOAT)) - sum(hundredths)
    change = 1 if missing > 0 else -1
    # Of parts with equal hundredths, the one that was larger before rounding gains first and loses last.
    order = sorted(range(len(parts)), key=lambda place: (-hundredths[place], -change * parts[place]))
    while missing:
        adjustable = [place for place in order if change > 0 or hundredths[place] > 0]
        share = max(1, abs(missing) // len(adjustable))
        for place in adjustable:
            by = change * min(share, abs(missing), share if change > 0 else hundredths[place])
            hundredths[place] += by
            missing -= by
    return tuple(float(Decimal(part).scaleb(-2, _ANY_FLOAT)) for part in hundredths)


def fitted_in_0_1_0(parts: Sequence[float], whole: float) -> tuple[float, ...]:
    """Return the parts as aita 0.1.0 fitted them to the whole: the first of the largest takes the whole difference."""
    hundredths = [exact(part) for part in parts]
    largest = hundredths.index(max(hundredths))
    hundredths[largest] = max(Decimal(0), hundredths[largest] + exact(whole) - sum(hundredths))
    return tuple(map(float, hundredths))


def _rounded(points: Decimal) -> Decimal:
    return points.quantize(_HUNDREDTH, ROUND_HALF_UP, context=_ANY_FLOAT)
