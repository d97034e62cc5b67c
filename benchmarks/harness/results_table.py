"""Measured cases, and their table."""

from dataclasses import dataclass

from rich.console import Console
from rich.table import Table

COLUMNS = ("case", "measured", "against", "ratio", "must be", "met")


@dataclass(frozen=True)
class Limit:
    """Further count or share of a case, beside its ratio, with its upper bound; ``None`` is no bound."""

    name: str
    value: float
    most: float | None
    is_share: bool = False

    @property
    def met(self) -> bool | None:
        """Whether the bound is kept; ``None`` without one."""
        return None if self.most is None else self.value <= self.most

    def show(self, value: float) -> str:
        """Return a value with the limit's name, for the table."""
        return f"{value * 100:.3g}% {self.name}" if self.is_share else f"{value:g} {self.name}"


@dataclass(frozen=True)
class Case:
    """One line of the table: a measurement, its reference, and their ratio with its bound.

    The bound is a lower one if ``at_least``, else an upper one; ``limits`` must hold besides. A case without a bound
    serves for comparison only.
    """

    name: str
    measured: str
    against: str
    ratio: float | None = None
    bound: float | None = None
    at_least: bool = True
    limits: tuple[Limit, ...] = ()

    @property
    def met(self) -> bool | None:
        """Whether all bounds are kept; ``None`` if there are none."""
        known = [met for met in (self._ratio_met, *(limit.met for limit in self.limits)) if met is not None]
        return all(known) if known else None

    def row(self) -> tuple[str, ...]:
        """Return the line's cells."""
        values = [] if self.ratio is None else [f"{self.ratio:.2f}"]
        bounds = [] if self.bound is None else [f"{'≥' if self.at_least else '≤'} {self.bound:g}"]
        for limit in self.limits:
            values.append(limit.show(limit.value))
            if limit.most is not None:
                bounds.append(f"{'≤ ' if limit.most else ''}{limit.show(limit.most)}")
        met = {True: "yes", False: "NO", None: ""}[self.met]
        return self.name, self.measured, self.against, ", ".join(values), ", ".join(bounds), met

    @property
    def _ratio_met(self) -> bool | None:
        if self.bound is None or self.ratio is None:
            return None
        return self.ratio >= self.bound if self.at_least else self.ratio <= self.bound


def say(doing: str) -> None:
    """Print the case that is being measured."""
    print(f"  {doing} ...", flush=True)


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
