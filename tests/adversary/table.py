"""Table of what came of the cases, by the kind of mishap."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from tests.adversary.case import Outcome
from tests.adversary.catalogue import CATALOGUE, Step
from tests.adversary.schedule import TIMES, pairs_of

CLEAN, INNOCENT = "no mishap", "innocent marks"

COLUMNS = ("wrong", "unexplained", "untouched", "totals", "unaccounted", "named", "broken")
"""Kinds of violations, in the order of the columns."""


@dataclass(slots=True)
class Row:
    """Counts of one kind: its classes, the cells that it may open and those that are open, and classes by violation."""

    classes: int = 0
    cells: int = 0
    opened: int = 0
    violated: Counter[str] = field(default_factory=Counter)


@dataclass(slots=True)
class Table:
    """Counts of all kinds, and the cases with violations."""

    rows: dict[str, Row] = field(default_factory=dict)
    failed: list[Outcome] = field(default_factory=list)
    met: Counter[tuple[str, str]] = field(default_factory=Counter)
    classes: int = 0

    def add(self, outcome: Outcome) -> None:
        """Count an outcome."""
        if not outcome.is_possible:
            return
        self.classes += 1
        self.met.update(pairs_of(outcome.case.mishaps))
        if outcome.violations:
            self.failed.append(outcome)
        if not outcome.case.mishaps:
            row = self._row(INNOCENT if outcome.case.innocent else CLEAN)
            row.classes += 1
            row.cells += outcome.cells
            row.opened += len(outcome.opened)
            row.violated.update({each.invariant for each in outcome.violations})
        for kind, touched in outcome.touched.items():
            row = self._row(kind)
            row.classes += 1
            row.cells += len(touched)
            row.opened += len(touched & outcome.opened)
            row.violated.update(
                {each.invariant for each in outcome.violations if self._is_of(each.places, kind, outcome)}
            )

    def _is_of(self, places: Sequence[tuple[str, str]], kind: str, outcome: Outcome) -> bool:
        """Return whether a violation is one of a mishap's: on a cell that it touches, or on one that none touches."""
        owners = [each for each, touched in outcome.touched.items() if touched & set(places)]
        return kind in owners or not owners

    def _row(self, kind: str) -> Row:
        return self.rows.setdefault(kind, Row())

    def share(self, kind: str) -> float:
        """Return the share of open cells in classes without a mishap."""
        row = self._row(kind)
        return row.opened / row.cells if row.cells else 0.0

    def lines(self) -> Iterator[str]:
        """Yield the lines of the table, in the order of the steps."""
        yield f"{'kind':42}{'classes':>8}{'cells':>7}{'opened':>7}" + "".join(f"{each:>12}" for each in COLUMNS)
        kinds = sorted(CATALOGUE.values(), key=lambda each: [*Step].index(each.step))
        names = {CLEAN: CLEAN, INNOCENT: INNOCENT} | {each.name: f"{each.step}: {each.name}" for each in kinds}
        for kind, name in names.items():
            if (row := self.rows.get(kind)) is not None:
                counts = "".join(f"{row.violated[each] or '':>12}" for each in COLUMNS)
                yield f"{name:42}{row.classes:>8}{row.cells:>7}{row.opened:>7}{counts}"
        shares = f"{self.share(CLEAN):.1%} without innocent marks, {self.share(INNOCENT):.1%} with them"
        yield f"{self.classes} classes; open cells where nothing happened: {shares}"

    def pairs(self, kinds: Iterable[str]) -> str:
        """Return how many of the pairs of mishaps have met often enough, in words."""
        every = [*pairs_of(kinds)]
        enough = sum(self.met[pair] >= TIMES for pair in every)
        return f"{enough} of {len(every)} pairs of mishaps met {TIMES} times or more"
