"""People's decisions in memory."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TypeVar

from aita.errors import ConflictError
from aita.models.decision import Decision
from aita.models.match import MatchDecision
from aita.models.part_decision import PartDecision

D = TypeVar("D", Decision, PartDecision, MatchDecision)

Rows = dict[str, dict[tuple[str, str], D]]
"""Decisions by assignment, and by the ids of their subject and of themselves."""


@dataclass
class MemoryDecisions:
    """Decisions about cells, parts of pages, and students' matches with the roster."""

    data: Rows[Decision] = field(default_factory=dict)
    parts: Rows[PartDecision] = field(default_factory=dict)
    matched: Rows[MatchDecision] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, assignment: str, decision: Decision) -> None:
        """Write a decision; ConflictError if there is another of its id, which stays as it is."""
        self._add(self.data, assignment, decision.cell_id, decision)

    def all(self, assignment: str) -> Iterator[Decision]:
        """Yield an assignment's decisions, by cell and then the oldest first."""
        yield from (decision for _, decision in _ordered(self.data, assignment))

    def page(self, assignment: str, limit: int, token: str | None) -> tuple[list[Decision], str | None]:
        """Return up to ``limit`` decisions in that order and the token of the next page."""
        return _page(self.data, assignment, limit, token)

    def add_on_part(self, assignment: str, decision: PartDecision) -> None:
        """Write a decision; ConflictError if there is another of its id about the part, which stays as it is."""
        self._add(self.parts, assignment, decision.part_id, decision)

    def on_parts(self, assignment: str) -> Iterator[PartDecision]:
        """Yield an assignment's decisions about parts, by part and then the oldest first."""
        yield from (decision for _, decision in _ordered(self.parts, assignment))

    def page_on_parts(self, assignment: str, limit: int, token: str | None) -> tuple[list[PartDecision], str | None]:
        """Return up to ``limit`` decisions in that order and the token of the next page."""
        return _page(self.parts, assignment, limit, token)

    def add_match(self, assignment: str, decision: MatchDecision) -> None:
        """Write a decision about a match; ConflictError if there is another of its id, which stays as it is."""
        self._add(self.matched, assignment, decision.student_id, decision)

    def matches(self, assignment: str) -> Iterator[MatchDecision]:
        """Yield an assignment's decisions about matches, by student and then the oldest first."""
        yield from (decision for _, decision in _ordered(self.matched, assignment))

    def _add(self, rows: Rows[D], assignment: str, subject_id: str, decision: D) -> None:
        place = (subject_id, decision.decision_id)
        with self._lock:
            if rows.setdefault(assignment, {}).get(place, decision) != decision:
                raise ConflictError(f"decision {decision.decision_id} is recorded already, and stays as it is")
            rows[assignment][place] = decision


def _ordered(rows: Rows[D], assignment: str) -> list[tuple[tuple[str, str], D]]:
    return sorted(rows.get(assignment, {}).items(), key=lambda pair: pair[0])


def _page(rows: Rows[D], assignment: str, limit: int, token: str | None) -> tuple[list[D], str | None]:
    start = tuple((token or "").split("."))
    rest = [each for each in _ordered(rows, assignment) if each[0] > start]
    last = rest[limit - 1][0] if len(rest) > limit else None
    return [one for _, one in rest[:limit]], ".".join(last) if last else None
