"""``aita local``: how the commands start the laptop's stack."""

from collections.abc import Sequence

import pytest

from aita_local import stack
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


def test_a_real_model_makes_nothing_up(
    aita: Aita, started: list[Sequence[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "key")
    code, _, err = aita("local", "up", "--anything")
    assert (code, started) == (2, [])
    assert "unset OPENAI_API_KEY" in err
