"""Page heads that differ from those of the same student's other pages, or from the folder, such as a stranger's.

No roster is needed: a student writes one name on all pages, and where most students' heads have the names of their
folders, a folder in whose heads nobody of the class stands may hold the exam of somebody who has no folder.
"""

from collections import Counter
from collections.abc import Collection, Iterable
from difflib import get_close_matches

from aita.models.review_flags import Flag, FlagKind

LEAST_WORDS = 2
"""Least number of words of a head that may be another name."""

LIKENESS = 0.7
"""Least likeness of two readings of one handwritten name, as ``difflib`` measures it: "Rosental" and "Roseuthal" have
0.82."""

COMMON = 3
"""Number of students with a word in their heads from which on it is no name, but a course's or a room's."""


LEAST_NAMED = 2
"""Least number of other students whose heads have their own names, by which a class is known to write them."""

_DIFFERS = "the head of page {page} has another name than this student's other pages"
_NAMELESS = "page {page} is in a folder whose heads all name another student"
_STRANGE = "the head of page {page} has a name of nobody in the class, and other students' heads have their own"


class DifferingHeads:
    """Heads of a class's pages: first each page is seen, and then each student's differing pages told."""

    def __init__(self) -> None:
        self._heads: dict[str, dict[int, frozenset[str]]] = {}
        self._own: dict[str, set[int]] = {}
        self._known: set[str] = set()
        self._students: Counter[str] = Counter()
        self._pages_of: dict[frozenset[str], set[tuple[str, int]]] | None = None  # by names, once all heads are seen

    def see(self, student_id: str, page: int, words: Iterable[str], *, is_own: bool, is_known: bool = False) -> None:
        """Take note of the head of a student's page.

        Parameters
        ----------
        words
            Words of the head that may be a name's, folded.
        is_own
            Whether the student's own name or number, of the folder or the roster, stands in it.
        is_known
            Whether a word of anybody's name in the class stands in it.
        """
        self._pages_of = None
        heads = self._heads.setdefault(student_id, {})
        heads[page] = found = frozenset(words)
        self._students.update(found.difference(*(each for other, each in heads.items() if other != page)))
        if is_own:
            self._own.setdefault(student_id, set()).add(page)
        if is_own or is_known:
            self._known.add(student_id)

    def doubts(self, student_id: str) -> dict[int, tuple[Flag, ...]]:
        """Return the doubts about a student's pages."""
        differing = self._pages(student_id)
        notes = dict.fromkeys(self._strange(student_id) - differing, _STRANGE) | dict.fromkeys(differing, _DIFFERS)
        return {
            page: (Flag(kind=FlagKind.OTHER_STUDENT, note=notes[page].format(page=page)),) for page in sorted(notes)
        }

    def nameless(self, student_id: str, named: Collection[int]) -> dict[int, tuple[Flag, ...]]:
        """Return the doubts about a student's other pages, if all heads with a name are on these, and none is the own.

        Parameters
        ----------
        named
            Pages whose heads have another student's name.
        """
        heads = self._heads.get(student_id, {})
        has_other = any(page not in named and self._names(words) for page, words in heads.items())
        if not named or has_other or student_id in self._own:
            return {}
        return {
            page: (Flag(kind=FlagKind.OTHER_STUDENT, note=_NAMELESS.format(page=page)),)
            for page in sorted(heads.keys() - set(named))
        }

    def _strange(self, student_id: str) -> frozenset[int]:
        """Return the pages with a name of a student in whose heads nobody of the class stands, unlike most others'."""
        has_names = len(self._own) >= LEAST_NAMED and 2 * len(self._own) > len(self._heads) - 1
        if student_id in self._known or not has_names:
            return frozenset()
        heads = self._heads.get(student_id, {})
        return frozenset(page for page, words in heads.items() if len(self._names(words)) >= LEAST_WORDS)

    def _pages(self, student_id: str) -> frozenset[int]:
        """Return the pages of a student whose heads have another name than most, or than those with the own name."""
        heads = {page: self._names(words) for page, words in self._heads.get(student_id, {}).items()}
        own_pages = self._own.get(student_id, set())
        counts = Counter(word for words in heads.values() for word in words)
        written = sum(map(bool, heads.values()))
        own = {word for word, count in counts.items() if 2 * count > written and count > 1}
        own.update(*(heads[page] for page in own_pages))
        if not own:
            named = {page: words for page, words in heads.items() if len(words) >= LEAST_WORDS}
            is_swapped = any(
                self._is_elsewhere(student_id, page, words)
                and not any(_have_one_of(words, each) for other, each in named.items() if other != page)
                for page, words in named.items()
            )
            return frozenset(named) if len(named) > 1 and is_swapped else frozenset()
        return frozenset(
            page
            for page, words in heads.items()
            if page not in own_pages and len(words) >= LEAST_WORDS and not _have_one_of(words, own)
        )

    def _is_elsewhere(self, student_id: str, page: int, words: frozenset[str]) -> bool:
        """Return whether a name is in the head of another student's page of another number, as after a swap.

        A word at one place on all students' pages, such as a course, has one number.
        """
        if self._pages_of is None:
            self._pages_of = {}
            for other, heads in self._heads.items():
                for number, each in heads.items():
                    self._pages_of.setdefault(self._names(each), set()).add((other, number))
        return any(other != student_id and number != page for other, number in self._pages_of[words])

    def _names(self, words: Collection[str]) -> frozenset[str]:
        return frozenset(word for word in words if self._students[word] < COMMON)


def _have_one_of(words: Iterable[str], own: Collection[str]) -> bool:
    return any(get_close_matches(word, own, n=1, cutoff=LIKENESS) for word in words)
