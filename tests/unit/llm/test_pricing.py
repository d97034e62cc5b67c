"""Prices: aita's tables, those that a user gives, and the provider's own account."""

import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aita.errors import SettingsError
from aita.llm.completion import read_completion, read_stream
from aita.llm.price_table import find_price, table, table_name
from aita.llm.pricing import as_list, given_prices, highest_cost, listed_prices, read_prices, usage_of
from aita.models.run import Usage
from aita.ports import TokenUsage

OPENAI = "https://api.openai.com/v1"
URLS = {
    "anthropic": "https://api.anthropic.com/v1",
    "bedrock": "bedrock",
    "deepseek": "https://api.deepseek.com",
    "google": "https://generativelanguage.googleapis.com/v1beta/openai",
    "groq": "https://api.groq.com/openai/v1",
    "mistral": "https://api.mistral.ai/v1",
    "openai": OPENAI,
    "openrouter": "https://openrouter.ai/api/v1",
    "simulated": "http://127.0.0.1:1/v1",
    "together": "https://api.together.xyz/v1",
    "xai": "https://api.x.ai/v1",
}
TODAY = datetime.now(UTC).date()
NAMES = [(provider, model) for provider in URLS for model in table(provider)["models"]]
SOME = [*NAMES[::40], ("openai", "gpt-6-luna"), ("google", "gemini-3.8-flash"), ("simulated", "simulated")]
PRICE = {"input": "0.15", "output": "0.60"}


def rows(provider: str, model: str) -> list[dict[str, Any]]:
    models = table(provider)["models"]
    found: list[dict[str, Any]] = models[models[model]] if isinstance(models[model], str) else models[model]
    return found


class TestTables:
    @pytest.mark.parametrize(("provider", "model"), SOME)
    def test_a_call_costs_exactly_what_its_row_says(self, provider: str, model: str) -> None:
        first = rows(provider, model)[0]
        usage = usage_of(TokenUsage(2003, 1001, 77, 501), URLS[provider], model, on=date(2026, 11, 30))
        expected = (
            501 * Decimal(first["input"])
            + 1001 * Decimal(first.get("cached_input", first["input"]))
            + 501 * Decimal(first.get("cache_write", first["input"]))
            + 77 * Decimal(first["output"])
        ) / 1_000_000
        assert usage == Usage(calls=1, input_tokens=2003, cached_input_tokens=1001, output_tokens=77, cost_usd=expected)

    @pytest.mark.parametrize("provider", URLS)
    def test_every_table_is_whole_and_says_when_and_where_from(self, provider: str) -> None:
        assert table_name(URLS[provider]) == provider
        assert datetime.fromisoformat(table(provider)["as_of"])
        assert table(provider)["source"]
        for model in table(provider)["models"]:
            for row in rows(provider, model):
                assert {"input", "output"} <= row.keys() <= {
                    "input", "cached_input", "cache_write", "output", "from", "above"
                }  # fmt: skip
                given_prices({model: {name: row[name] for name in row.keys() - {"from", "above"}}})
            assert find_price(URLS[provider], model, 0, TODAY) is not None

    def test_a_call_that_writes_to_the_cache_by_hand(self) -> None:
        usage = usage_of(TokenUsage(3000, 1000, 500, 1500), OPENAI, "gpt-6-luna")
        # 500 x 0.10 + 1000 x 0.01 + 1500 x 0.125 + 500 x 0.50, a million; thoughts are part of the 500
        assert usage.cost_usd == Decimal("0.0004975")

    def test_a_call_by_hand(self) -> None:
        usage = usage_of(TokenUsage(1200, 1000, 50), OPENAI, "gpt-5")
        assert usage.cost_usd == Decimal("0.000875")  # 200 x 1.25 + 1000 x 0.125 + 50 x 10, a million
        assert usage.unpriced_calls == 0

    def test_a_snapshot_with_prices_of_its_own_has_them(self) -> None:
        assert usage_of(TokenUsage(1_000_000, 0, 1_000_000), OPENAI, "gpt-4o-2024-05-13").cost_usd == 20

    def test_a_long_call_costs_more_as_a_whole(self) -> None:
        assert usage_of(TokenUsage(272_000, 0, 0), OPENAI, "gpt-6-luna").cost_usd == Decimal("0.0272")
        long = usage_of(TokenUsage(272_001, 72_001, 1000, 100_000), OPENAI, "gpt-6-luna")
        # (100,000 x 0.20 + 72,001 x 0.02 + 100,000 x 0.25 + 1000 x 0.75) a million
        assert long.cost_usd == Decimal("0.04719002")

    def test_a_price_that_is_to_change_changes_on_its_day(self) -> None:
        tokens, last = TokenUsage(1_000_000, 0, 1_000_000), date(2026, 12, 31)
        costs = [
            usage_of(tokens, URLS["google"], "gemini-3.8-flash", on=day).cost_usd
            for day in (last, last + timedelta(days=1))
        ]
        assert costs == [Decimal("4.5"), Decimal(9)]

    @pytest.mark.parametrize(
        ("base_url", "name", "model"),
        [
            (OPENAI, "gpt-4.1-mini-2025-04-14", "gpt-4.1-mini"),
            (OPENAI, "gpt-5-nano-2025-08-07", "gpt-5-nano"),
            (OPENAI, "gpt-6-luna-2026-09-22", "gpt-6-luna"),
            (URLS["anthropic"], "claude-haiku-5-5-20261001", "claude-haiku-5-5"),
            (URLS["google"], "models/gemini-3.8-flash", "gemini-3.8-flash"),
            (
                URLS["bedrock"],
                "us.anthropic.claude-haiku-4-5-20251001-v1:0",
                "anthropic.claude-haiku-4-5-20251001-v1:0",
            ),
            (
                URLS["bedrock"],
                "arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.amazon.nova-lite-v1:0",
                "amazon.nova-lite-v1:0",
            ),
        ],
    )
    def test_a_name_of_the_same_model_costs_the_same(self, base_url: str, name: str, model: str) -> None:
        tokens = TokenUsage(1000, 10, 50)
        assert usage_of(tokens, base_url, name) == usage_of(tokens, base_url, model)
        assert usage_of(tokens, base_url, name).unpriced_calls == 0
        assert highest_cost(1000, 50, base_url, name) == highest_cost(1000, 50, base_url, model)

    def test_bedrock_is_known_by_its_endpoint_too(self) -> None:
        endpoint = "https://bedrock-runtime.eu-central-1.amazonaws.com"
        name = "eu.anthropic.claude-haiku-4-5-20251001-v1:0"
        assert highest_cost(1000, 50, endpoint, name) == highest_cost(1000, 50, "bedrock", name) is not None

    @pytest.mark.parametrize(
        ("base_url", "name"),
        [
            (OPENAI, "nobody-knows"),
            (OPENAI, "gpt-6-luna-2026"),
            (OPENAI, "gpt-6-luna-2026-09-22-preview"),
            (OPENAI, "ft:gpt-4.1-mini-2025-04-14:school::1"),
            (OPENAI, "nobody-knows-2026-09-22"),
            (URLS["openrouter"], "gpt-5"),
            ("http://localhost:8000/v1", "gpt-5"),
            ("https://eu.api.openai.com/v1", "gpt-6-luna"),
            ("https://api.openai.com.evil.test/v1", "gpt-5"),
            ("https://school.openai.azure.com/openai/v1", "gpt-5"),
        ],
    )
    def test_an_unknown_model_or_provider_is_unpriced(self, base_url: str, name: str) -> None:
        usage = usage_of(TokenUsage(10, 0, 5), base_url, name)
        assert (usage.unpriced_calls, usage.cost_usd, usage.input_tokens) == (1, Decimal(0), 10)
        assert highest_cost(10, 5, base_url, name) is None

    @given(st.data(), st.integers(0, 600_000), st.integers(0, 100_000), st.sampled_from(NAMES))
    def test_no_call_costs_more_than_its_highest(
        self, data: st.DataObject, taken: int, received: int, known: tuple[str, str]
    ) -> None:
        cached = data.draw(st.integers(0, taken))
        written = data.draw(st.integers(0, taken - cached))
        base_url = URLS[known[0]]
        first = find_price(base_url, known[1], taken, TODAY)
        assert first is not None
        most = highest_cost(taken, received, base_url, known[1])
        assert most is not None
        cost = usage_of(TokenUsage(taken, cached, received, written), base_url, known[1]).cost_usd
        assert cost <= most or first.cached_input > first.input

    def test_many_calls_sum_without_a_rounding_error(self) -> None:
        one = usage_of(TokenUsage(1, 0, 1), OPENAI, "gpt-4.1-nano")
        assert sum([one] * 1000, Usage()).cost_usd == Decimal("0.0005")


class TestGiven:
    def test_a_file_is_read_exactly(self, tmp_path: Path) -> None:
        file = tmp_path / "prices.json"
        file.write_text('{"m": {"input": 0.1, "output": "0.6", "cached_input": 0}}')
        price = given_prices(read_prices(file))["m"]
        cost = usage_of(TokenUsage(1_000_000, 500_000, 1_000_000), "http://localhost/v1", "m", price).cost_usd
        assert cost == Decimal("0.65")  # half of the input is cached, at no price

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "[]",
            "{",
            '{"m": 1}',
            '{"m": {"input": "1"}}',
            '{"m": {"input": "-1", "output": "1"}}',
            '{"m": {"input": NaN, "output": 1}}',
            '{"m": {"input": true, "output": 1}}',
            '{"m": {"input": 1, "output": 1, "else": 1}}',
            '{"m": {"input": "1_0", "output": 1}}',
            '{"m": {"input": "\\u0661", "output": 1}}',
            '{"m": {"input": 1, "input": 100, "output": 1}}',
            '{"m": {"input": 1, "output": 1}, "m": {"input": 100, "output": 1}}',
        ],
    )
    def test_a_wrong_file_is_refused_by_its_name(self, tmp_path: Path, text: str) -> None:
        file = tmp_path / "prices.json"
        file.write_text(text)
        with pytest.raises(SettingsError, match=r"AITA_PRICES.*prices\.json"):
            read_prices(file)

    def test_a_file_by_an_editor_that_marks_its_encoding_is_read(self, tmp_path: Path) -> None:
        file = tmp_path / "prices.json"
        file.write_text('{"m": {"input": 1, "output": 2}}', "utf-8-sig")
        assert read_prices(file) == {"m": {"input": "1", "output": "2"}}

    def test_a_file_that_names_one_twice_is_told_which(self, tmp_path: Path) -> None:
        file = tmp_path / "prices.json"
        file.write_text('{"m": {"input": 1, "output": 1, "output": 2}}')
        with pytest.raises(SettingsError, match="'output' twice"):
            read_prices(file)

    def test_a_parameter_that_names_one_twice_is_refused(self) -> None:
        with pytest.raises(SettingsError, match="'m' twice"):
            listed_prices("m=1/2,m=3/4")

    def test_a_file_that_is_not_there_is_refused(self, tmp_path: Path) -> None:
        with pytest.raises(SettingsError, match="AITA_PRICES"):
            read_prices(tmp_path / "none.json")

    def test_a_parameter_has_the_same_prices(self) -> None:
        listed = listed_prices("school/m:7b=0.15/0.60, other=1/2/0.1/1.25")
        assert listed == given_prices(
            {
                "school/m:7b": PRICE,
                "other": {"input": 1, "output": 2, "cached_input": "0.1", "cache_write": "1.25"},
            }
        )
        assert listed_prices("") == {}

    @given(
        st.dictionaries(
            st.text("abcXYZ019-._:/@", min_size=1),
            st.fixed_dictionaries(
                {name: st.decimals(0, 1000, places=4) for name in ("input", "output")},
                optional={name: st.decimals(0, 1000, places=9) for name in ("cached_input", "cache_write")},
            ),
            max_size=4,
        )
    )
    def test_a_file_becomes_a_parameter_without_a_loss(self, prices: dict[str, dict[str, Decimal]]) -> None:
        assert listed_prices(as_list(prices)) == given_prices(prices)

    @pytest.mark.parametrize("text", ["m", "m=1", "m=1/2/3/4/5", "m=-1/2", "m=1/x", "=1/2", "m=1//2", "m=1.2.3/4"])
    def test_a_wrong_parameter_is_refused(self, text: str) -> None:
        with pytest.raises(SettingsError, match="USD per million tokens"):
            listed_prices(text)

    @pytest.mark.parametrize("name", ["a b", "a,b", "a=b", ""])
    def test_a_name_that_a_parameter_cannot_hold_is_refused(self, name: str) -> None:
        with pytest.raises(SettingsError, match="can't be given to a stack"):
            as_list({name: PRICE})


def body(usage: str) -> bytes:
    return b'{"choices": [{"message": {"content": "x"}, "finish_reason": "stop"}], "usage": %s}' % usage.encode()


def reported(more: str) -> TokenUsage:
    completion = read_completion(body(f'{{"prompt_tokens": 100, "completion_tokens": 10{more}}}'), "application/json")
    assert completion.usage is not None
    return completion.usage


class TestReported:
    @pytest.mark.parametrize(
        ("number", "cost"),
        [("0.1", "0.1"), ("3e-05", "0.00003"), ("1", "1"), ("0.00013450000000000002", "0.000134500000000")],
    )
    def test_the_providers_own_account_counts_exactly(self, number: str, cost: str) -> None:
        tokens = reported(f', "cost": {number}')
        for price in (None, given_prices({"m": PRICE})["m"]):
            usage = usage_of(tokens, "https://openrouter.ai/api/v1", "school/unknown", price)
            assert (usage.cost_usd, usage.unpriced_calls) == (Decimal(cost), 0)

    def test_a_stream_has_it_too(self) -> None:
        events = [
            b'data: {"choices": [{"delta": {"content": "x"}, "finish_reason": "stop"}]}\n\n',
            b'data: {"choices": [], "usage": {"prompt_tokens": 1, "completion_tokens": 1, "cost": 0.1}}\n\n',
        ]
        usage = read_stream([*events, b"data: [DONE]\n\n"], 100).usage
        assert usage is not None
        assert usage.cost_usd == Decimal("0.1")

    @pytest.mark.parametrize(
        "number",
        ["-0.1", "-1", "0", "0.0", "true", "null", '"0.1"', "{}", "[0.1]", "NaN", "Infinity", "-Infinity", "1e400",
         "1e-99999999999999999999", "1001"],
    )  # fmt: skip
    def test_what_is_no_cost_is_unknown_and_never_zero(self, number: str) -> None:
        tokens = reported(f', "cost": {number}')
        assert usage_of(tokens, "https://openrouter.ai/api/v1", "school/unknown").unpriced_calls == 1
        assert usage_of(tokens, OPENAI, "gpt-6-luna") == usage_of(TokenUsage(100, 0, 10), OPENAI, "gpt-6-luna")

    @pytest.mark.parametrize(
        ("details", "cost"),
        [
            ('{"upstream_inference_cost": 0.02}', Decimal("0.021")),
            ('{"upstream_inference_cost": null}', None),
            ("{}", None),
            ("null", None),
        ],
    )
    def test_a_key_of_ones_own_pays_the_provider_too(self, details: str, cost: Decimal | None) -> None:
        assert reported(f', "cost": 0.001, "is_byok": true, "cost_details": {details}').cost_usd == cost

    @given(st.recursive(st.none() | st.booleans() | st.floats() | st.integers() | st.text(), st.lists, max_leaves=3))
    def test_whatever_is_reported_is_an_amount_or_unknown(self, value: Any) -> None:
        cost = reported(f', "cost": {json.dumps(value)}').cost_usd
        assert cost is None or 0 < cost <= 1000
