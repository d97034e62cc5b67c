"""An installation tells how far it is, on a terminal and in a log, and ends as pip ends."""

import io
import sys

import pytest

from aita_local import installing

LINES = ["Collecting natsort==8.4.0 (from -r a.lock)", "  Downloading natsort.whl", None, "Processing ./b/moto-5.whl"]


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_terminal_has_one_line_that_moves() -> None:
    out = Terminal()
    installing.show_progress([*LINES, "Installing collected packages: natsort, moto"], out)
    shown = [line.removeprefix("\033[K") for line in out.getvalue().split("\r")]
    assert "  1 packages, 0 s: fetching natsort==8.4.0" in shown
    assert "  2 packages, 0 s: fetching moto-5.whl" in shown
    assert shown[-2:] == ["  2 packages, 0 s: unpacking them", "  2 packages, 0 s\n"]
    assert out.getvalue().count("\n") == 1


def test_a_log_has_a_line_now_and_then() -> None:
    out = io.StringIO()
    collected = [f"Collecting package-{number}==1" for number in range(120)]
    installing.show_progress([*collected, "Installing collected packages: all of them"], out)
    assert out.getvalue().splitlines() == [
        "  50 packages found, 0 s",
        "  100 packages found, 0 s",
        "  120 packages found, 0 s: unpacking them",
        "  120 packages, 0 s",
    ]


def test_lines_come_as_they_are_said_and_ticks_between_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(installing, "TICK", 0.01)
    script = "import time; print('a', flush=True); time.sleep(0.3); print('b')"
    monkeypatch.setattr(installing, "PIP", [sys.executable, "-c", script])
    seen: list[str | None] = []
    monkeypatch.setattr(installing, "show_progress", lambda lines, _: seen.extend(lines))
    assert installing.install([]) == 0
    assert [line for line in seen if line] == ["a\n", "b\n"]
    assert None in seen[seen.index("a\n") : seen.index("b\n")]


def test_a_failure_of_pip_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(installing, "PIP", [sys.executable, "-c", "import sys; sys.exit(3)"])
    assert installing.install([]) == 3
