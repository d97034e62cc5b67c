"""Page heads that name somebody else on the roster than the student in whose folder the page is.

Names are known by digests of their forms, as no file of a run has a student's name; no finding holds one either.
"""

import hashlib
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from aita.models.base import StrictModel
from aita.models.review_flags import Flag, FlagKind

HEAD_LINES = 3
"""Number of lines at the top of a page that may be its head, if the transcription does not tell."""

_LEAST_WORDS, _LEAST_DIGITS = 2, 5
_MOST_WORDS = 8

_NAMED = "the head of page {page} names somebody else on the roster"
_MISSED = "the head of a page in another folder names this student"


class RosterNames(StrictModel):
    """Digests of the names and numbers on the roster and of the folders.

    Parameters
    ----------
    salt
        Random text in each digest.
    lines
        Numbers of the roster's lines by each digest of a name or number on them.
    owners
        Student id of each line that surely is a student's.
    own
        Digests of each student's own names and numbers, by student id.
    """

    salt: str = ""
    lines: dict[str, tuple[int, ...]] = {}
    owners: dict[int, str] = {}
    own: dict[str, tuple[str, ...]] = {}

    @classmethod
    def of(
        cls,
        salt: str,
        roster: Sequence[Iterable[str]],
        owners: Mapping[int, str],
        own: Mapping[str, Iterable[str]],
    ) -> "RosterNames":
        """Return the digests of these names and numbers, in which case, accents and punctuation are folded.

        Parameters
        ----------
        roster
            Names and numbers on each line.
        own
            Other names and numbers of each student, such as the folder's.
        """
        lines: dict[str, list[int]] = {}
        forms = [{_digest(salt, form) for form in each if _is_telling(form)} for each in roster]
        for number, each in enumerate(forms):
            for form in each:
                lines.setdefault(form, []).append(number)
        of_students = {student_id: forms[line] for line, student_id in owners.items()}
        return cls(
            salt=salt,
            lines={form: tuple(numbers) for form, numbers in lines.items()},
            owners=dict(owners),
            own={
                student_id: tuple(sorted({_digest(salt, form) for form in each} | of_students.get(student_id, set())))
                for student_id, each in own.items()
            },
        )


@dataclass(slots=True)
class NamedHeads:
    """Heads of a class's pages that name somebody else: first each page is seen, then the students' doubts told."""

    names: RosterNames
    _own: dict[str, frozenset[str]] = field(init=False)
    _named: dict[str, list[int]] = field(init=False, default_factory=dict)
    _missed: set[str] = field(init=False, default_factory=set)
    _matched: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        self._own = {student_id: frozenset(each) for student_id, each in self.names.own.items()}
        self._matched = frozenset(self.names.owners.values())

    def see(self, student_id: str, page: int, lines: Iterable[str]) -> None:
        """Take note of the head of a student's page; its lines are folded as the names are.

        The head of a student who surely is on no line of the roster may have any name that is nobody else's.
        """
        named = {number for line in lines for number in self._others(line.split(), self._own.get(student_id, ()))}
        owners = self.names.owners
        others = {number for number in named if number in owners or student_id in self._matched}
        if others:
            self._named.setdefault(student_id, []).append(page)
            self._missed |= {owners[number] for number in others if number in owners}

    def by_page(self, student_id: str) -> dict[int, tuple[Flag, ...]]:
        """Return the doubts about a student's pages."""
        return {
            page: (Flag(kind=FlagKind.OTHER_STUDENT, note=_NAMED.format(page=page)),)
            for page in self._named.get(student_id, ())
        }

    def without_text(self, student_id: str) -> tuple[Flag, ...]:
        """Return the doubts about a student's answers of which nothing was read: their page may be elsewhere."""
        return (Flag(kind=FlagKind.OTHER_STUDENT, note=_MISSED),) if student_id in self._missed else ()

    def _others(self, words: Sequence[str], own: Collection[str]) -> Iterator[int]:
        """Yield the roster's lines that some of the words name; words within a longer or the own name do not count."""
        start = 0
        while start < len(words):
            for end in range(min(len(words), start + _MOST_WORDS), start, -1):
                form = _digest(self.names.salt, " ".join(words[start:end]))
                if form in own:
                    start = end - 1
                    break
                if form in self.names.lines:
                    yield from self.names.lines[form]
                    start = end - 1
                    break
            start += 1


def _is_telling(form: str) -> bool:
    """Return whether a folded name or number tells who is meant: a full name, or a number that is no date or page."""
    return len(form.split()) >= _LEAST_WORDS or sum(each.isdecimal() for each in form) >= _LEAST_DIGITS


def _digest(salt: str, form: str) -> str:
    return hashlib.sha256(f"{salt}\0{form}".encode()).hexdigest()[:16]
