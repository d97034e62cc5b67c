"""``aita local``: how the commands start the laptop's stack."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from aita.errors import SettingsError
from aita.settings import UserSettings
from aita_local import stack
from aita_local.deploy import Parameters
from aita_local.stack import Connection, LocalSettings
from tests.support.command_fixtures import Aita


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[Sequence[str]]:
    """The simulated model's options at each start of the stack."""
    options: list[Sequence[str]] = []

    def up(settings: LocalSettings, *, model_options: Sequence[str], say: stack.Say) -> Connection:
        options.append(model_options)
        return Connection("http://127.0.0.1:1", "us-east-1", "aita", "http://127.0.0.1:1", settings.model, "", 5)

    monkeypatch.setattr(stack, "up", up)
    return options


@pytest.mark.parametrize(("given", "options"), [((), []), (("--anything",), ["--anything"])])
def test_the_simulated_model_makes_up_replies_only_if_asked_to(
    aita: Aita, started: list[Sequence[str]], given: Sequence[str], options: list[str]
) -> None:
    code, out, _ = aita("local", "up", *given)
    assert (code, started) == (0, [options])
    assert "model simulated" in out


def test_a_reader_a_grader_and_prices_are_the_environments(tmp_path: Path) -> None:
    prices = tmp_path / "prices.json"
    prices.write_text('{"read/m": {"input": 0.1, "output": 0.5}}')
    user = UserSettings.read(
        {
            "AITA_READER_MODEL": "read/m",
            "AITA_READER_BASE_URL": "http://127.0.0.1:1234/v1/",
            "AITA_READER_API_KEY": "sk-r",
            "AITA_PRICES": str(prices),
        }
    )
    settings = LocalSettings.of(user)
    assert (settings.roles["reader"].model, settings.roles["reader"].base_url) == ("read/m", "http://127.0.0.1:1234/v1")
    assert settings.roles["reader"].api_key == "sk-r"
    assert "sk-r" not in repr(settings)
    given = Parameters("python3.13", 5, 0, "u", "m", 0, roles=settings.roles, model_prices=settings.model_prices)
    assert {
        "ReaderModel=read/m", "ReaderBaseUrl=http://127.0.0.1:1234/v1", 'GraderModel=""', 'GraderBaseUrl=""',
        "ModelPrices=read/m=0.1/0.5/0.1/0.1",
    } <= set(given.overrides())  # fmt: skip


@pytest.mark.parametrize("name", ["AITA_MODEL", "AITA_READER_MODEL", "AITA_GRADER_MODEL"])
def test_a_model_without_an_endpoint_or_a_key_is_refused_by_its_name(name: str) -> None:
    with pytest.raises(SettingsError, match=f"{name} is m and OPENAI_API_KEY is not set"):
        LocalSettings.of(UserSettings.read({name: "m"}))
    assert LocalSettings.of(UserSettings.read({name: "m", "OPENAI_API_KEY": "k"})).api_key == "k"


@pytest.mark.parametrize("key", ["", "sk-unused"])
def test_amazon_bedrock_is_played_by_the_simulated_model(
    aita: Aita, started: list[Sequence[str]], monkeypatch: pytest.MonkeyPatch, key: str
) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", "bedrock")
    monkeypatch.setenv("OPENAI_API_KEY", key)
    code, out, err = aita("local", "up", "--anything")
    assert (code, started) == (0, [["--anything"]])
    assert "model simulated" in out
    assert "has no effect" not in err


def test_a_model_of_amazon_bedrock_is_for_aws(
    aita: Aita, started: list[Sequence[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", "bedrock")
    monkeypatch.setenv("AITA_MODEL", "amazon.nova-lite-v1:0")
    code, _, err = aita("local", "up")
    assert (code, started) == (2, [])
    assert "Unset AITA_MODEL" in err


def test_a_real_model_makes_nothing_up(
    aita: Aita, started: list[Sequence[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "key")
    code, _, err = aita("local", "up", "--anything")
    assert (code, started) == (2, [])
    assert "unset OPENAI_API_KEY" in err
