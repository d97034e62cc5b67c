"""Text above a page's first beginning: whether it goes on with the last answer of the page before.

It may be a head, an answer that was begun above its label, or the rest of an answer that lacked space elsewhere. Text
that is not taken to go on belongs to no answer, and the student's ledger lists it.
"""

from aita.models.answer import AnswerPlace
from aita.models.scan import BANDS
from aita.models.transcription import LineKind
from aita.services.answers.answer_draft import StudentPage
from aita.services.answers.ink_runs import ink_runs
from aita.services.answers.page_segments import PAGE_TOP, CutPage, Segment

FILLED = 0.8
"""Place below which a page has writing if it has no space left, as a fraction of its height."""

LOWER = 0.02
"""Distance of a line below a beginning from which on it does not stand above it, as a fraction of the height."""

_CONTENT = frozenset({LineKind.ANSWER, LineKind.SCRATCH})


def lines_going_on(page: StudentPage, cut: CutPage, *, is_full: bool | None) -> tuple[int, ...]:
    """Return the numbers of the lines that go on with the last answer of the page before; empty if none has text.

    Lines that stand lower than the first beginning are in the margin, though they were read first. On a sheet that is
    none of the exam's, lines may go on with any answer, so none does. Words to the reader are nobody's. Where there is
    no room for an answer above the first beginning, lines of unknown kind may be a head, and do not go on.

    Parameters
    ----------
    is_full
        Whether the answer before has filled its page; ``None`` if that is unknown. A page of unknown ink on which no
        answer begins may be a sheet, too, and goes on with a full answer alone.
    """
    may_be_sheet = page.ink is None and not cut.segments and is_full is False
    if page.is_foreign or may_be_sheet:
        return ()
    lines = [
        number
        for number in cut.leading_lines
        if number not in page.left_out
        and page.lines[number - 1].kind is not LineKind.TO_READER
        and (page.lines[number - 1].top or 0) < cut.room + LOWER
    ]
    if cut.room <= PAGE_TOP:
        lines = [number for number in lines if page.lines[number - 1].kind in _CONTENT]
    return tuple(lines) if any(page.lines[number - 1].text.strip() for number in lines) else ()


def is_continued(before: StudentPage, page: StudentPage, segment: Segment) -> bool:
    """Return whether an answer begins once more on the exam's next page, below its label, as a printed "2 (continued)".

    Parameters
    ----------
    before
        Page that ends in the answer.
    segment
        First one of the page, of the same answer.
    """
    if not segment.label or page.lines[segment.lines[0] - 1].kind is not LineKind.LABEL:
        return False
    numbers = [each.ink.exam_page if each.ink else None for each in (before, page)]
    return numbers[0] is not None and numbers[1] == numbers[0] + 1


def is_filled(page: StudentPage, place: AnswerPlace) -> bool | None:
    """Return whether the writing in an answer's place reaches the foot of its page; ``None`` if that is unknown."""
    ink = page.ink_of_answers
    if ink is not None and ink.bands:
        ends = [run.end / BANDS for run in ink_runs(bytes.fromhex(ink.bands))]
        return any(end > max(FILLED, place.top) for end in ends)
    tops = [line.top for line in page.lines if line.text.strip() and line.top is not None]
    return max(tops) >= FILLED if tops else None
