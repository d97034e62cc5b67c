"""Lines that are in no answer's text: page numbers and page heads, so that graders see no student's name."""

from aita.models.transcription import Line, LineKind
from aita.services.answers.answer_draft import StudentPage
from aita.services.answers.head_words import HeadWords
from aita.services.answers.page_furniture import FOOT_TOP, HEAD_BOTTOM, is_page_number
from aita.services.answers.page_segments import PAGE_TOP


def left_out_lines(page: StudentPage, words: HeadWords) -> frozenset[int]:
    """Return the numbers of a page's lines that are in no answer's text, from 1.

    A page head stands at the top of the page, above its first label and first answer: a date further down may be an
    answer, but a name of the class is in none, nor is one at the foot, such as a signature. Left-out lines stay visible
    in the ledger: as the page's head where a head is, and as unplaced elsewhere.
    """
    above = _first_of_answers(page)
    return frozenset(
        number
        for number, line in enumerate(page.lines, 1)
        if (number < above and _is_at_top(line)) or is_page_number(line) or _is_name(line, words)
    )


def _first_of_answers(page: StudentPage) -> int:
    """Return the number of the first line that is a label or an answer's; one more than the last line's without any."""
    labels = (number for number, line in enumerate(page.lines, 1) if line.kind is LineKind.LABEL)
    starts = page.transcription.starts if page.transcription else None
    return min((*labels, *(start.line for start in starts or () if start.line)), default=len(page.lines) + 1)


def _is_at_top(line: Line) -> bool:
    return line.kind is LineKind.PAGE_HEAD and (line.top is None or line.top <= PAGE_TOP)


def _is_name(line: Line, words: HeadWords) -> bool:
    if line.kind is LineKind.PAGE_HEAD:
        return words.tell_a_person(line.text)
    at_edge = line.top is not None and not HEAD_BOTTOM <= line.top < FOOT_TOP
    return at_edge and words.are_a_name(line.text)
