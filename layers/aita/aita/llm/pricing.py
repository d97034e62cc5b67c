"""Cost of calls: by the provider's own account, by prices that a user gives, or by aita's tables."""

import json
import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from pathlib import Path

from aita.errors import SettingsError
from aita.llm.price_table import Price, find_price
from aita.models.provider_batch import BATCH_PRICE
from aita.models.run import UNPRICED_CALL, Usage
from aita.ports import TokenUsage

_PRICES = ("input", "output", "cached_input", "cache_write")
_NUMBER = re.compile(r"[0-9]*\.?[0-9]+(?:[eE][+-]?[0-9]+)?|[0-9]+\.")
"""Decimal number; ``Decimal`` alone would take ``1_0`` for 10."""
_LISTED = re.compile(r"([^=,\s]+)=([0-9.]+(?:/[0-9.]+){1,3})")

_FORM = 'it takes {"MODEL": {"input": "0.10", "output": "0.50"}}, in USD per million tokens'

Prices = Mapping[str, Mapping[str, Decimal | str | int]]
"""Prices by the model's name, in USD per million tokens: ``input`` and ``output``; ``cached_input`` and ``cache_write``
if they differ from ``input``."""


def given_prices(prices: Prices) -> dict[str, Price]:
    """Return prices that a caller gives.

    Raises
    ------
    SettingsError
        If a price is missing, negative, a float or no number, or has another name.
    """
    if not isinstance(prices, Mapping):
        raise SettingsError(f"prices is a {type(prices).__name__}: it takes the prices by the model's name")
    return {model: _given_price(model, entry) for model, entry in prices.items()}


class _NamedTwiceError(ValueError):
    """A file of prices names a model or a price twice, of which one would count in silence."""


def _named_once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    named: dict[str, object] = {}
    for name, value in pairs:
        if name in named:
            raise _NamedTwiceError(repr(name))
        named[name] = value
    return named


def read_prices(path: str | Path) -> Prices:
    """Return the prices in a file: JSON, as ``given_prices`` takes them, where numbers may be plain.

    Raises
    ------
    SettingsError
        If the file can't be read, holds something else, or names a model or price twice.
    """
    try:
        text = Path(path).read_text("utf-8-sig")
        prices = json.loads(text, parse_float=str, parse_int=str, object_pairs_hook=_named_once)
    except (OSError, ValueError) as error:
        no_json = f"it names {error} twice" if isinstance(error, _NamedTwiceError) else "it is no JSON"
        reason = error.strerror if isinstance(error, OSError) else no_json
        raise SettingsError(f"AITA_PRICES: {path} can't be read ({reason}): {_FORM}") from None
    try:
        given_prices(prices)
    except SettingsError as error:
        raise SettingsError(f"AITA_PRICES: {path}: {error}") from None
    read: Prices = prices
    return read


def listed_prices(text: str) -> dict[str, Price]:
    """Return the prices in a stack's parameter: ``MODEL=INPUT/OUTPUT[/CACHED_INPUT[/CACHE_WRITE]]``, by commas.

    Raises
    ------
    SettingsError
        If an entry has another form.
    """
    entries = {}
    for part in filter(None, map(str.strip, text.split(","))):
        if (found := _LISTED.fullmatch(part)) is None:
            raise SettingsError(
                f"the prices {part!r} are wrong: they take MODEL=INPUT/OUTPUT, and /CACHED_INPUT/CACHE_WRITE if they "
                "differ from INPUT, in USD per million tokens"
            )
        if found[1] in entries:
            raise SettingsError(f"the prices name {found[1]!r} twice")
        entries[found[1]] = dict(zip(_PRICES, found[2].split("/"), strict=False))
    return given_prices(entries)


def as_list(prices: Prices) -> str:
    """Return prices as ``listed_prices`` reads them.

    Raises
    ------
    SettingsError
        If a model's name can't be listed.
    """
    parts = []
    for model, entry in prices.items():
        stated = {name: str(amount) for name, amount in entry.items()}
        cached = stated.get("cached_input", stated["input"])
        amounts = [stated["input"], stated["output"], cached, stated.get("cache_write", stated["input"])]
        part = f"{model}={'/'.join(f'{Decimal(amount):f}' for amount in amounts)}"
        if not _LISTED.fullmatch(part):
            raise SettingsError(f"the prices of {model!r} can't be given to a stack: its name has a space, , or =")
        parts.append(part)
    return ",".join(parts)


def _given_price(model: str, entry: Mapping[str, Decimal | str | int]) -> Price:
    if not isinstance(entry, Mapping) or not {"input", "output"} <= entry.keys() <= {*_PRICES}:
        raise SettingsError(
            f"the prices of {model!r} are wrong: give input and output, and cached_input and cache_write if they "
            "differ from input, in USD per million tokens"
        )
    return Price.of({name: _stated(model, name, amount) for name, amount in entry.items()})


def _stated(model: str, name: str, amount: object) -> Decimal:
    """Return a price in USD per million tokens."""
    is_number = isinstance(amount, Decimal | int) and not isinstance(amount, bool)
    is_text = isinstance(amount, str) and _NUMBER.fullmatch(amount.strip()) is not None
    try:
        if isinstance(amount, Decimal | str | int) and (is_number or is_text):
            price = Decimal(amount)
            if price.is_finite() and price >= 0:
                return price
    except InvalidOperation:
        pass
    raise SettingsError(
        f"the {name} price of {model!r} is wrong: it takes a Decimal or a text such as '0.15', USD per million tokens"
    )


def highest_cost(
    input_tokens: int, output_tokens: int, base_url: str, model: str, given: Price | None = None, on: date | None = None
) -> Decimal | None:
    """Return the highest possible cost of a call with this many tokens, in USD; ``None`` if the price is unknown.

    It assumes that no input is cached, and that all of it is written to the cache where that costs more.

    Parameters
    ----------
    given
        Price that counts in place of the table's.
    on
        Day of the call (UTC); today by default.
    """
    price = given or find_price(base_url, model, input_tokens, on or _today())
    if price is None:
        return None
    return input_tokens * max(price.input, price.cache_write) + output_tokens * price.output


def in_batch(usage: Usage) -> Usage:
    """Return the usage of a call that was made in a provider's batch, from that of an ordinary one."""
    return usage.model_copy(update={"batch_calls": usage.calls, "cost_usd": usage.cost_usd * BATCH_PRICE})


def usage_of(
    tokens: TokenUsage | None, base_url: str, model: str, given: Price | None = None, on: date | None = None
) -> Usage:
    """Return the usage and cost of one call.

    The provider's own account of the cost counts first, then a ``given`` price, then the table's. Without any of them,
    or if the provider did not report the tokens, the cost is unknown and the call counts as unpriced. Calls with the
    same tokens share the object, as a batch keeps one for each.
    """
    return _usage_of(tokens, base_url, model, given, on or _today())


@lru_cache(maxsize=4096)
def _usage_of(tokens: TokenUsage | None, base_url: str, model: str, given: Price | None, on: date) -> Usage:
    if tokens is None:
        return UNPRICED_CALL
    cost = tokens.cost_usd
    if cost is None and (price := given or find_price(base_url, model, tokens.input_tokens, on)) is not None:
        cost = _cost(tokens, price)
    amounts = {
        "input_tokens": tokens.input_tokens,
        "cached_input_tokens": tokens.cached_input_tokens,
        "output_tokens": tokens.output_tokens,
        "cost_usd": cost,
        "unpriced_calls": int(cost is None),
    }
    # An object remembers which fields it was given, and with all of them takes twice the memory.
    return Usage.model_validate({"calls": 1} | {name: amount for name, amount in amounts.items() if amount})


def _cost(tokens: TokenUsage, price: Price) -> Decimal:
    uncached = tokens.input_tokens - tokens.cached_input_tokens - tokens.cache_write_tokens
    return (
        uncached * price.input
        + tokens.cached_input_tokens * price.cached_input
        + tokens.cache_write_tokens * price.cache_write
        + tokens.output_tokens * price.output
    )


def _today() -> date:
    return datetime.now(UTC).date()
