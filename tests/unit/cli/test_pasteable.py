"""Commands in messages: completed with the options that were given, and taken by the command line."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from aita.cli.pasteable import Pasteable
from aita.errors import MissingMaterialError
from tests.support.command_fixtures import Aita
from tests.support.fake_stack import FakeStack
from tests.support.message_commands import commands_in, unusable

ROOT = Path(__file__).parents[3]
SOURCES = sorted(
    file for folder in ("layers/aita/aita", "functions", "aita_local") for file in (ROOT / folder).rglob("*.py")
)


def made(*, local: bool = False, stack: str | None = None, region: str | None = None) -> Pasteable:
    pasteable = Pasteable()
    pasteable.choose(["grade", "generate-rubric", "watch", "run", "runs"], local=local, stack=stack, region=region)
    return pasteable


@pytest.fixture(autouse=True)
def without_a_choice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AITA_LOCAL", raising=False)


@pytest.mark.parametrize(
    ("message", "completed"),
    [
        ("grade again (aita grade --assignment a)", "grade again (aita --local grade --assignment a)"),
        ("'aita watch R' or 'aita runs'", "'aita --local watch R' or 'aita --local runs'"),
        ("aita generate-rubric", "aita --local generate-rubric"),
        ("start it with 'aita local up'", "start it with 'aita local up'"),
        ("an older version of aita graded it", "an older version of aita graded it"),
        ("aita --local watch R", "aita --local watch R"),
        ("the folder /srv/aita watch", "the folder /srv/aita watch"),
        ("aita running", "aita running"),
        ("no file 'aita grade.pdf'", "no file 'aita grade.pdf'"),
        ("aita --stack aita watch R", "aita --stack aita watch R"),
    ],
)
def test_commands_are_completed(message: str, completed: str) -> None:
    assert made(local=True).complete(message) == completed
    assert made().complete(message) == message


def test_names_are_quoted_for_the_shell() -> None:
    chosen = made(stack="my stack", region="eu-central-1")
    assert chosen.complete("(aita grade)") == "(aita --stack 'my stack' --region eu-central-1 grade)"
    assert chosen.command("watch", "R 1") == "aita --stack 'my stack' --region eu-central-1 watch 'R 1'"


@pytest.mark.parametrize(
    ("message", "completed"),
    [
        (
            "or sam deploy --parameter-overrides MaxConcurrency=6)",
            "or sam deploy --stack-name b --s3-prefix b --region r --parameter-overrides MaxConcurrency=6)",
        ),
        ("'sam build && sam deploy'", "'sam build && sam deploy --stack-name b --s3-prefix b --region r'"),
        ("its log says why ('sam logs')", "its log says why ('sam logs --stack-name b --region r')"),
        ("sam deploy --stack-name c", "sam deploy --stack-name c"),
        ("the sam deployment", "the sam deployment"),
    ],
)
def test_sam_is_told_the_stack_too(message: str, completed: str) -> None:
    """Else it would deploy the stack of samconfig.toml in place of the one that is meant."""
    assert made(stack="b", region="r").complete(message) == completed
    assert made(local=True).complete(message) == message
    assert made().complete(message) == message


@pytest.mark.parametrize(("value", "completed"), [("1", ""), ("0", "--local "), ("", "--local ")])
def test_an_option_of_the_line_counts_whatever_the_environment_says(
    stack: FakeStack, aita: Aita, monkeypatch: pytest.MonkeyPatch, value: str, completed: str
) -> None:
    """What the environment chooses holds for the next command, too."""
    stack.answer("POST", "/runs", MissingMaterialError("first aita transcribe"))
    monkeypatch.setenv("AITA_LOCAL", value)
    _, _, err = aita("grade", "-a", "midterm", *(["--local"] if completed else []))
    assert f"first aita {completed}transcribe" in err


def test_an_error_of_the_api_can_be_pasted(stack: FakeStack, aita: Aita, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AITA_LOCAL")
    message = "transcribe the scans first (aita transcribe --assignment midterm)"
    stack.answer("POST", "/runs", MissingMaterialError(message))
    code, _, err = aita("grade", "-a", "midterm", "--local")
    assert code != 0
    assert "(aita --local transcribe --assignment midterm)" in err


def messages(file: Path) -> Iterator[str]:
    """Yield the strings of a module but for docstrings and help, with a number for each value put into them."""
    tree = ast.parse(file.read_text("utf-8"))
    left_out = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    left_out |= {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.keyword) and node.arg == "help"}
    left_out |= {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
    for node in ast.walk(tree):
        if id(node) not in left_out:
            parts: list[Any] = node.values if isinstance(node, ast.JoinedStr) else [node]
            if any(isinstance(part, ast.Constant) and isinstance(part.value, str) for part in parts):
                yield "".join(str(part.value) if isinstance(part, ast.Constant) else "1" for part in parts)


@pytest.mark.slow
def test_each_command_in_a_message_is_taken_by_the_command_line() -> None:
    found = [(file.name, text.replace("{option}", " --assignment a")) for file in SOURCES for text in messages(file)]
    assert sum(len(list(commands_in(text))) for _, text in found) > 30
    wrong = {(name, command): problem for name, text in found for command, problem in unusable(text).items()}
    assert wrong == {}


@pytest.mark.parametrize("text", ["(aita none)", "x"])
def test_other_text_holds_no_command(text: str) -> None:
    assert list(commands_in(text)) == []


@pytest.mark.parametrize("text", ["see 'aita runs'", "(aita grade --none)", "now: aita review show\nmore"])
def test_a_command_that_lacks_something_is_found(text: str) -> None:
    assert len(unusable(text)) == 1
