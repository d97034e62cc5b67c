"""Help and usage errors in plain words, where typer's and pydantic's are about code."""

import re
from typing import Any

_WORDS = (
    (re.compile(r"\bValue error, "), ""),
    (re.compile(r"\bInput should be a valid number\b.*"), "it must be a number, such as 2.5"),
    (re.compile(r"\bInput should be a valid integer\b.*"), "it must be a whole number"),
    (re.compile(r"\bInput should be greater than or equal to (\S+)"), r"it must be \1 or more"),
    (re.compile(r"\bInput should be less than or equal to (\S+)"), r"it must be \1 or less"),
    (re.compile(r"\bInput should be "), "it must be "),
)
"""Patterns of pydantic's messages, and the words in their place."""


def plain_error(message: str) -> str:
    """Return the message of a usage error without pydantic's terms."""
    for pattern, words in _WORDS:
        message = pattern.sub(words, message)
    return message


def make_plain(command: Any) -> None:
    """Unwrap the paragraphs of a command's help, and take the types away from its flags; those of subcommands, too.

    Parameters
    ----------
    command
        The command as typer resolved it.
    """
    if command.help:
        command.help = "\n\n".join(paragraph.replace("\n", " ") for paragraph in command.help.split("\n\n"))
    for parameter in command.params:
        if getattr(parameter, "is_bool_flag", False):
            parameter.metavar = ""
    for below in getattr(command, "commands", {}).values():
        make_plain(below)
