"""Commands in messages: completed with the options that were given, and nothing else is."""

import pytest

from aita.cli.pasteable import Pasteable
from aita.errors import MissingMaterialError
from tests.support.command_fixtures import Aita
from tests.support.fake_stack import FakeStack


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
    ],
)
def test_commands_are_completed(message: str, completed: str) -> None:
    assert made(local=True).complete(message) == completed
    assert made().complete(message) == message


def test_names_are_quoted_for_the_shell() -> None:
    chosen = made(stack="my stack", region="eu-central-1")
    assert chosen.complete("(aita grade)") == "(aita --stack 'my stack' --region eu-central-1 grade)"
    assert chosen.command("watch", "R 1") == "aita --stack 'my stack' --region eu-central-1 watch 'R 1'"


def test_the_environment_chooses_for_the_next_command_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AITA_LOCAL", "1")
    assert made(local=True).complete("aita grade") == "aita grade"


def test_an_error_of_the_api_can_be_pasted(stack: FakeStack, aita: Aita, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AITA_LOCAL")
    message = "transcribe the scans first (aita transcribe --assignment midterm)"
    stack.answer("POST", "/runs", MissingMaterialError(message))
    code, _, err = aita("grade", "-a", "midterm", "--local")
    assert code != 0
    assert "(aita --local transcribe --assignment midterm)" in err
