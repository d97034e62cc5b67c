"""Prices of the providers' models, from the tables in ``prices``, which ``layers/builds/prices.py`` makes.

A process loads the table of its own provider, once. A model has rows of prices: the last that has begun (``from``)
counts, and of these the one for a call with this much input (``above``). An entry may be the name of another one.
"""

import json
import re
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache, lru_cache
from importlib import resources
from typing import Any
from urllib.parse import urlsplit

PER = Decimal(1_000_000)
"""Tokens that a stated price is for."""

_TABLES = {
    "127.0.0.1": "simulated",
    "api.anthropic.com": "anthropic",
    "api.deepseek.com": "deepseek",
    "api.groq.com": "groq",
    "api.mistral.ai": "mistral",
    "api.openai.com": "openai",
    "api.together.ai": "together",
    "api.together.xyz": "together",
    "api.x.ai": "xai",
    "bedrock": "bedrock",
    "generativelanguage.googleapis.com": "google",
    "openrouter.ai": "openrouter",
}
"""Table of each host; a regional host is another provider, with prices of its own."""

_BEDROCK = re.compile(r"bedrock(-runtime)?\.[a-z0-9-]+\.amazonaws\.com")
_DATE = re.compile(r"-(\d{4}-\d{2}-\d{2}|\d{8})$")
_PATH = re.compile(r"^(models/|arn:[^/]*/)")
"""What precedes a model's name at some providers: Gemini's ``models/``, and the ARN of an inference profile."""


@dataclass(frozen=True, slots=True)
class Price:
    """Prices of a call's tokens, in USD per token: uncached input, input read from and written to the cache, output."""

    input: Decimal
    cached_input: Decimal
    cache_write: Decimal
    output: Decimal

    @classmethod
    def of(cls, stated: dict[str, Any]) -> "Price":
        """Return the price of an entry with ``input`` and ``output``, in USD per million tokens.

        Without ``cached_input`` and ``cache_write``, these cost as much as ``input``.
        """
        usd = {
            name: Decimal(stated[name]) / PER
            for name in ("input", "cached_input", "cache_write", "output")
            if name in stated
        }
        return cls(**{"cached_input": usd["input"], "cache_write": usd["input"]} | usd)


@dataclass(frozen=True, slots=True)
class _Row:
    start: date
    above: int
    price: Price


@cache
def table(name: str) -> dict[str, Any]:
    """Return a table: ``as_of``, ``source`` and, by model, rows of prices in USD per million tokens."""
    text = resources.files("aita").joinpath("llm", "prices", f"{name}.json").read_text("utf-8")
    read: dict[str, Any] = json.loads(text)
    return read


def table_name(base_url: str) -> str | None:
    """Return the name of an endpoint's table; ``None`` if there is none."""
    host = urlsplit(base_url).hostname or base_url
    return "bedrock" if _BEDROCK.fullmatch(host) else _TABLES.get(host)


def find_price(base_url: str, model: str, input_tokens: int, on: date) -> Price | None:
    """Return a model's prices in a call with this much input on a day (UTC); ``None`` if they are not known."""
    begun = [row for row in _rows(base_url, model) if row.start <= on and row.above < max(input_tokens, 1)]
    return max(begun, key=lambda row: (row.start, row.above)).price if begun else None


@lru_cache(maxsize=256)
def _rows(base_url: str, model: str) -> tuple[_Row, ...]:
    """Return a model's rows; a dated snapshot without an entry has those of its model."""
    if (name := table_name(base_url)) is None:
        return ()
    models = table(name)["models"]
    plain = _PATH.sub("", model)
    entry = models.get(plain) or models.get(_DATE.sub("", plain)) or ()
    if isinstance(entry, str):
        entry = models[entry]
    return tuple(
        _Row(date.fromisoformat(row["from"]) if "from" in row else date.min, row.get("above", 0), Price.of(row))
        for row in entry
    )
