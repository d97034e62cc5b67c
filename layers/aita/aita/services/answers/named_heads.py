"""Page heads that name somebody else in the class than the student in whose folder the page is.

Names are known by salted digests of their forms; no finding holds a name.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from aita.models.base import StrictModel
from aita.models.review_flags import Flag, FlagKind
from aita.services.answers.name_digests import name_digest, word_digests

HEAD_LINES = 3
"""Number of lines at the top of a page that may be its head, if the transcription does not tell."""

LEAST_DIGITS = 5
"""Least number of digits of a student's number that tells one person from another."""

_LEAST_WORDS = 2  # of a name that tells a person
_MOST_WORDS = 8  # of a name that is looked for
_LEAST_PRINTED = 3  # students whose heads have a name that may be print

_NAMED = "the head of page {page} names somebody else in the class"
_MISSED = "the head of a page in another folder names this student"


class ClassNames(StrictModel):
    """Digests of the names and numbers of a class: of each student with scans, and of each other line of the roster.

    Parameters
    ----------
    salt
        Random text in each digest.
    people
        Places of the people with each digest; the students come first, in the order of ``students``.
    students
        Ids of the students with scans.
    matched
        Ids of those who surely are on the roster.
    own
        Digests of each student's own names and numbers, by student id.
    words
        Digests of the words of names and numbers, one by one.
    """

    salt: str = ""
    people: dict[str, tuple[int, ...]] = {}
    students: tuple[str, ...] = ()
    matched: frozenset[str] = frozenset()
    own: dict[str, tuple[str, ...]] = {}
    words: frozenset[str] = frozenset()

    @classmethod
    def of(
        cls,
        salt: str,
        students: Mapping[str, Iterable[str]],
        others: Iterable[Iterable[str]] = (),
        matched: Iterable[str] = (),
        names: Iterable[str] = (),
    ) -> "ClassNames":
        """Return the digests of names and numbers, whose case, accents and punctuation are folded.

        Parameters
        ----------
        students
            Names and numbers of each student with scans, by student id.
        others
            Names and numbers on each line of the roster that surely is none of these students'.
        names
            Names and numbers whose words are known one by one.
        """
        people: dict[str, list[int]] = {}
        for place, forms in enumerate([*students.values(), *others]):
            for form in set(forms):
                if _is_telling(form):
                    people.setdefault(name_digest(salt, form), []).append(place)
        return cls(
            salt=salt,
            people={form: tuple(places) for form, places in people.items()},
            students=tuple(students),
            matched=frozenset(matched),
            own={
                each: tuple(sorted(name_digest(salt, form) for form in set(forms))) for each, forms in students.items()
            },
            words=word_digests(salt, names),
        )


@dataclass(slots=True)
class NamedHeads:
    """Heads of a class's pages that name somebody else: first each page is seen, and then each student's doubts made.

    ``_named`` has the places of the people that the heads name, by page and by student id, and ``_times`` the number of
    students in whose heads each of these people is. ``_may_be`` has the places of people without scans, in heads of
    students who may be one of these.
    """

    names: ClassNames
    _own: dict[str, frozenset[str]] = field(init=False)
    _places: dict[str, int] = field(init=False)
    _named: dict[str, dict[int, set[int]]] = field(init=False, default_factory=dict)
    _may_be: dict[str, dict[int, set[int]]] = field(init=False, default_factory=dict)
    _times: Counter[int] = field(init=False, default_factory=Counter)

    def __post_init__(self) -> None:
        self._own = {student_id: frozenset(each) for student_id, each in self.names.own.items()}
        self._places = {student_id: place for place, student_id in enumerate(self.names.students)}

    def see(self, student_id: str, page: int, lines: Iterable[str]) -> None:
        """Take note of the head of a student's page; its lines are folded as the names are.

        The head of a student who surely is on no line of the roster may have any name that no other student has, and
        the heads of all their pages the same.
        """
        students = len(self.names.students)
        others = {place for line in lines for place in self._others(line.split(), self._own.get(student_id, ()))}
        if student_id not in self.names.matched:
            if without_scans := {place for place in others if place >= students}:
                self._may_be.setdefault(student_id, {})[page] = without_scans
            others = {place for place in others if place < students}
        if others:
            pages = self._named.setdefault(student_id, {})
            self._times.update(others.difference(*pages.values()))
            pages[page] = others

    def name_own(self, student_id: str, lines: Iterable[str]) -> bool:
        """Return whether a student's own name or number stands in lines of a head, folded as the names are."""
        own = self._own.get(student_id, frozenset())
        return any(
            name_digest(self.names.salt, " ".join(words[start:end])) in own
            for words in map(str.split, lines)
            for start in range(len(words))
            for end in range(start + 1, min(len(words), start + _MOST_WORDS) + 1)
        )

    def doubts(self, student_id: str) -> dict[int, tuple[Flag, ...]]:
        """Return the doubts about a student's pages."""
        pages = {
            page for page, people in self._named.get(student_id, {}).items() if not all(map(self._is_printed, people))
        }
        may_be = self._may_be.get(student_id, {})
        if may_be and not set.intersection(*may_be.values()):  # they name several people, of whom one is somebody else
            pages |= may_be.keys()
        return {page: (Flag(kind=FlagKind.OTHER_STUDENT, note=_NAMED.format(page=page)),) for page in sorted(pages)}

    def page_elsewhere(self, student_id: str) -> tuple[Flag, ...]:
        """Return the doubts that a page of the student is in another's folder."""
        place = self._places.get(student_id)
        is_named = place is not None and self._times[place] and not self._is_printed(place)
        return (Flag(kind=FlagKind.OTHER_STUDENT, note=_MISSED),) if is_named else ()

    def _is_printed(self, place: int) -> bool:
        """Return whether the heads of most students' pages name a person, such as a teacher of a student's name."""
        count = self._times[place]
        return count >= _LEAST_PRINTED and 2 * count > len(self._own)

    def _others(self, words: Sequence[str], own: Collection[str]) -> Iterator[int]:
        """Yield the people whom some of the words name; words within a longer or the own name do not count."""
        start = 0
        while start < len(words):
            for end in range(min(len(words), start + _MOST_WORDS), start, -1):
                form = name_digest(self.names.salt, " ".join(words[start:end]))
                if form in own:
                    start = end - 1
                    break
                if form in self.names.people:
                    yield from self.names.people[form]
                    start = end - 1
                    break
            start += 1


def _is_telling(form: str) -> bool:
    """Return whether a folded name or number tells one person from another, which "exam 1" and "12" do not."""
    digits = sum(each.isdecimal() for each in form)
    return digits >= LEAST_DIGITS if digits else len(form.split()) >= _LEAST_WORDS
