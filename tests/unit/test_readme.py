"""What the README and the guide show is there: commands with their options, make's targets, files, settings."""

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import typer

from aita.cli.main import make_app
from aita.settings import UserSettings

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
GUIDE = (ROOT / "docs" / "guide.md").read_text()
BLOCKS = re.findall(r"```sh\n(.*?)```", README + GUIDE, re.DOTALL)
LINES = [line.partition(" #")[0].strip() for block in BLOCKS for line in block.splitlines()]
SHOWN = [line for line in LINES if line.startswith("aita ")] + re.findall(r"`(aita [^`]+)`", README + GUIDE)


@pytest.mark.parametrize("line", sorted(set(SHOWN)))
def test_commands_and_their_options_exist(line: str) -> None:
    command: Any = typer.main.get_command(make_app())
    options = {"--local", "--json", "--stack", "--region"}
    for word in shlex.split(line)[1:]:
        if word.startswith("-"):
            known = options | {name for parameter in command.params for name in parameter.opts}
            assert word in known, f"{line}: {word}"
        elif subcommands := getattr(command, "commands", None):
            assert word in subcommands, f"{line}: {word}"
            command = subcommands[word]
        elif word == "<":
            break


@pytest.mark.parametrize("target", re.findall(r"^make (\w+)", "\n".join(LINES), re.MULTILINE))
def test_targets_exist(target: str) -> None:
    assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(), re.MULTILINE)


@pytest.mark.parametrize("link", re.findall(r"\]\((?!http)([^)]+)\)", README))
def test_links_lead_somewhere(link: str) -> None:
    assert (ROOT / link).exists()


def test_every_setting_is_told() -> None:
    told = set(re.findall(r"`((?:AITA|OPENAI)_[A-Z_]+)`", README))
    read = {
        name.upper() if name.startswith("openai_") else f"AITA_{name.upper()}" for name in UserSettings.model_fields
    }
    assert told == read | {"AITA_LOCAL"}
