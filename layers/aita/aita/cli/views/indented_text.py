"""Text from outside, indented for a terminal."""

import re
from collections.abc import Iterable

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from aita.cli.views.prose import Prose
from aita.cli.views.terminal_escape import printable

_PASTED = re.compile(r"\baita |--[a-z]")
"""Beginning of a command or an option, which stays in one piece."""


def indented(text: str, style: str = "", by: int = 2) -> RenderableType:
    """Return text from outside, with wrapped lines indented too; a command in it stays in one piece."""
    lines: list[RenderableType] = []
    for line in _lines(text):
        shown = Text(printable(line), style)
        lines.append(Prose(shown, by) if _PASTED.search(line) else wrapped(shown, by))
    return Group(*lines)


def wrapped(line: Text, by: int = 2) -> RenderableType:
    """Return a line indented, and wrapped between its words."""
    row = Table.grid()
    row.add_column(width=by)
    row.add_column(overflow="fold")
    row.add_row("", line)
    return row


def _lines(text: str) -> Iterable[str]:
    return text.replace("\r\n", "\n").expandtabs(4).split("\n")
