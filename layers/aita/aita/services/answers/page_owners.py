"""Owners of a page's lines and of its bands of ink: an answer, something known, or nobody."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise

from aita.models.answer import AnswerPlace
from aita.models.ledger import Owner
from aita.models.scan import BANDS, PageInk
from aita.models.transcription import Line, LineKind
from aita.services.answers.blank_detection import INK, MARGIN
from aita.services.answers.head_words import HeadWords
from aita.services.answers.ink_runs import InkRun, ink_runs, most_in_a_line
from aita.services.answers.page_furniture import HEAD_BOTTOM, MOST_FURNITURE, page_number
from aita.services.answers.page_heads import PageHead
from aita.services.answers.unexplained_ink import explained_ink

HEAD_LINES = 2
"""Most lines of a head that is known by its words alone."""

FIELD = 3
"""Number of bands by which the line of a cover's field may have been read beside its ink."""


@dataclass(frozen=True, slots=True)
class PageOwner:
    """An owner; ``question_id`` is that of an answer, and ``None`` for all others."""

    kind: Owner
    question_id: str | None = None


UNPLACED = PageOwner(Owner.UNPLACED)
_PRINT, _HEAD, _FURNITURE = PageOwner(Owner.PRINT), PageOwner(Owner.PAGE_HEAD), PageOwner(Owner.FURNITURE)


@dataclass(frozen=True, slots=True)
class AssembledPage:
    """A student's page, and the lines and places on it that the assembly gave to answers.

    Parameters
    ----------
    sha256
        SHA-256 of the page's image.
    answers
        Question of each line that is part of an answer's text, by the line's number from 1.
    printed
        Numbers of the lines that are nothing but an answer's label.
    left_out
        Numbers of the lines that are in no answer's text: page numbers and heads.
    places
        Places of the answers on the page, with their questions' ids.
    furniture
        Bands whose ink is a page number's or a hole's.
    is_cut
        Whether it is known where answers begin on it.
    is_cover
        Whether no answer stands on the page or on one before it.
    """

    page: int
    sha256: str
    lines: tuple[Line, ...] = ()
    ink: PageInk | None = None
    answers: Mapping[int, str] = field(default_factory=dict)
    printed: frozenset[int] = frozenset()
    left_out: frozenset[int] = frozenset()
    places: tuple[tuple[str, AnswerPlace], ...] = ()
    furniture: frozenset[int] = frozenset()
    is_cut: bool = False
    is_cover: bool = False

    @property
    def numbers(self) -> frozenset[int]:
        """Numbers that the page may bear: its own among the student's, and the exam page's."""
        exam_page = self.ink.exam_page if self.ink else None
        return frozenset({self.page, exam_page or self.page})

    def questions_at(self, number: int) -> tuple[str, ...]:
        """Return the questions in whose places the line of a number stands; the last answer's if its height is unknown.

        Where an answer goes on from the page before, none begins.
        """
        top = self.lines[number - 1].top
        if top is None:
            before = max((each for each in self.answers if each < number), default=None)
            return () if before is None else (self.answers[before],)
        return tuple(each for each, place in self.places if place.top and place.top <= top < place.bottom)

    @property
    def bands(self) -> bytes:
        """Ink of each band; empty if it is unknown."""
        return bytes.fromhex(self.ink.bands) if self.ink else b""


def line_owners(page: AssembledPage, head: PageHead | None, words: HeadWords) -> dict[int, PageOwner]:
    """Return the owner of each line with text, by its number from 1.

    Parameters
    ----------
    head
        Head and furniture of the exam page in the class; ``None`` if the class does not tell them.
    """
    first_answer = min(page.answers, default=len(page.lines) + 1)
    owners = {}
    heads = 0
    for number, line in enumerate(page.lines, 1):
        if not line.text.strip():
            continue
        if number in page.answers:
            owner = PageOwner(Owner.ANSWER, page.answers[number])
        elif number in page.printed or line.kind is LineKind.LABEL:
            owner = _PRINT
        elif page.is_cover and line.kind is LineKind.PAGE_HEAD:
            owner = _HEAD
        elif _is_head(line, head, words, heads, above=number < first_answer) and not (
            line.kind is LineKind.ANSWER and page.questions_at(number)
        ):
            owner = _HEAD
            heads += 1
        else:
            owner = _FURNITURE if _is_number(line, page, head) else UNPLACED
        owners[number] = owner
    return owners


def _is_number(line: Line, page: AssembledPage, head: PageHead | None) -> bool:
    """Return whether a line is the page's number, or one where the class has page numbers."""
    number = page_number(line)
    if number is None or number in page.numbers:
        return number is not None
    return head is not None and int((line.top or 0) * BANDS) in head.furniture


def _is_head(line: Line, head: PageHead | None, words: HeadWords, before: int, *, above: bool) -> bool:
    """Return whether a line is of the page's head; ``before`` counts the head's lines that stand before it."""
    if line.top is None:
        in_head = above
    elif head is not None:
        in_head = int(line.top * BANDS) in head.head
    else:
        in_head = line.top < HEAD_BOTTOM
    if line.kind is LineKind.UNKNOWN:
        return in_head and before < HEAD_LINES and words.are_all(line.text)
    return in_head and (line.kind is LineKind.PAGE_HEAD or words.are_a_name(line.text))


def owned_ink(
    page: AssembledPage, head: PageHead | None, lines: Mapping[int, PageOwner], hand: float | None
) -> Iterator[tuple[PageOwner, InkRun]]:
    """Yield the page's runs of ink with their owners, cut where the owner changes. They have all of the page's ink.

    Less ink than a stroke that belongs to nobody counts as furniture.

    Parameters
    ----------
    lines
        The owners of the page's lines.
    hand
        Ink for a character in the class; ``None`` if it is unknown.
    """
    bands = page.bands
    head_bands = _head_bands(page, head, lines, hand) | _field_bands(page, lines, hand)
    owners = _band_owners(page, head_bands, head)
    for run in ink_runs(bands):
        cuts = [
            run.first,
            *(band for band in range(run.first + 1, run.end) if owners[band] != owners[band - 1]),
            run.end,
        ]
        for first, end in pairwise(cuts):
            ink = sum(bands[first:end])
            owner = owners[first]
            if owner == UNPLACED and most_in_a_line(bands[first:end]) < INK:
                owner = _FURNITURE
            if owner == _FURNITURE and ink > MOST_FURNITURE and not page.furniture.issuperset(range(first, end)):
                owner = UNPLACED
            if ink:
                yield owner, InkRun(first, end, ink)


def _band_owners(page: AssembledPage, head_bands: frozenset[int], head: PageHead | None) -> list[PageOwner]:
    owners = [UNPLACED] * len(page.bands)
    for band in head.furniture if head else ():
        owners[band] = _FURNITURE
    for question_id, place in page.places:
        if not place.top:  # it goes on from the page before, and a head may stand above it
            _give(owners, place, PageOwner(Owner.ANSWER, question_id))
    for band in head_bands:
        owners[band] = _HEAD
    for margin in (MARGIN, 0):  # a place's own bands win over the margin of another's
        for question_id, place in reversed(page.places):
            if place.top:
                _give(owners, place, PageOwner(Owner.ANSWER, question_id), margin)
    for band in page.furniture:
        owners[band] = _FURNITURE
    return owners


def _give(owners: list[PageOwner], place: AnswerPlace, owner: PageOwner, margin: int = 0) -> None:
    """Give a place's bands to an owner, with some bands around it."""
    first, end = math.floor(place.top * BANDS) - margin, math.ceil(place.bottom * BANDS) + margin
    for band in range(max(0, first), min(len(owners), end)):
        owners[band] = owner


def _head_bands(
    page: AssembledPage, head: PageHead | None, lines: Mapping[int, PageOwner], hand: float | None
) -> frozenset[int]:
    """Return the bands whose ink is the head's: none if there is more than a head, or nothing says that it is one."""
    if not page.bands:
        return frozenset()
    if head is not None:
        read = "\n".join(page.lines[number - 1].text for number, owner in lines.items() if owner == _HEAD)
        return head.head if head.has_head_alone(page.bands, explained_ink(read, hand or 0.0)) else frozenset()
    at_top = [lines[n] for n, line in enumerate(page.lines, 1) if n in lines and _is_at_top(line)]
    alone = _HEAD in at_top and UNPLACED not in at_top
    return frozenset(range(int(HEAD_BOTTOM * BANDS))) if alone else frozenset()


def _field_bands(page: AssembledPage, lines: Mapping[int, PageOwner], hand: float | None) -> frozenset[int]:
    """Return the bands of a cover whose ink is explained by the fields, and by nothing else, that were read there."""
    found: set[int] = set()
    for run in ink_runs(page.bands) if page.is_cover else ():
        here = [number for number in lines if _is_in(run, page.lines[number - 1])]
        read = "\n".join(page.lines[number - 1].text for number in here)
        if all(lines[number] == _HEAD for number in here) and run.ink <= explained_ink(read, hand or 0.0):
            found.update(range(run.first, run.end))
    return frozenset(found)


def _is_in(run: InkRun, line: Line) -> bool:
    return line.top is not None and run.first - FIELD <= round(line.top * BANDS) < run.end + FIELD


def _is_at_top(line: Line) -> bool:
    return line.top is None or line.top < HEAD_BOTTOM
