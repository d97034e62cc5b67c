"""Write aita's tables of prices from genai-prices (MIT), by provider, with a line for each name of a model.

The package itself is not in the layer: it takes longer to import than a function may take to start, and most of it is
of providers that nobody sends a page to.
"""

import json
import re
import sys
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from importlib import import_module, metadata
from pathlib import Path
from typing import Any

TABLES = Path(__file__).parents[1] / "aita" / "aita" / "llm" / "prices"

PROVIDERS = {
    "anthropic": "anthropic",
    "aws": "bedrock",
    "deepseek": "deepseek",
    "google": "google",
    "groq": "groq",
    "mistral": "mistral",
    "openai": "openai",
    "openrouter": "openrouter",
    "together": "together",
    "x-ai": "xai",
}
"""Table of each provider of genai-prices that aita has a use for."""

PRICES = {
    "input": "input_mtok",
    "cached_input": "cache_read_mtok",
    "cache_write": "cache_write_mtok",
    "output": "output_mtok",
}
BESIDE = {
    "cache_write_1h_mtok",
    "storage_searches_kcount",
    "web_searches_kcount",
    *(f"{way}_{kind}_mtok" for way in ("input", "output", "cache") for kind in ("audio", "video")),
    "cache_audio_read_mtok",
}
"""Prices of what aita does not use; a model with any further price, such as one of a request, is left out."""

NO_CHAT = re.compile(r"audio|embed|image|live|moderation|:batch|ocr|realtime|speech|transcri|tts|whisper|^ft:|\bft-")
REGIONS = ("us", "eu", "apac", "au", "jp", "in", "us-gov", "global")
"""Prefixes of Bedrock's inference profiles."""


def tables(providers: list[Any], today: date) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the name of each table, and its models."""
    for provider in providers:
        if provider.id in PROVIDERS:
            models: dict[str, Any] = {}
            for model in sorted(provider.models, key=lambda each: str(each.id)):
                names = sorted({name for name in _names(provider, model) if provider.find_model(name) is model})
                if names and (rows := _rows(model, today)):
                    models |= {names[0]: rows} | dict.fromkeys(names[1:], names[0])
            yield PROVIDERS[provider.id], models


def _names(provider: Any, model: Any) -> Iterator[str]:
    """Yield names that a request may have for a model, of which some may not be its own."""
    found = [
        model.id,
        *(clause.equals for clause in getattr(model.match, "or_", [model.match]) if hasattr(clause, "equals")),
    ]
    for name in found:
        if NO_CHAT.search(name):
            continue
        if provider.id != "aws":
            yield name
            continue
        plain = re.sub(rf"^(regional|{'|'.join(REGIONS)})\.", "", name)
        for each in (plain, re.sub(r"(-v\d+)?:\d+$", "", plain)):
            if "." in each:  # Bedrock's names begin with the vendor's
                yield from (each, *(f"{region}.{each}" for region in REGIONS))


def _rows(model: Any, today: date) -> list[dict[str, Any]]:
    """Return a model's prices of today and later; none if they depend on the hour, or on more than tokens."""
    periods = [(None, model.prices)]
    if isinstance(model.prices, list):
        if any(hasattr(each.constraint, "start_time") for each in model.prices):
            return []
        periods = [(getattr(each.constraint, "start_date", None), each.prices) for each in model.prices]
    past = [each for each in periods if each[0] is None or each[0] <= today]
    rows = []
    for start, prices in [(None, past[-1][1]), *(each for each in periods if each not in past)]:
        given = {name: price for name, price in vars(prices).items() if price is not None and not name.startswith("_")}
        if not {"input_mtok", "output_mtok"} <= given.keys() or given.keys() - {*PRICES.values(), *BESIDE}:
            return []
        tiers = {tier.start for price in given.values() for tier in getattr(price, "tiers", ())}
        for above in (None, *sorted(tiers)):
            row: dict[str, Any] = {} if start is None else {"from": start.isoformat()}
            if above is not None:
                row["above"] = above
            rows.append(row | {name: _usd(given[key], above) for name, key in PRICES.items() if key in given})
    return rows


def _usd(price: Any, above: int | None) -> str:
    """Return a price in USD per million tokens, in calls of more than this much input."""
    if above is not None and hasattr(price, "tiers"):
        price = ([price.base, *(tier.price for tier in price.tiers if tier.start <= above)])[-1]
    return f"{Decimal(getattr(price, 'base', price)):f}"


def main() -> None:
    """Write every table."""
    now = datetime.now(UTC).date()
    version = metadata.version("genai-prices")
    for name, models in tables(import_module("genai_prices.data").providers, now):
        about = {"as_of": now.isoformat(), "source": f"genai-prices {version}, by Pydantic Services Inc., MIT licence"}
        lines = [f"  {json.dumps(model)}: {json.dumps(rows)}" for model, rows in sorted(models.items())]
        head = "".join(f" {json.dumps(key)}: {json.dumps(value)},\n" for key, value in about.items())
        text = f'{{\n{head} "models": {{\n' + ",\n".join(lines) + "\n }\n}\n"
        json.loads(text)
        (TABLES / f"{name}.json").write_text(text)
        sys.stdout.write(f"{name}: {len(models)} names, {len(text) / 1000:.0f} kB\n")


if __name__ == "__main__":
    main()
