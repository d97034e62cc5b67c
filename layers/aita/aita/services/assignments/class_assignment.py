"""Assignment of a class at once: each name that was read to a line of the roster, and doubtful ones to a person."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from aita.models.read_name import ReadName
from aita.models.student import RosterEntry
from aita.services.assignments.least_cost import assign
from aita.services.assignments.name_forms import fold, has_other_accents, joined_forms, name_forms, plain_form

NOBODY = 400
"""Cost of a student who is nobody on the roster, in thousandths: that of a name with two of five letters misread."""

LIKELY = 250
"""Largest cost at which a line is a student's without a person's word, in thousandths."""

MARGIN = 150
"""Least growth of the class's cost if the line were another's, for it to be a student's without a person's word."""

_OTHER_ACCENTS = 100
_LEAST_LIKENESS = 20.0  # of 100: a name less like one on the roster is not that one's, whatever number was read
_CANDIDATES = 5


@dataclass(frozen=True, slots=True)
class Candidate:
    """A line of the roster that a read name may be, and the cost, from 0 (it is what was read) to ``NOBODY``."""

    entry: RosterEntry
    cost: int


@dataclass(frozen=True, slots=True)
class Proposal:
    """Lines that may be a student's, the likeliest first, and the one that is, where that is sure."""

    candidates: tuple[Candidate, ...] = ()
    sure: RosterEntry | None = field(default=None)


def assign_class(read: Mapping[str, ReadName], roster: Sequence[RosterEntry]) -> dict[str, Proposal]:
    """Return a proposal for each student, by student id.

    The class is assigned at the least total cost, each line to one student at most. A line is surely a student's if its
    cost is at most ``LIKELY``, and no other assignment is nearly as good: without this pair the total is at least
    ``MARGIN`` more. So two people of one name, and two students who wrote the same, are a person's to tell apart.

    Parameters
    ----------
    read
        What was read of each student.
    roster
        Lines that are nobody's yet.
    """
    lines = _Lines(roster)
    costs = {student_id: lines.costs(each) for student_id, each in read.items()}
    pairs = assign(list(costs.values()), NOBODY, MARGIN)
    proposals: dict[str, Proposal] = {}
    for (student_id, of_student), pair in zip(costs.items(), pairs, strict=True):
        nearest = sorted(of_student, key=lambda place, costs=of_student: (costs[place], place))  # type: ignore[misc]
        sure = None
        if pair.column is not None and of_student[pair.column] <= LIKELY and pair.margin >= MARGIN:
            sure = roster[pair.column]
        candidates = tuple(Candidate(roster[place], of_student[place]) for place in nearest[:_CANDIDATES])
        proposals[student_id] = Proposal(candidates, sure)
    return proposals


class _Lines:
    """Lines of the roster, in the forms that names and numbers are compared in."""

    def __init__(self, roster: Sequence[RosterEntry]) -> None:
        self._names = [entry.name for entry in roster]
        self._forms = [name_forms(entry.name) | joined_forms(entry.name) for entry in roster]
        self._plain = [plain_form(entry.name) for entry in roster]
        self._numbers = [_number(entry.number) for entry in roster]

    def costs(self, read: ReadName) -> dict[int, int]:
        """Return the cost of each line, by its place, of those that cost less than ``NOBODY``."""
        names = self._of_names(read.name) if fold(read.name) else None
        numbers = self._of_numbers(_number(read.number)) if _number(read.number) else None
        found: dict[int, int] = {}
        for place in range(len(self._names)):
            told = [costs.get(place, 1000) for costs in (names, numbers) if costs is not None]
            if numbers is not None and not self._numbers[place]:
                told = told[:-1]  # the roster has no number to compare with
            if told and (cost := sum(told) // len(told)) < NOBODY:
                found[place] = cost
        return found

    def _of_names(self, name: str) -> dict[int, int]:
        from rapidfuzz import fuzz, process  # noqa: PLC0415 - functions that compare no names start without

        likest = process.extract(
            plain_form(name), self._plain, scorer=fuzz.token_sort_ratio, limit=None, score_cutoff=_LEAST_LIKENESS
        )
        costs = {place: round(1000 - 10 * score) for _, score, place in likest}
        forms = name_forms(name) | joined_forms(name)
        costs |= {place: 0 for place, known in enumerate(self._forms) if known & forms}
        others = (place for place, cost in costs.items() if cost < _OTHER_ACCENTS)
        return costs | {place: _OTHER_ACCENTS for place in others if has_other_accents(name, self._names[place])}

    def _of_numbers(self, number: str) -> dict[int, int]:
        from rapidfuzz.distance import Levenshtein  # noqa: PLC0415 - functions that compare no names start without

        return {
            place: round(1000 * Levenshtein.normalized_distance(number, known))
            for place, known in enumerate(self._numbers)
            if known
        }


def _number(number: str) -> str:
    return fold(number).replace(" ", "").lstrip("0")
