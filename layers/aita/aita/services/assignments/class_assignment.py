"""Assignment of a class at once: each name that was read to a line of the roster, and doubtful ones to a person."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from aita.models.read_name import ReadName
from aita.models.student import RosterEntry
from aita.services.assignments.least_cost import assign
from aita.services.assignments.name_forms import fold, has_other_accents, joined_forms, name_forms, plain_form

NOBODY = 400
"""Cost of a student who is nobody on the roster, in thousandths: that of a name with two of five letters misread."""

BOTH, ALONE = 300, 100
"""Largest part, in thousandths, in which each of name and number, or what is there of the two, may be other than a line
for it to be a student's without a person's word."""

MARGIN = 150
"""Least growth of the class's cost if the line were another's, for it to be a student's without a person's word."""

_OTHER_ACCENTS = 100
_LONG_NUMBER = 5  # characters: a shorter one that stands alone may be a page's, or a seat's
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


def assign_class(
    read: Mapping[str, ReadName], roster: Sequence[RosterEntry], taken: Sequence[RosterEntry] = ()
) -> dict[str, Proposal]:
    """Return a proposal for each student, by student id.

    The class is assigned at the least total cost, each line to one student at most. A line is surely a student's if it
    is near enough to what was read (``BOTH``, ``ALONE``), and no other assignment is nearly as good: without this pair
    the total is at least ``MARGIN`` more. So two people of one name, and two students who wrote the same, are a
    person's to tell apart. A number without a name is surely that of a line if it is long and the same: neighbours
    differ in one digit.

    Parameters
    ----------
    read
        What was read of each student.
    roster
        Lines that are nobody's yet.
    taken
        Lines that are somebody's. Whoever may as well be one of these is surely nobody else: a student may have handed
        in twice.
    """
    lines = _Lines((*roster, *taken))
    of_all = {student_id: lines.differences(each) for student_id, each in read.items()}
    found = {
        student_id: {place: each for place, each in of_student.items() if place < len(roster)}
        for student_id, of_student in of_all.items()
    }
    costs = [{place: each.cost for place, each in of_student.items()} for of_student in found.values()]
    pairs = assign(costs, NOBODY, MARGIN)
    proposals: dict[str, Proposal] = {}
    for (student_id, of_student), pair in zip(found.items(), pairs, strict=True):
        nearest = sorted((each.cost, place) for place, each in of_student.items())
        sure = None
        of_others = (each.cost for place, each in of_all[student_id].items() if place >= len(roster))
        if pair.column is not None and pair.margin >= MARGIN:
            difference = of_student[pair.column]
            is_small = (
                difference.is_small if fold(read[student_id].name) else _is_same_number(read[student_id], difference)
            )
            if is_small and difference.cost < min(of_others, default=NOBODY):
                sure = roster[pair.column]
        candidates = tuple(Candidate(roster[place], cost) for cost, place in nearest[:_CANDIDATES])
        proposals[student_id] = Proposal(candidates, sure)
    return proposals


class _Difference(NamedTuple):
    """Difference of what was read from a line: of the name, of the number, or of both, in thousandths."""

    parts: tuple[int, ...]

    @property
    def cost(self) -> int:
        return sum(self.parts) // len(self.parts)

    @property
    def is_small(self) -> bool:
        return max(self.parts) <= (ALONE if len(self.parts) == 1 else BOTH)


def _is_same_number(read: ReadName, difference: _Difference) -> bool:
    return difference.cost == 0 and len(_number(read.number)) >= _LONG_NUMBER


class _Lines:
    """Lines of the roster, in the forms that names and numbers are compared in."""

    def __init__(self, roster: Sequence[RosterEntry]) -> None:
        self._names = [entry.name for entry in roster]
        self._forms = [name_forms(entry.name) | joined_forms(entry.name) for entry in roster]
        self._plain = [plain_form(entry.name) for entry in roster]
        self._numbers = [_number(entry.number) for entry in roster]

    def differences(self, read: ReadName) -> dict[int, _Difference]:
        """Return the difference of each line, by its place, of those that cost less than ``NOBODY``."""
        names = self._of_names(read.name) if fold(read.name) else None
        numbers = self._of_numbers(_number(read.number)) if _number(read.number) else None
        found: dict[int, _Difference] = {}
        for place, known in enumerate(self._numbers):
            told = (names, numbers if known else None)  # the roster may have no number to compare with
            difference = _Difference(tuple(costs.get(place, 1000) for costs in told if costs is not None))
            if difference.parts and difference.cost < NOBODY:
                found[place] = difference
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

        if number in self._numbers:  # it is somebody's, and so nobody else's misread
            return {place: 0 for place, known in enumerate(self._numbers) if known == number}
        return {
            place: round(1000 * Levenshtein.normalized_distance(number, known))
            for place, known in enumerate(self._numbers)
            if known
        }


def _number(number: str) -> str:
    return fold(number).replace(" ", "").lstrip("0")
