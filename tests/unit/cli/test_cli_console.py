"""``aita console``: what it needs, and what it tells."""

import json

import pytest

from aita.client.console import server
from aita.client.stack_outputs import Stack
from aita.client.stack_target import StackTarget
from tests.support.command_fixtures import Aita
from tests.support.fake_stack import FakeStack

ADDRESS = "http://127.0.0.1:8123/#token=t"


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The ports that consoles were to be served on; each is stopped at once."""
    ports: list[int] = []

    def serve(place: StackTarget, stack: Stack, port: int, work: object, ready: object) -> None:
        ports.append(port)
        assert callable(ready)
        ready(ADDRESS)
        raise KeyboardInterrupt

    monkeypatch.setattr(server, "serve_console", serve)
    return ports


def test_it_opens_the_browser_and_ctrl_c_is_its_end(
    stack: FakeStack, aita: Aita, served: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []

    def open_address(url: str) -> bool:
        opened.append(url)
        return True

    monkeypatch.setattr("webbrowser.open", open_address)
    status, out, err = aita("console")
    assert (status, opened, served) == (0, [ADDRESS], [0])
    assert ADDRESS in out
    assert "Ctrl-C" in out
    assert "has stopped" in err


def test_it_tells_programs_where_it_is(stack: FakeStack, aita: Aita, served: list[int]) -> None:
    status, out, _ = aita("--json", "console", "--port", "8123", "--no-browser")
    assert (status, served) == (0, [8123])
    assert json.loads(out) == {"url": ADDRESS}


def test_without_its_extra_it_says_what_to_install(
    stack: FakeStack, aita: Aita, served: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("aita.cli.commands.console.find_spec", lambda name: None)
    status, _, err = aita("console")
    assert (status, served) == (2, [])
    assert "pip install 'aita-grader[console]'" in err


def test_a_port_that_is_taken_is_told(stack: FakeStack, aita: Aita) -> None:
    port = stack.url.rpartition(":")[2]
    status, _, err = aita("console", "--port", port, "--no-browser")
    assert status == 1
    assert "in use" in err
