"""Text from outside, indented for a terminal."""

from collections.abc import Iterable

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from aita.cli.views.terminal_escape import printable

_COMMAND = "aita "
"""In a line that is to be pasted."""


def indented(text: str, style: str = "", by: int = 2) -> RenderableType:
    """Return text from outside, with wrapped lines indented too; a line with a command stays whole."""
    lines: list[RenderableType] = []
    for line in _lines(text):
        shown = Text(printable(line), style)
        if _COMMAND in line:
            lines.append(Text(" " * by).append_text(shown))
            continue
        lines.append(wrapped(shown, by))
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
