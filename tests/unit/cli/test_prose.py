"""Prose on a terminal: wrapped between words, with commands in one piece."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console
from rich.text import Text

from aita.cli.output import Output
from aita.cli.views.indented_text import indented
from aita.cli.views.prose import Prose

COMMAND = "aita --local rubric show --assignment sample-of-spring"


def lines(text: str, width: int, by: int = 0) -> list[str]:
    console = Console(file=io.StringIO(), width=width, markup=False, highlight=False, soft_wrap=True)
    with console.capture() as capture:
        console.print(Prose(Text(text), by))
    return capture.get().removesuffix("\n").split("\n")


@pytest.mark.parametrize("width", [20, 40, 60, 80])
@pytest.mark.parametrize(
    "message",
    [
        f"the rubric has changed: look at it first ({COMMAND}), then grade again",
        f"'{COMMAND}' shows what counts now, and whose it is",
        f"say what you saw, as {COMMAND} prints it on its last line for those who look",
        f"look at what counts now: {COMMAND}",
    ],
)
def test_a_command_is_in_one_piece_and_no_word_is_parted(message: str, width: int) -> None:
    shown = lines(message, width)
    assert " ".join(shown) == message
    assert sum(COMMAND in line for line in shown) == 1
    assert all(len(line) <= width or COMMAND in line for line in shown)


def test_an_option_keeps_its_value() -> None:
    assert lines("another grade: --seen 3d3870 refuses it", 21) == ["another grade:", "--seen 3d3870 refuses", "it"]


def test_lines_that_follow_are_indented_as_the_first() -> None:
    assert lines("  one two three\nfour", 9) == ["  one two", "  three", "four"]
    assert lines("one two three", 9, by=4) == ["    one", "    two", "    three"]


@given(st.text(alphabet="ab -'();,", max_size=80), st.integers(1, 30))
def test_nothing_is_lost(text: str, width: int) -> None:
    assert "".join(lines(text, width)).replace(" ", "") == text.replace(" ", "")


def test_errors_and_results_are_wrapped_on_a_terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "40")
    output = Output(as_json=False)
    output.failed("RequestError", f"the presence of an answer disagrees with its ink: look again ({COMMAND})")
    output.show(indented(f"the rubric has changed since it was graded. Grade again ({COMMAND})", by=4))
    out, err = capsys.readouterr()
    plain = Text.from_ansi(err).plain.rstrip("\n").split("\n")
    assert plain[1:] == ["disagrees with its ink: look again", f"({COMMAND})"]
    assert [line.rstrip() for line in Text.from_ansi(out).plain.rstrip("\n").split("\n")][-1] == f"    ({COMMAND})"


def test_an_error_in_a_file_is_one_line(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    Output(as_json=False).failed("RequestError", "word " * 30)
    assert capsys.readouterr().err.count("\n") == 1
