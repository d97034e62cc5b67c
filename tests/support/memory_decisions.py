"""People's decisions in memory."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field

from aita.errors import ConflictError
from aita.models.grade import Decision
from aita.models.match import MatchDecision


@dataclass
class MemoryDecisions:
    """Decisions by assignment, cell and id; those about matches by assignment, student and id."""

    data: dict[str, dict[tuple[str, str], Decision]] = field(default_factory=dict)
    matched: dict[str, dict[tuple[str, str], MatchDecision]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, assignment: str, decision: Decision) -> None:
        """Write a decision; ConflictError if there is one of its id, which stays as it is."""
        place = (decision.cell_id, decision.decision_id)
        with self._lock:
            if place in self.data.setdefault(assignment, {}):
                raise ConflictError(f"decision {decision.decision_id} is recorded already, and stays as it is")
            self.data[assignment][place] = decision

    def all(self, assignment: str) -> Iterator[Decision]:
        """Yield an assignment's decisions, by cell and then the oldest first."""
        yield from (decision for _, decision in sorted(self.data.get(assignment, {}).items(), key=lambda pair: pair[0]))

    def page(self, assignment: str, limit: int, token: str | None) -> tuple[list[Decision], str | None]:
        """Return up to ``limit`` decisions in that order and the token of the next page."""
        start = tuple((token or "").split("."))
        found = [one for one in self.all(assignment) if (one.cell_id, one.decision_id) > start]
        last = found[limit - 1] if len(found) > limit else None
        return found[:limit], f"{last.cell_id}.{last.decision_id}" if last else None

    def add_match(self, assignment: str, decision: MatchDecision) -> None:
        """Write a decision about a match; ConflictError if there is one of its id, which stays as it is."""
        place = (decision.student_id, decision.decision_id)
        with self._lock:
            if place in self.matched.setdefault(assignment, {}):
                raise ConflictError(f"decision {decision.decision_id} is recorded already, and stays as it is")
            self.matched[assignment][place] = decision

    def matches(self, assignment: str) -> Iterator[MatchDecision]:
        """Yield an assignment's decisions about matches, by student and then the oldest first."""
        for place in sorted(self.matched.get(assignment, {})):
            yield self.matched[assignment][place]
