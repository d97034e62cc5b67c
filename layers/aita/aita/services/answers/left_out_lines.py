"""Lines that are in no answer's text: page numbers and page heads, so that no grader is shown whose answer it is."""

from collections.abc import Sequence

from aita.models.transcription import Line, LineKind
from aita.services.answers.head_words import HeadWords
from aita.services.answers.page_furniture import is_page_number
from aita.services.answers.page_heads import HEAD_BOTTOM


def left_out_lines(lines: Sequence[Line], words: HeadWords) -> frozenset[int]:
    """Return the numbers of a page's lines that are in no answer's text, from 1.

    They stay visible in the ledger: as the page's head where a head is, and as unplaced elsewhere.
    """
    return frozenset(number for number, line in enumerate(lines, 1) if _is_left_out(line, words))


def _is_left_out(line: Line, words: HeadWords) -> bool:
    at_top = line.top is not None and line.top < HEAD_BOTTOM
    return line.kind is LineKind.PAGE_HEAD or is_page_number(line) or (at_top and words.are_a_name(line.text))
