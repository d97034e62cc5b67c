"""What is drawn, and where options may stand."""

import io
import re
import runpy
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from typer.main import get_command

from aita.cli.global_options import hoist
from aita.cli.main import make_app, make_command
from aita.cli.views.formatting import duration, size
from aita.cli.views.progress import Bar, LiveProgress, LogProgress, NullProgress, draw, make_progress
from aita.cli.views.terminal_escape import printable
from aita.client.polling import AWS, PollInterval, follow
from aita.client.target_selection import find_local_stack
from aita.errors import LocalStackError, StackError
from aita.models.api import RunView
from aita.models.run import RunStatus
from tests.support.command_fixtures import Aita
from tests.support.fake_stack import run_view, stage


def drawn(view: RunView, width: int = 100, note: str = "") -> str:
    console = Console(file=io.StringIO(), width=width, markup=False, highlight=False)
    with console.capture() as capture:
        console.print(draw(view, "*", note))
    return capture.get()


def test_each_stage_has_a_line_from_the_start() -> None:
    lines = drawn(run_view(RunStatus.RUNNING, stage("split", 5, 2), eta_seconds=6.0)).splitlines()
    assert "transcribe of midterm" in lines[0]
    assert "split" in lines[1]
    assert "2/5" in lines[1]
    assert "0.5/s" in lines[1]
    assert "6 s left" in lines[1]
    assert "transcribe" in lines[2]
    assert "cost $0.0213" in lines[3]


def test_failures_waits_and_notes_show() -> None:
    view = run_view(RunStatus.RUNNING, stage("split", 1000, 2, 1), waits=3, wait_reason="rate [red]limit\x1b")
    shown = drawn(view)
    assert "1 failed" in shown
    assert "3 waits: rate [red]limit\\x1b" in shown
    assert "trying again" in drawn(view, note="trying again")


@pytest.mark.parametrize("width", [20, 40, 80, 200])
def test_it_fits_the_terminal(width: int) -> None:
    view = run_view(RunStatus.RUNNING, stage("split", 100_000, 99_999, 1), eta_seconds=1.0, assignment="a" * 64)
    assert max(len(line) for line in drawn(view, width).splitlines()) <= width


def test_a_pipeline_that_is_not_known_is_drawn_by_its_stages() -> None:
    assert "novel" in drawn(run_view(RunStatus.RUNNING, stage("novel", 2, 1), pipeline="new"))


@pytest.mark.parametrize(
    ("succeeded", "failed", "total", "expected"),
    [(0, 0, 0, (0, 0)), (5, 0, 10, (20, 0)), (9_999, 1, 10_000, (39, 1)), (0, 3, 3, (0, 40)), (0, 1, 10_000, (0, 1))],
)
def test_a_bar_shows_every_failure(succeeded: int, failed: int, total: int, expected: tuple[int, int]) -> None:
    assert Bar(succeeded, failed, total).parts(40) == expected


def test_the_console_decides_what_is_shown() -> None:
    terminal, pipe = Console(file=io.StringIO(), force_terminal=True), Console(file=io.StringIO())
    assert isinstance(make_progress(terminal, shown=True), LiveProgress)
    assert isinstance(make_progress(pipe, shown=True), LogProgress)
    assert isinstance(make_progress(terminal, shown=False), NullProgress)


def test_lines_come_now_and_then() -> None:
    now = 0.0
    console = Console(file=io.StringIO(), width=100)
    with console.capture() as capture, LogProgress(console, lambda: now) as lines:
        for second in range(25):
            now = float(second)
            lines.show(run_view(RunStatus.RUNNING, stage("split", 50, second)))
        for _ in range(3):
            lines.show(run_view(RunStatus.SUCCEEDED, stage("split", 50, 48, 2, ended=True)))
    assert capture.get().splitlines() == [
        "split: 10 of 50",
        "split: 20 of 50",
        "split: 50 of 50, 2 failed, took 12 s",
    ]


def test_lines_say_why_a_run_waits_for_as_long_as_it_does() -> None:
    now = 0.0
    console = Console(file=io.StringIO(), width=100)
    with console.capture() as capture, LogProgress(console, lambda: now) as lines:
        for second, waits in ((11.0, 3), (22.0, 9), (33.0, 9)):
            now = second
            waiting = {"waits": waits, "wait_reason": "the provider answered 500" if waits else ""}
            lines.show(run_view(RunStatus.RUNNING, stage("split", 50, 0), **waiting))
    assert capture.get().splitlines() == [
        "split: 0 of 50, 3 waits: the provider answered 500",
        "split: 0 of 50, 9 waits: the provider answered 500",
        "split: 0 of 50",
    ]


def test_bars_are_drawn_and_taken_away() -> None:
    file = io.StringIO()
    with LiveProgress(Console(file=file, force_terminal=True, width=100)) as bars:
        bars.show(run_view(RunStatus.RUNNING, stage("split", 5, 2)))
        bars.missed(StackError("away"))
    assert "2/5" in file.getvalue()


def test_the_pace_slows_down_while_nothing_moves() -> None:
    views = iter([run_view()] * 6 + [run_view(RunStatus.RUNNING, stage("split", 5, 1))] + [run_view(RunStatus.FAILED)])
    waits: list[float] = []
    list(follow(lambda: next(views), run_view(), AWS, waits.append, lambda _: None))
    assert waits == pytest.approx([1.0, 1.25, 1.5625, 1.953125, 2.0, 2.0, 2.0, 1.0], rel=1e-6)


def test_a_watch_gives_up_when_the_stack_stays_away() -> None:
    def poll() -> RunView:
        raise StackError("away")

    def watched() -> Iterator[RunView]:
        return follow(poll, run_view(), PollInterval(0.1, 0.1), lambda _: None, missed.append)

    missed: list[StackError] = []
    with pytest.raises(StackError, match="away"):
        list(watched())
    assert len(missed) == 5


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("status X --json", "--json status X"),
        ("upload a --stack s b --local", "--stack s --local upload a b"),
        ("upload a --stack=s -- --json", "--stack=s upload a -- --json"),
        ("--region r key set --json", "--region r --json key set"),
        ("status --stack", "--stack status"),
    ],
)
def test_options_are_put_first(line: str, expected: str) -> None:
    assert hoist(line.split(), make_command()) == expected.split()


def test_a_command_keeps_its_own_options() -> None:
    app = make_app()

    @app.command()
    def own(stack: str = "") -> None:
        """Have an option of the same name."""

    assert hoist(["own", "--stack", "s", "--json"], get_command(app)) == ["--json", "own", "--stack", "s"]


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [(0, "0 s"), (59.4, "59 s"), (59.6, "1 min 00 s"), (65, "1 min 05 s"), (7385, "2 h 03 min")],
)
def test_durations(seconds: float, expected: str) -> None:
    assert duration(seconds) == expected


def test_what_steers_terminals_is_written_out() -> None:
    assert printable("a\x1b]0;x\x07\n\u202eb\x9b\ud800 é 漢 👍") == "a\\x1b]0;x\\x07\\n\\u202eb\\x9b\\ud800 é 漢 👍"


def test_a_local_stack_that_is_not_there(aita: Aita, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    code, _, err = aita("--local", "runs", "-a", "x")
    assert code == 1
    assert "aita local up" in err


def test_a_local_stack_is_found_by_its_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "local.json").write_text('{"endpoint_url": "http://127.0.0.1:1", "region": "r", "stack": "s"}')
    monkeypatch.setenv("AITA_HOME", str(tmp_path))
    assert find_local_stack(Path("/")).stack == "s"
    (tmp_path / "local.json").write_text("{")
    with pytest.raises(LocalStackError, match="can't be read"):
        find_local_stack(Path("/"))


@pytest.mark.parametrize("value", ["maybe", "2"])
def test_a_wrong_aita_local_is_wrong_usage(aita: Aita, monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("AITA_LOCAL", value)
    code, _, err = aita("runs", "-a", "x")
    assert code == 2
    assert "AITA_LOCAL" in err or "--local" in err


def test_no_command_is_wrong_usage(aita: Aita) -> None:
    assert aita()[0] == 2
    assert "Missing option" in aita("transcribe")[2]


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("review set c-1 -a m --why x --points 2,5", "'--points' / '-p': it must be a number, such as 2.5\n"),
        ("review set c-1 -a m --why x --points -1", "'--points' / '-p': it must be 0 or more\n"),
        ("review list -a m --limit x", "'--limit': it must be a whole number\n"),
        ("grade -a m --graders 20", "'--graders': it must be 9 or less\n"),
        ("export excel -a m --out x", "'canvas-feedback', 'moodle-feedback', 'brightspace-feedback'.\n"),
    ],
)
def test_wrong_usage_is_told_in_plain_words(aita: Aita, line: str, told: str) -> None:
    code, out, err = aita(*line.split())
    assert (code, out) == (2, "")
    assert err.endswith(told)


def test_each_paragraph_of_a_commands_help_is_one_line_until_it_is_wrapped() -> None:
    def helps(command: Any) -> list[str]:
        below = getattr(command, "commands", {}).values()
        return [command.help or "", *(text for each in below for text in helps(each))]

    paragraphs = [paragraph for text in helps(make_command()) for paragraph in text.split("\n\n")]
    assert len(paragraphs) > 40
    assert [paragraph for paragraph in paragraphs if "\n" in paragraph.strip()] == []


def commands(command: Any, *path: str) -> Iterator[tuple[str, ...]]:
    yield path
    for name, below in getattr(command, "commands", {}).items():
        yield from commands(below, *path, name)


def test_no_help_is_cut_in_a_narrow_terminal(aita: Aita, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    command = make_command()
    monkeypatch.setattr("aita.cli.main.make_command", lambda: command)
    helps = {path: aita(*path, "--help")[1] for path in commands(make_command())}
    assert "--disagreement SHARE " in helps["grade",]
    cut = re.compile(r"\N{HORIZONTAL ELLIPSIS}|[a-z,]\.\.\.")
    assert {path: cut.findall(text) for path, text in helps.items() if cut.search(text)} == {}
    assert max(len(line) for text in helps.values() for line in text.splitlines()) <= 60


def test_no_help_shows_a_type_of_python_or_brackets_in_brackets(aita: Aita) -> None:
    helps = {path: aita(*path, "--help")[1] for path in commands(make_command())}
    assert len(helps) > 40
    types = re.compile(r"<(?:bool|str|int|float|Path|path|file|list\[|int range)|\[\[")
    assert {path: types.findall(text) for path, text in helps.items() if types.search(text)} == {}


@pytest.mark.parametrize(
    ("bytes_", "told"), [(0, "0 kB"), (1, "1 kB"), (43_210, "44 kB"), (99_999, "100 kB"), (2_412_345, "2.4 MB")]
)
def test_a_small_file_has_a_size(bytes_: int, told: str) -> None:
    assert size(bytes_) == told


def test_the_module_runs_the_command_line(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("sys.argv", ["aita", "novel"])
    monkeypatch.delitem(sys.modules, "aita.cli.main")
    with pytest.raises(SystemExit) as ended:
        runpy.run_module("aita.cli.main", run_name="__main__")
    assert ended.value.code == 2
    assert "No such command 'novel'" in capsys.readouterr().err
