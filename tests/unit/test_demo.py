"""``make demo``: the commands that it runs, and the way to give them oneself."""

import subprocess
from pathlib import Path
from typing import Any

import pytest

from aita_local import demo


@pytest.fixture
def ran(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The arguments of each command of the demo, of which none is really run."""
    commands: list[list[str]] = []

    def run(command: list[str], **_: Any) -> subprocess.CompletedProcess[str]:
        commands.append(command[1:])
        return subprocess.CompletedProcess(command, 0, stdout='{"runs": [{"pipeline": "exam", "run_id": "r-1"}]}')

    monkeypatch.setattr(subprocess, "run", run)
    return commands


def test_it_ends_with_the_results_of_each_pipeline(ran: list[list[str]]) -> None:
    assert demo.main() == 0
    assert ran[0] == ["local", "up"]
    assert ran[-1] == ["--local", "results", "r-1", "--out", "out/sample"]


@pytest.mark.parametrize("activated", [True, False])
def test_who_has_not_activated_the_environment_is_told_how(
    ran: list[list[str]],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    *,
    activated: bool,
) -> None:
    environment = tmp_path / ".venv"
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(demo, "AITA", environment / "bin" / "aita")
    monkeypatch.setenv("VIRTUAL_ENV", str(environment if activated else tmp_path))
    assert demo.main() == 0
    told = capsys.readouterr().out
    assert "stop it with: aita local down" in told
    assert "Grade in the browser: aita --local console" in told
    assert ("let the shell find aita first: . .venv/bin/activate" in told) is not activated
