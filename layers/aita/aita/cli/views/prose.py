"""Prose for a terminal: wrapped between words, where a command that it names stays in one piece, to be pasted."""

import re
from collections.abc import Iterator

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, Group, RenderableType
from rich.text import Text

_WORD = r"(?:'[^']*'|[^\s'();,]+)"
_COMMAND = re.compile(rf"(?<![\w./-])aita(?: {_WORD})+")
_TO_LAST_OPTION = re.compile(rf".* --?[a-z][\w-]*(?: (?!-){_WORD})?")
_WITHOUT_OPTIONS = re.compile(rf"aita(?: {_WORD}){{1,3}}")
_OPTION = re.compile(rf"(?<![\w-])--[a-z][\w-]*(?: (?!-){_WORD})?")


class Prose:
    """Text that is wrapped between words; lines that follow are indented as their first one is.

    A command, or an option with its value, is not parted: one that is longer than a line stands on its own.

    Parameters
    ----------
    by
        Columns by which all lines are indented.
    """

    def __init__(self, text: Text, by: int = 0) -> None:
        self._text, self._by = text, by

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[RenderableType]:
        """Yield the lines, none of which is wrapped again."""
        for line in self._text.split("\n", allow_blank=True):
            indent = self._by + len(line.plain) - len(line.plain.lstrip(" "))
            content = line[len(line.plain) - len(line.plain.lstrip(" ")) :]
            starts = _starts(content.plain, max(options.max_width - indent, 1))
            for part in content.divide(starts):
                part.rstrip()
                yield Text(" " * indent, no_wrap=True, overflow="ignore").append_text(part)


def fitting(shown: RenderableType) -> RenderableType:
    """Return an output with all its plain text as prose."""
    if isinstance(shown, Text):
        return Prose(shown)
    return Group(*map(fitting, shown.renderables)) if isinstance(shown, Group) else shown


def _starts(text: str, width: int) -> list[int]:
    """Return the places in a text at which further lines begin."""
    whole = [*_commands(text), *(found.span() for found in _OPTION.finditer(text))]
    starts, line, last = list[int](), 0, 0
    for space in (found.start() for found in re.finditer(" ", text + " ")):
        if any(start < space < end for start, end in whole):
            continue
        if cell_len(text[line:space]) > width and last > line:
            starts.append(last)
            line = last
        last = space + 1
    return starts


def _commands(text: str) -> Iterator[tuple[int, int]]:
    """Yield the beginning and the end of each command: its last option's value or, without options, a few words."""
    for found in _COMMAND.finditer(text):
        command = _TO_LAST_OPTION.match(found[0]) or _WITHOUT_OPTIONS.match(found[0])
        if command is not None:
            yield found.start(), found.start() + command.end()
