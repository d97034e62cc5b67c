"""The documents as their readers see them, and what is wrong with their links, blocks of code and commands."""

import ast
import importlib
import importlib.util
import json
import re
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import typer
import yaml
from markdown_it import MarkdownIt
from markdown_it.token import Token

from aita.cli.global_options import hoist
from aita.cli.main import make_command
from tests.support.aws_commands import AwsCommand, WrongCommand

ROOT = Path(__file__).parents[2]
ROOMS = {path.name for path in ROOT.iterdir() if path.is_dir() and not path.name.startswith(".")} - {"build", "out"}
"""Folders of the project; ``build`` and ``out`` hold what commands make."""

ELSEWHERE = {".", "export", "git", "openssl", "pre-commit"}
"""Programs that are not the project's: what they take is not checked."""

MADE = ("file=", "after=")
"""Labels of blocks that are run together, where a file is made that others import."""


def documents() -> list[Path]:
    """Return what is written for readers."""
    folders = (ROOT, ROOT / "docs", ROOT / "samples", ROOT / ".github", ROOT / ".github" / "ISSUE_TEMPLATE")
    return sorted(path for folder in folders for path in folder.glob("*.md"))


@dataclass(frozen=True)
class Block:
    """A block of code: its language, what stands beside it, its text, and its first line in the document."""

    language: str
    label: str
    text: str
    line: int


class Document:
    """A document in Markdown, as GitHub reads it."""

    def __init__(self, text: str, path: Path) -> None:
        self.path = path
        self._tokens = list(_flat(MarkdownIt("commonmark", {"html": True}).enable("table").parse(text)))

    @classmethod
    def of(cls, path: Path) -> "Document":
        return cls(path.read_text("utf-8"), path)

    def blocks(self) -> list[Block]:
        """Return the blocks of code; one that is only indented has no language."""
        found = []
        for token in self._tokens:
            if token.type in ("fence", "code_block"):
                language, _, label = token.info.strip().partition(" ")
                found.append(Block(language, label, token.content, (token.map or [0])[0] + (token.type == "fence") + 1))
        return found

    def inline_code(self) -> list[str]:
        return [token.content for token in self._tokens if token.type == "code_inline"]

    def links(self) -> list[str]:
        """Return where links and pictures lead."""
        attributes = [str(token.attrs.get("href") or token.attrs.get("src") or "") for token in self._tokens]
        html = "".join(token.content for token in self._tokens if token.type in ("html_inline", "html_block"))
        return [link for link in (*attributes, *re.findall(r'(?:href|src|srcset)="([^"]+)"', html)) if link]

    def anchors(self) -> set[str]:
        """Return what a link may name of this document, as GitHub makes it of the headings."""
        found: list[str] = []
        for before, token in zip(self._tokens, self._tokens[1:], strict=False):
            if before.type == "heading_open":
                text = "".join(child.content for child in token.children or ())
                slug = re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-")
                found.append(f"{slug}-{found.count(slug)}" if slug in found else slug)
        return set(found)

    def broken_links(self) -> list[str]:
        """Return the links that lead nowhere within the project."""
        return [link for link in self.links() if not re.match(r"(?:https|mailto):", link) and not self._leads(link)]

    def _leads(self, link: str) -> bool:
        path, _, anchor = link.partition("#")
        target = (self.path.parent / path).resolve() if path else self.path
        if ROOT not in target.parents or not target.exists():
            return False
        return not anchor or anchor in (self if target == self.path else Document.of(target)).anchors()

    def missing_paths(self) -> list[str]:
        """Return what is written as a path of the project and is none, but for files that the document makes."""
        made = {block.label.removeprefix("file=") for block in self.blocks()}
        words = [word.strip(",.:") for code in self.inline_code() for word in code.split()]
        paths = [word for word in words if word.split("/")[0] in ROOMS and re.fullmatch(r"[\w.-]+/[\w./-]*", word)]
        return [path for path in paths if not (ROOT / path).exists() and not any(path.endswith(each) for each in made)]


def problem_of(block: Block) -> str | None:
    """Return what is wrong with a block of code that is not run."""
    checks = {
        "json": _json,
        "mermaid": lambda _: None,  # drawn for the site, which is not built of another diagram
        "python": _python,
        "sh": _shell,
        "text": lambda block: None if block.label.startswith("file=") else "it belongs to no file that a test makes",
        "yaml": _yaml,
    }
    if block.language not in checks:
        return f"{block.language or 'no language'}: nothing checks it"
    return checks[block.language](block)


def problem_of_line(line: str) -> str | None:
    """Return what is wrong with a command line, which is all there."""
    for command in _commands(line):
        if problem := _problem_of_command(command, whole=True):
            return f"{shlex.join(command)}: {problem}"
    return None


def problem_of_mention(code: str) -> str | None:
    """Return what is wrong with a command that is named in a sentence, where what it needs may be left out."""
    if re.match(r"(?:aita|make|sam|python)(?: |$)", code):
        for command in _commands(code):
            if problem := _problem_of_command(command, whole=False):
                return f"{code}: {problem}"
    return None


def _flat(tokens: list[Token]) -> Iterator[Token]:
    for token in tokens:
        yield token
        yield from _flat(token.children or [])


def _json(block: Block) -> str | None:
    try:
        for text in block.text.splitlines() if block.label.endswith(".jsonl") else [block.text]:
            json.loads(text)
    except ValueError as error:
        return str(error)
    return None


def _yaml(block: Block) -> str | None:
    try:
        yaml.safe_load(block.text)
    except yaml.YAMLError as error:
        return str(error)
    return None


def _python(block: Block) -> str | None:
    try:
        tree = ast.parse(block.text)
    except SyntaxError as error:
        return str(error)
    if block.label.startswith(MADE):
        return None
    for node in ast.walk(tree):
        names = [(node.module or "", alias.name) for alias in node.names] if isinstance(node, ast.ImportFrom) else []
        names += [(alias.name, "") for alias in node.names] if isinstance(node, ast.Import) else []
        for module, name in names:
            try:
                loaded = importlib.import_module(module)
            except ImportError as error:
                return str(error)
            if name and not hasattr(loaded, name) and importlib.util.find_spec(f"{module}.{name}") is None:
                return f"{module} has no {name}"
    return None


def _shell(block: Block) -> str | None:
    done = subprocess.run(["bash", "-n"], input=block.text, capture_output=True, text=True, timeout=60, check=False)
    if done.returncode:
        return done.stderr
    return next(filter(None, map(problem_of_line, block.text.splitlines())), None)


def _commands(line: str) -> Iterator[list[str]]:
    """Part a line of a shell into its commands, without what they read and where they write to."""
    line = re.sub(r"\$\(.*?\)", "value", line).replace("...", "")
    words = shlex.shlex(line, posix=True, punctuation_chars=True)
    words.whitespace_split = True
    command: list[str] = []
    into = False
    for word in words:
        if set(word) <= set("&|;"):
            yield command
            command = []
        elif set(word) <= set("<>"):
            into = True
        elif into:
            into = False
        else:
            command.append(word)
    if command:
        yield command


def _problem_of_command(command: list[str], *, whole: bool) -> str | None:
    program, *arguments = command
    name = program.removeprefix(".venv/bin/")
    if name == "aita":
        return _parsed(arguments) if whole else _walked(arguments)
    checks = {"aws": _aws, "make": _make, "pip": _pip, "python": _python_command, "sam": _sam}
    if name in checks:
        return checks[name](arguments)
    if name != program:
        return None if Path(sys.executable).with_name(name).exists() else "is not in .venv"
    return None if name in ELSEWHERE else "is not known"


@cache
def _aita() -> Any:
    return make_command()


def subcommands() -> list[str]:
    """Return the names that may follow ``aita``."""
    return list(_aita().commands)


def _parsed(arguments: list[str]) -> str | None:
    """Let the command line's own parser read it, without running anything."""
    command, left, context = _aita(), hoist(arguments, _aita()), None
    name = "aita"
    try:
        while True:
            context = command.make_context(name, left, parent=context)
            if not hasattr(command, "commands"):
                return None
            name, command, left = command.resolve_command(context, [*context._protected_args, *context.args])
    except typer.TyperException as error:
        return str(error.format_message())


def _walked(arguments: list[str]) -> str | None:
    """Look up each subcommand and option, whatever else is missing."""
    command: Any = _aita()
    known = {name for parameter in command.params for name in parameter.opts}
    for word in arguments:
        if word.startswith("-"):
            if word not in known | {name for parameter in command.params for name in parameter.opts}:
                return f"has no {word}"
        elif subcommands := getattr(command, "commands", None):
            if word not in subcommands:
                return f"has no {word}"
            command = subcommands[word]
    return None


def _aws(arguments: list[str]) -> str | None:
    """Hold the operation and its options against AWS's own model of the service."""
    try:
        AwsCommand.read(arguments)
    except WrongCommand as error:
        return str(error)
    return None


def _make(arguments: list[str]) -> str | None:
    makefile = (ROOT / "Makefile").read_text()
    for word in arguments:
        variable, equals, _ = word.partition("=")
        there = (
            f"$({variable})" in makefile if equals else re.search(rf"^{re.escape(word)}:.*##", makefile, re.MULTILINE)
        )
        if not there:
            return f"there is no {word}"
    return None


def _pip(arguments: list[str]) -> str | None:
    """Let readers install the project by its name, which is not the package's, or a clone, or make its wheel."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["name"]
    command, what, *_ = [*arguments, ""]
    named = what.partition("[")[0]  # without extras
    right = (command, named) in {("install", project), ("install", "."), ("wheel", ".")}
    return None if right else f"the project is {project}"


def _python_command(arguments: list[str]) -> str | None:
    if arguments[0] == "-m":
        return None if importlib.util.find_spec(arguments[1]) else f"there is no module {arguments[1]}"
    return None if (ROOT / arguments[0]).exists() else f"there is no {arguments[0]}"


def _sam(arguments: list[str]) -> str | None:
    """Hold the parameters that are given against the template's."""
    head = (ROOT / "template.yaml").read_text().partition("\nConditions:")[0].partition("\nParameters:")[2]
    for word in (
        arguments[arguments.index("--parameter-overrides") + 1 :] if "--parameter-overrides" in arguments else []
    ):
        name, equals, _ = word.partition("=")
        if equals and not re.search(rf"^  {re.escape(name)}:", head, re.MULTILINE):
            return f"the template has no parameter {name}"
    return None
