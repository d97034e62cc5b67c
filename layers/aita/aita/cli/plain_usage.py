"""Help and errors in plain words, where typer's and pydantic's are about code."""

import re
import shutil
from typing import Any

_TABLES_FROM = 80
"""Columns of a terminal from which on rich's tables of options cut no name; in lines none is cut."""

_WORDS = (
    (re.compile(r"\bValue error, "), ""),
    (re.compile(r"\bInput should be a valid number\b[^;]*"), "it must be a number, such as 2.5"),
    (re.compile(r"\bInput should be a valid integer\b[^;]*"), "it must be a whole number"),
    (re.compile(r"\bInput should be greater than or equal to (\S+)"), r"it must be \1 or more"),
    (re.compile(r"\bInput should be less than or equal to (\S+)"), r"it must be \1 or less"),
    (re.compile(r"\bInput should be greater than (\S+)"), r"it must be more than \1"),
    (re.compile(r"\bInput should be less than (\S+)"), r"it must be less than \1"),
    (re.compile(r"\bInput should be a valid (?:array|list|tuple)\b"), "it must be a list, [...]"),
    (re.compile(r"\bInput should be (?:a valid dictionary|an object)\b.*?(?=;|$)"), "it must be an object, {...}"),
    (re.compile(r"\bInput should be a valid string\b"), "it must be a text in quotes"),
    (re.compile(r"\bInput should be a valid boolean\b[^;]*"), "it must be true or false"),
    (re.compile(r"\bInput should be "), "it must be "),
    (re.compile(r"\bField required\b"), "it is missing"),
    (re.compile(r"\bExtra inputs are not permitted\b"), "there is no such field"),
    (re.compile(r"\b(?:String|List|Tuple|Dictionary) should have "), "it must have "),
)
"""Patterns of pydantic's messages, and the words in their place."""


def plain_error(message: str) -> str:
    """Return an error's message without pydantic's terms."""
    for pattern, words in _WORDS:
        message = pattern.sub(words, message)
    return message


def make_plain(command: Any, above: Any = None) -> None:
    """Unwrap the paragraphs of a command's help, and leave only words of the command line beside its parameters.

    typer shows the Python type of flags, of the option for help and of arguments, such as ``<bool>`` and
    ``<list[Path]>``. Choices stay. In a narrow terminal, lines take the place of tables.
    Subcommands are treated likewise.

    Parameters
    ----------
    command
        The command as typer resolved it.
    above
        Context of the command that it is a subcommand of.
    """
    context = command.context_class(command, parent=above, **command.context_settings)
    if command.help:
        command.help = "\n\n".join(paragraph.replace("\n", " ") for paragraph in command.help.split("\n\n"))
    is_group = hasattr(command, "commands")  # lines would cut the sentences about its commands
    if not is_group and shutil.get_terminal_size().columns < _TABLES_FROM:
        command.rich_markup_mode = None
    for parameter in command.get_params(context):
        if getattr(parameter, "is_bool_flag", False):
            parameter.metavar = ""
        if parameter.param_type_name == "argument":
            parameter.display_type_rich = _no_type
    for below in getattr(command, "commands", {}).values():
        make_plain(below, context)


def _no_type(ctx: Any) -> None:
    """Show no type: an argument's name and help describe it."""
