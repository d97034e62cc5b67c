"""Parts of a page: neighbouring lines and runs of ink with one owner."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from aita.models.ledger import Owner, Part
from aita.models.scan import BANDS
from aita.services.answers.head_words import HeadWords
from aita.services.answers.page_heads import PageHead
from aita.services.answers.page_owners import UNPLACED, AssembledPage, PageOwner, line_owners, owned_ink

NEAR = 3
"""Number of bands between two things of one owner that are still one part: about a line of handwriting."""


@dataclass(frozen=True, slots=True)
class _Piece:
    """Something on a page, from band ``first`` up to band ``end``, exclusive."""

    owner: PageOwner
    first: int
    end: int
    lines: tuple[int, ...] = ()
    ink: int = 0

    def joined(self, other: "_Piece") -> "_Piece":
        return _Piece(
            self.owner,
            min(self.first, other.first),
            max(self.end, other.end),
            tuple(sorted((*self.lines, *other.lines))),
            self.ink + other.ink,
        )

    def is_near(self, other: "_Piece") -> bool:
        """Return whether one that begins no higher is part of the same; an answer is one wherever it stands."""
        is_answer = self.owner.kind is Owner.ANSWER
        return self.owner == other.owner and (is_answer or other.first <= self.end + NEAR)


def page_parts(
    page: AssembledPage, heads: Mapping[int, PageHead], words: HeadWords, hand: float | None = None
) -> list[Part]:
    """Return a page's parts from top to bottom. Each line with text, and all of the ink, is in exactly one.

    Parameters
    ----------
    heads
        Head and furniture by exam page, where the class tells them.
    hand
        Ink for a character in the class; ``None`` if it is unknown.
    """
    head = heads.get(page.ink.exam_page or 0) if page.ink else None
    owners = line_owners(page, head, words)
    ink = [_Piece(owner, run.first, run.end, ink=run.ink) for owner, run in owned_ink(page, head, owners, hand)]
    pieces = _merged([*_line_pieces(page, owners), *ink])
    if not pieces and page.ink is not None and page.ink.exam_page is None:
        pieces = [_Piece(PageOwner(Owner.EMPTY_SHEET) if page.ink.empty else UNPLACED, 0, BANDS)]
    return [_part(page, piece) for piece in pieces]


def _line_pieces(page: AssembledPage, owners: Mapping[int, PageOwner]) -> Iterator[_Piece]:
    """Yield the lines with their places. One whose place is unknown stands where the line before it does."""
    band = 0
    for number, owner in owners.items():
        top = page.lines[number - 1].top
        band = band if top is None else min(int(top * BANDS), BANDS - 1)
        yield _Piece(owner, band, band + 1, (number,))


def _merged(pieces: Iterable[_Piece]) -> list[_Piece]:
    merged: list[_Piece] = []
    for piece in sorted(pieces, key=lambda each: (each.first, each.end)):
        place = next((n for n in reversed(range(len(merged))) if merged[n].is_near(piece)), None)
        if place is None:
            merged.append(piece)
        else:
            merged[place] = merged[place].joined(piece)
    return merged


def _part(page: AssembledPage, piece: _Piece) -> Part:
    kind, question_id = piece.owner.kind, piece.owner.question_id
    place = f"{page.sha256} {kind} {question_id or ''} {piece.first} {piece.end}"
    return Part(
        part_id=f"p-{hashlib.sha256(place.encode()).hexdigest()[:12]}",
        page=page.page,
        lines=piece.lines,
        top=piece.first / BANDS,
        bottom=piece.end / BANDS,
        ink=piece.ink,
        owner=kind,
        question_id=question_id,
    )
