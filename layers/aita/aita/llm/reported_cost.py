"""Provider's own account of what a call cost, from the text of its JSON."""

from decimal import Decimal, InvalidOperation
from typing import Any, Self

_MOST_USD = 1_000  # more than any call can cost
_DECIMALS = 15  # JSON's numbers may have hundreds, and no store has room for them


class ExactNumber(float):
    """A JSON number with its text, as an amount of money is no float."""

    __slots__ = ("text",)

    text: str

    def __new__(cls, text: str) -> Self:
        """Return the number of a text."""
        number = super().__new__(cls, text)
        number.text = text
        return number


def reported_cost(usage: dict[str, Any]) -> Decimal | None:
    """Return the provider's own account of a call's cost in USD, as OpenRouter gives it; ``None`` if there is none.

    With a key of the user's own, ``cost`` is OpenRouter's share alone, and the provider's stands beside it. A cost of
    zero tells nothing: gateways send it for models whose price they do not know.
    """
    cost = _amount(usage.get("cost"))
    if usage.get("is_byok"):
        details = usage.get("cost_details")
        upstream = _amount(details.get("upstream_inference_cost")) if isinstance(details, dict) else None
        cost = None if cost is None or upstream is None else cost + upstream
    return cost or None


def _amount(value: Any) -> Decimal | None:
    if isinstance(value, bool) or not isinstance(value, int | ExactNumber):
        return None
    try:
        amount = Decimal(value.text if isinstance(value, ExactNumber) else value)
        return round(amount, _DECIMALS) if 0 <= amount <= _MOST_USD else None
    except InvalidOperation:
        return None
