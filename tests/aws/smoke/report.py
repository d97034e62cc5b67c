"""The report of a smoke test: what was shown, what was not, and what can't be shown there."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum


class Verdict(StrEnum):
    """What came of a check."""

    SHOWN = "shown"
    FAILED = "FAILED"
    NOT_HERE = "only AWS shows it"


class CheckFailed(Exception):
    """Raised by a check that finds something wrong; its argument says what, and has no name of a student."""


@dataclass(frozen=True, slots=True)
class Line:
    """One check: what it is about, its verdict, and what was seen."""

    what: str
    verdict: Verdict
    seen: str


@dataclass
class Report:
    """Checks in the order in which they were made.

    Attributes
    ----------
    facts
        What the checks were made on, by name.
    say
        Function that takes each line when it is known.
    """

    facts: dict[str, str]
    say: Callable[[str], None]
    lines: list[Line] = field(default_factory=list)
    began: datetime = field(default_factory=lambda: datetime.now(UTC))

    @property
    def is_good(self) -> bool:
        """Whether something was shown, and nothing failed."""
        return any(line.verdict is Verdict.SHOWN for line in self.lines) and not self.failed

    @property
    def failed(self) -> list[Line]:
        """The checks that failed."""
        return [line for line in self.lines if line.verdict is Verdict.FAILED]

    @contextmanager
    def check(self, what: str) -> Iterator[list[str]]:
        """Make a check; it appends what it saw, and a failure of any kind is one of the check alone."""
        seen: list[str] = []
        try:
            yield seen
        except Exception as error:  # noqa: BLE001 - the next checks are made, and the stack deleted, all the same
            self._add(Line(what, Verdict.FAILED, f"{type(error).__name__}: {error}"))
        else:
            self._add(Line(what, Verdict.SHOWN, "; ".join(seen)))

    def not_here(self, what: str, why: str) -> None:
        """Say of a check that it can't be made here."""
        self._add(Line(what, Verdict.NOT_HERE, why))

    def markdown(self) -> str:
        """Return the report as it is attached to a release."""
        facts = {**self.facts, "begun": f"{self.began:%Y-%m-%d %H:%M} UTC"}
        rows = [f"| {line.what} | {line.verdict} | {line.seen.replace('|', '/')} |" for line in self.lines]
        told = [f"- {name}: {fact}" for name, fact in facts.items()]
        table = ["| check | verdict | what was seen |", "|---|---|---|", *(row.replace("\n", " ") for row in rows)]
        return "\n".join(["# Smoke test", "", *told, "", *table, ""])

    def _add(self, line: Line) -> None:
        self.lines.append(line)
        self.say(f"{line.verdict}: {line.what}{f' ({line.seen})' if line.seen else ''}")
