"""A measured case, and the table that all of them make."""

from dataclasses import dataclass

from rich.console import Console
from rich.table import Table

COLUMNS = ("case", "measured", "against", "ratio", "must be", "met")


@dataclass(frozen=True)
class Case:
    """One line of the table: a measurement, what it is held against, and their ratio with its bound.

    ``at_least`` says on which side of the bound the ratio must lie. A case without a bound is
    there to be compared with.
    """

    name: str
    measured: str
    against: str
    ratio: float | None = None
    bound: float | None = None
    at_least: bool = True

    @property
    def met(self) -> bool | None:
        """Whether the bound is kept; ``None`` without one."""
        if self.bound is None or self.ratio is None:
            return None
        return self.ratio >= self.bound if self.at_least else self.ratio <= self.bound

    def row(self) -> tuple[str, ...]:
        """Return the line's cells."""
        ratio = "" if self.ratio is None else f"{self.ratio:.2f}"
        bound = "" if self.bound is None else f"{'≥' if self.at_least else '≤'} {self.bound:g}"
        met = {True: "yes", False: "NO", None: ""}[self.met]
        return self.name, self.measured, self.against, ratio, bound, met


def show(cases: list[Case], console: Console) -> None:
    """Print the table."""
    table = Table(*COLUMNS, title="aita's benchmarks")
    for case in cases:
        table.add_row(*case.row())
    console.print(table)


def markdown(cases: list[Case]) -> str:
    """Return the table as Markdown."""
    lines = [COLUMNS, tuple("---" for _ in COLUMNS), *(case.row() for case in cases)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
