"""What tokens cost. The one table is ``prices.json``, with its date and source."""

import json
from decimal import Decimal
from functools import cache
from importlib import resources
from typing import Any
from urllib.parse import urlsplit

from aita.models.run import Usage
from aita.services.protocols import TokenUsage

_MILLION = Decimal(1_000_000)


@cache
def price_table() -> dict[str, Any]:
    """Return the table: ``as_of``, ``source`` and, by model, the prices in USD per million tokens."""
    table: dict[str, Any] = json.loads(resources.files("aita").joinpath("llm", "prices.json").read_text("utf-8"))
    return table


def highest_cost(input_tokens: int, output_tokens: int, base_url: str, model: str) -> Decimal | None:
    """Return what so many tokens cost in USD, none of them cached; ``None`` if the price is not known."""
    prices = _prices(base_url, model)
    if prices is None:
        return None
    return (input_tokens * Decimal(prices["input"]) + output_tokens * Decimal(prices["output"])) / _MILLION


def _prices(base_url: str, model: str) -> dict[str, Any] | None:
    prices: dict[str, Any] | None = price_table()["models"].get(model)
    return prices if prices is not None and prices["provider"] == urlsplit(base_url).hostname else None


def usage_of(tokens: TokenUsage | None, base_url: str, model: str) -> Usage:
    """Return what one call used and cost.

    A model that the table does not have, or that another provider than the table's serves, has an
    unknown cost, and so has a call whose tokens the provider did not tell: it counts as unpriced.
    """
    if tokens is None:
        return Usage(calls=1, unpriced_calls=1)
    prices = _prices(base_url, model)
    if prices is None:
        cost, unpriced = Decimal(0), 1
    else:
        fresh = tokens.input_tokens - tokens.cached_input_tokens
        cost = (
            fresh * Decimal(prices["input"])
            + tokens.cached_input_tokens * Decimal(prices["cached_input"])
            + tokens.output_tokens * Decimal(prices["output"])
        ) / _MILLION
        unpriced = 0
    return Usage(
        calls=1,
        input_tokens=tokens.input_tokens,
        cached_input_tokens=tokens.cached_input_tokens,
        output_tokens=tokens.output_tokens,
        cost_usd=cost,
        unpriced_calls=unpriced,
    )
