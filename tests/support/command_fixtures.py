"""Fixtures of the command line and the client: a clean environment, a stack that is not there, and the command."""

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.loaders import create_loader

from aita.cli.main import main, make_command
from tests.support.fake_stack import FakeStack

LOADER = create_loader()
"""botocore's service models, read once for all tests."""

COMMAND = make_command()
"""The command, put together once for all tests: a process of its own runs it once."""

Aita = Callable[..., tuple[int, str, str]]


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Nothing of the machine's own: no credentials, region, proxies or settings."""
    for name in list(os.environ):
        if name.startswith(("AWS_", "AITA_", "OPENAI_")) or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    nowhere = tmp_path / "nowhere"
    monkeypatch.setenv("AWS_CONFIG_FILE", str(nowhere))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(nowhere))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.setattr("botocore.session.create_loader", lambda *_: LOADER)
    monkeypatch.setattr("aita.cli.main.make_command", lambda: COMMAND)


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The URLs that were opened in the browser."""
    urls: list[str] = []

    def open_url(url: str) -> bool:
        urls.append(url)
        return True

    monkeypatch.setattr("webbrowser.open", open_url)
    return urls


@pytest.fixture
def stack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, socket_enabled: Any) -> Iterator[FakeStack]:
    """A local stack, named by the .aita/local.json above the current folder."""
    fake = FakeStack()
    stop = fake.start()
    project = tmp_path / "project"
    (project / ".aita").mkdir(parents=True)
    (project / "below").mkdir()
    document = {"endpoint_url": fake.url, "region": "us-east-1", "stack": "aita", "model": "m", "more": 1}
    (project / ".aita" / "local.json").write_text(json.dumps(document))
    monkeypatch.chdir(project / "below")
    monkeypatch.setenv("AITA_LOCAL", "1")
    yield fake
    stop()


@pytest.fixture
def aita(capsys: pytest.CaptureFixture[str]) -> Aita:
    """Run a command line without waiting; return its exit status, standard output and standard error."""

    def run(*arguments: str, pause: Callable[[float], None] = lambda _: None) -> tuple[int, str, str]:
        capsys.readouterr()
        status = main(arguments, pause)
        captured = capsys.readouterr()
        return status, captured.out, captured.err

    return run
