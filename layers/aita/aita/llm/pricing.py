"""Prices of tokens, from the table ``prices.json``, which has its date and source."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from functools import cache, lru_cache
from importlib import resources
from typing import Any
from urllib.parse import urlsplit

from aita.errors import SettingsError
from aita.models.run import UNPRICED_CALL, Usage
from aita.ports import TokenUsage

_MILLION = Decimal(1_000_000)
_LONG_INPUT, _LONG_OUTPUT = Decimal(2), Decimal("1.5")
_PRICES = {"input", "cached_input", "cache_write", "output"}
_DATE = re.compile(r"-\d{4}-\d{2}-\d{2}$")


@dataclass(frozen=True, slots=True)
class Price:
    """Prices of a call's tokens, in USD per token: uncached input, input read from and written to the cache, output."""

    input: Decimal
    cached_input: Decimal
    cache_write: Decimal
    output: Decimal


@cache
def price_table() -> dict[str, Any]:
    """Return the table: ``as_of``, ``source`` and, by model, the prices in USD per million tokens."""
    table: dict[str, Any] = json.loads(resources.files("aita").joinpath("llm", "prices.json").read_text("utf-8"))
    return table


def given_prices(prices: Mapping[str, Mapping[str, Decimal | str | int]]) -> dict[str, Price]:
    """Return prices that a caller gives by model, in USD per million tokens.

    Each model has ``input`` and ``output``; without ``cached_input`` and ``cache_write``, these cost as much as
    ``input``.

    Raises
    ------
    SettingsError
        If a price is missing, negative, a float or no number, or has another name.
    """
    if not isinstance(prices, Mapping):
        raise SettingsError(f"prices is a {type(prices).__name__}: it takes the prices by the model's name")
    return {model: _given_price(model, entry) for model, entry in prices.items()}


def _given_price(model: str, entry: Mapping[str, Decimal | str | int]) -> Price:
    if not isinstance(entry, Mapping) or not {"input", "output"} <= entry.keys() <= _PRICES:
        raise SettingsError(
            f"the prices of {model!r} are wrong: give input and output, and cached_input and cache_write if they "
            "differ from input, in USD per million tokens"
        )
    usd = {name: _usd(model, name, amount) for name, amount in entry.items()}
    return Price(
        input=usd["input"],
        cached_input=usd.get("cached_input", usd["input"]),
        cache_write=usd.get("cache_write", usd["input"]),
        output=usd["output"],
    )


def _usd(model: str, name: str, amount: object) -> Decimal:
    """Return a price in USD per token."""
    try:
        if isinstance(amount, Decimal | str | int) and not isinstance(amount, bool):
            price = Decimal(amount)
            if price.is_finite() and price >= 0:
                return price / _MILLION
    except InvalidOperation:
        pass
    raise SettingsError(
        f"the {name} price of {model!r} is wrong: it takes a Decimal or a text such as '0.15', USD per million tokens"
    )


def highest_cost(
    input_tokens: int, output_tokens: int, base_url: str, model: str, given: Price | None = None
) -> Decimal | None:
    """Return the highest possible cost of a call with this many tokens, in USD; ``None`` if the price is unknown.

    It assumes that no input is cached, and that all of it is written to the cache where that costs more. A ``given``
    price counts in place of the table's.
    """
    price = given or _price(base_url, model, input_tokens)
    if price is None:
        return None
    return input_tokens * max(price.input, price.cache_write) + output_tokens * price.output


@lru_cache(maxsize=4096)
def usage_of(tokens: TokenUsage | None, base_url: str, model: str, given: Price | None = None) -> Usage:
    """Return the usage and cost of one call.

    The cost is unknown, and the call counts as unpriced, if the table lacks the model or has it for another provider,
    or if the provider did not report the tokens. A ``given`` price counts in place of the table's. Calls with the same
    tokens share the object, as a batch keeps one for each.
    """
    if tokens is None:
        return UNPRICED_CALL
    price = given or _price(base_url, model, tokens.input_tokens)
    if price is None:
        cost, unpriced = Decimal(0), 1
    else:
        uncached = tokens.input_tokens - tokens.cached_input_tokens - tokens.cache_write_tokens
        cost = (
            uncached * price.input
            + tokens.cached_input_tokens * price.cached_input
            + tokens.cache_write_tokens * price.cache_write
            + tokens.output_tokens * price.output
        )
        unpriced = 0
    amounts = {
        "input_tokens": tokens.input_tokens,
        "cached_input_tokens": tokens.cached_input_tokens,
        "output_tokens": tokens.output_tokens,
        "cost_usd": cost,
        "unpriced_calls": unpriced,
    }
    # An object remembers which fields it was given, and with all of them takes twice the memory.
    return Usage.model_validate({"calls": 1} | {name: amount for name, amount in amounts.items() if amount})


def _price(base_url: str, model: str, input_tokens: int) -> Price | None:
    """Return a model's prices in a call with this much input."""
    entry = _entry(base_url, model)
    if entry is None:
        return None
    is_long = input_tokens > entry.get("long_above", input_tokens)
    for_input, for_output = (_LONG_INPUT, _LONG_OUTPUT) if is_long else (Decimal(1), Decimal(1))
    return Price(
        input=Decimal(entry["input"]) * for_input / _MILLION,
        cached_input=Decimal(entry["cached_input"]) * for_input / _MILLION,
        cache_write=Decimal(entry.get("cache_write", entry["input"])) * for_input / _MILLION,
        output=Decimal(entry["output"]) * for_output / _MILLION,
    )


@cache
def _entry(base_url: str, model: str) -> dict[str, Any] | None:
    """Return a model's entry in the table; a dated snapshot has that of its model."""
    models = price_table()["models"]
    entry: dict[str, Any] | None = models.get(model) or models.get(_DATE.sub("", model))
    return entry if entry is not None and entry["provider"] == urlsplit(base_url).hostname else None
