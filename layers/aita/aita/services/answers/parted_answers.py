"""Answers with lines that may be the answer of an empty space: a lower block, a second drawing, a lone letter."""

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from statistics import median_low

from aita.models.scan import BANDS
from aita.models.transcription import Line, LineKind
from aita.services.answers.answer_draft import StudentPage
from aita.services.answers.page_segments import CutPage, Segment
from aita.services.answers.unexplained_ink import has_drawing

APART = 3
"""Least number of empty bands between two blocks of lines; a line of usual handwriting is one or two below another."""

WIDER = 1.5
"""Least number of empty bands between two blocks, as a multiple of the usual one between lines of the page."""

NEAR = 2
"""Number of bands by which a line's height may differ from that of its ink."""

MOST_LABELS = 3
"""Most lines below a drawing that may be its labels."""

LABEL_WORDS = 3
"""Most words of such a label."""

LOW = 0.15
"""Distance from a label to the first line from which on it is far below, as a fraction of the page's height."""

_LETTER = re.compile(r"[\W_]*[^\W\d_][\W_]*")

Gap = tuple[int, int]
"""Last band of the ink above, and first band of the ink below."""


def parted_answers(page: StudentPage, cut: CutPage) -> Iterator[str]:
    """Yield the questions in whose spaces on a page there may be another's answer.

    Below a drawing, whose height no line tells, its labels are no other block, and other text or another drawing is.
    Below other lines, a block is parted by a gap, if the ink is known. A letter alone above or below other lines may be
    a choice, and lines far below the label another's.
    """
    ink = page.ink_of_answers
    bands = bytes.fromhex(ink.bands) if ink else b""
    gaps = {segment.start.question_id: _gaps(bands, segment) for segment in cut.segments}
    usual = median_low([1, 1, *(below - above - 1 for found in gaps.values() for above, below in found)])
    for segment in cut.segments:
        lines = [page.lines[number - 1] for number in segment.lines]
        if _have_text_below_a_drawing(lines) or _have_a_choice(lines) or _are_low(lines, segment):
            yield segment.start.question_id
            continue
        wide = (gap for gap in gaps[segment.start.question_id] if gap[1] - gap[0] > max(APART, WIDER * usual))
        if any(_parts_lines(gap, lines) for gap in wide):
            yield segment.start.question_id


def _have_text_below_a_drawing(lines: Sequence[Line]) -> bool:
    """Return whether lines below a drawing are no labels of it: many, one of more than some words, or a drawing."""
    drawn = next((number for number, line in enumerate(lines) if has_drawing(line.text)), len(lines))
    written = [line.text for line in lines[drawn + 1 :] if line.kind is LineKind.ANSWER]
    return len(written) > MOST_LABELS or any(has_drawing(text) or len(text.split()) > LABEL_WORDS for text in written)


def _have_a_choice(lines: Sequence[Line]) -> bool:
    """Return whether a letter stands alone above or below other lines. Below a drawing, it is a label of it."""
    written = [line.text for line in lines if line.kind is LineKind.ANSWER and line.text.strip()]
    ends = (0,) if any(map(has_drawing, written)) else (0, -1)
    return len(written) > 1 and any(is_letter(written[end]) for end in ends)


def is_letter(text: str) -> bool:
    """Return whether a text is one letter, with or without signs around it."""
    return _LETTER.fullmatch(text) is not None


def _are_low(lines: Sequence[Line], segment: Segment) -> bool:
    """Return whether an answer's first line stands far below where its space begins."""
    tops = [line.top for line in lines if line.top is not None and line.kind is LineKind.ANSWER and line.text.strip()]
    return bool(tops) and min(tops) - segment.start.top > LOW


def _gaps(bands: bytes, segment: Segment) -> list[Gap]:
    first, end = int(segment.start.top * BANDS), round(segment.bottom * BANDS)
    inked = [band for band in range(first, min(end, len(bands))) if bands[band]]
    return [(above, below) for above, below in pairwise(inked) if below - above > 1]


def _parts_lines(gap: Gap, lines: Sequence[Line]) -> bool:
    """Return whether lines of the answer were read on both sides of a gap, and the upper one is no drawing."""
    written = [line for line in lines if line.kind is LineKind.ANSWER and line.top is not None]
    above = [line for line in written if round((line.top or 0) * BANDS) <= gap[0]]
    is_below = any(abs(round((line.top or 0) * BANDS) - gap[1]) <= NEAR for line in written)
    return is_below and bool(above) and not has_drawing(above[-1].text)
