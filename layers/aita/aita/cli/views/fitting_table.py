"""Tables that become lists where the terminal is too narrow for them, so that nothing is cut or broken in words."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from rich.console import Console, ConsoleOptions, RenderableType
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

_UNBOUNDED = 10_000
"""Width in columns at which no table is narrowed."""

_INDENT = 2
"""Columns by which the fields of a list's item are indented."""


@dataclass(slots=True)
class FittingTable:
    """Rows under headings: a table if all of it fits the console's width, else a list with a block for each row.

    Parameters
    ----------
    headings
        Names of the columns. The first one's cell heads the row's block.
    numbers
        Headings of the columns that are aligned to the right.
    """

    headings: Sequence[str]
    numbers: frozenset[str] = frozenset()
    rows: list[tuple[Sequence[str | Text], str]] = field(default_factory=list)

    def add_row(self, *cells: str | Text, style: str = "") -> None:
        """Add a row, with a cell for each heading."""
        self.rows.append((cells, style))

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[RenderableType]:
        """Yield the form that fits."""
        table = self._table()
        if Measurement.get(console, options.update(width=_UNBOUNDED), table).maximum <= options.max_width:
            yield table
            return
        for cells, style in self.rows:
            yield from self._block(cells, style)

    def _table(self) -> Table:
        table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
        for heading in self.headings:
            table.add_column(heading, justify="right" if heading in self.numbers else "left")
        for cells, style in self.rows:
            table.add_row(*cells, style=style)
        return table

    def _block(self, cells: Sequence[str | Text], style: str) -> Iterator[RenderableType]:
        first, *others = cells
        yield Text(style=style).append(first)
        block = Table.grid(padding=(0, 2, 0, 0))
        block.add_column(width=_INDENT)
        block.add_column(no_wrap=True, style="dim")
        block.add_column(overflow="fold")
        for heading, cell in zip(self.headings[1:], others, strict=True):
            if cell:
                block.add_row("", heading, cell, style=style)
        yield block
