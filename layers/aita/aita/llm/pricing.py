"""What tokens cost. The one table is ``prices.json``, with its date and source."""

import json
import re
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from importlib import resources
from typing import Any
from urllib.parse import urlsplit

from aita.models.run import Usage
from aita.ports import TokenUsage

_MILLION = Decimal(1_000_000)
_LONG_INPUT, _LONG_OUTPUT = Decimal(2), Decimal("1.5")
_DATE = re.compile(r"-\d{4}-\d{2}-\d{2}$")


@dataclass(frozen=True, slots=True)
class _Price:
    """What a call's tokens cost, in USD for each: fresh input, input from the cache and into it, and output."""

    input: Decimal
    cached_input: Decimal
    cache_write: Decimal
    output: Decimal


@cache
def price_table() -> dict[str, Any]:
    """Return the table: ``as_of``, ``source`` and, by model, the prices in USD per million tokens."""
    table: dict[str, Any] = json.loads(resources.files("aita").joinpath("llm", "prices.json").read_text("utf-8"))
    return table


def highest_cost(input_tokens: int, output_tokens: int, base_url: str, model: str) -> Decimal | None:
    """Return the most that a call of so many tokens can cost in USD; ``None`` if the price is not known.

    None of its input is cached, and all of it is written to the cache where that costs more.
    """
    price = _price(base_url, model, input_tokens)
    if price is None:
        return None
    return input_tokens * max(price.input, price.cache_write) + output_tokens * price.output


def usage_of(tokens: TokenUsage | None, base_url: str, model: str) -> Usage:
    """Return what one call used and cost.

    A model that the table does not have, or that another provider than the table's serves, has an
    unknown cost, and so has a call whose tokens the provider did not tell: it counts as unpriced.
    """
    if tokens is None:
        return Usage(calls=1, unpriced_calls=1)
    price = _price(base_url, model, tokens.input_tokens)
    if price is None:
        cost, unpriced = Decimal(0), 1
    else:
        fresh = tokens.input_tokens - tokens.cached_input_tokens - tokens.cache_write_tokens
        cost = (
            fresh * price.input
            + tokens.cached_input_tokens * price.cached_input
            + tokens.cache_write_tokens * price.cache_write
            + tokens.output_tokens * price.output
        )
        unpriced = 0
    return Usage(
        calls=1,
        input_tokens=tokens.input_tokens,
        cached_input_tokens=tokens.cached_input_tokens,
        output_tokens=tokens.output_tokens,
        cost_usd=cost,
        unpriced_calls=unpriced,
    )


def _price(base_url: str, model: str, input_tokens: int) -> _Price | None:
    """Return what a model's tokens cost in a call with so many of input; a dated snapshot costs what its model does."""
    models = price_table()["models"]
    entry: dict[str, Any] | None = models.get(model) or models.get(_DATE.sub("", model))
    if entry is None or entry["provider"] != urlsplit(base_url).hostname:
        return None
    is_long = input_tokens > entry.get("long_above", input_tokens)
    for_input, for_output = (_LONG_INPUT, _LONG_OUTPUT) if is_long else (Decimal(1), Decimal(1))
    return _Price(
        input=Decimal(entry["input"]) * for_input / _MILLION,
        cached_input=Decimal(entry["cached_input"]) * for_input / _MILLION,
        cache_write=Decimal(entry.get("cache_write", entry["input"])) * for_input / _MILLION,
        output=Decimal(entry["output"]) * for_output / _MILLION,
    )
