"""Doubts from where lines stand on a page: an answer above its label, or in the margin beside another one."""

from collections.abc import Iterator, Sequence
from itertools import pairwise

from aita.models.transcription import Line, LineKind
from aita.services.answers.cut_doubts import CutDoubt
from aita.services.answers.page_segments import CutPage

NEXT_LABEL = 0.055
"""Distance to the label of an empty space within which a line may be its answer, as a fraction of the height."""

LABEL_TOP = 0.08
"""Largest distance between where an answer was said to begin and where its label was read."""

BESIDE = 0.012
"""Difference in height of two lines that stand beside each other; two lines below each other have twice as much."""

MOST_BESIDE = 0.25
"""Share of a page's lines beside another one above which the page is in columns, or its heights can't be used."""


def place_doubts(lines: Sequence[Line], cut: CutPage) -> Iterator[CutDoubt]:
    """Yield the doubts about a page's answers that the heights of its lines give."""
    above: tuple[str, ...] = ()
    for segment in cut.segments:
        label = lines[segment.lines[0] - 1] if segment.label else None
        own = segment.start.question_id
        if label is not None and label.top is not None and abs(label.top - segment.start.top) > LABEL_TOP:
            yield CutDoubt((*above, own), f"the label of question {own!r} is not where its answer was said to begin")
        above = (own,)
    for segment, following in pairwise(cut.segments):
        tops = [top for number in segment.lines if (top := _top(lines[number - 1])) is not None]
        if not following.text and tops and 0 < following.start.top - max(tops) < NEXT_LABEL:
            own, other = segment.start.question_id, following.start.question_id
            yield CutDoubt((own, other), f"text right above the label of question {other!r} may be its answer")
    if len(cut.segments) > 1 and _has_lines_beside(lines, cut):
        yield CutDoubt(
            tuple(segment.start.question_id for segment in cut.segments),
            "two lines stand beside each other, and one may be another answer's",
        )


def _has_lines_beside(lines: Sequence[Line], cut: CutPage) -> bool:
    """Return whether a few lines of the page's answers stand beside each other."""
    distances = [
        abs(below - above)
        for segment in cut.segments
        for above, below in pairwise(filter(None, (_top(lines[number - 1]) for number in segment.lines)))
    ]
    beside = sum(distance < BESIDE for distance in distances)
    return beside == 1 or 0 < beside <= MOST_BESIDE * len(distances)


def _top(line: Line) -> float | None:
    """Return the height of an answer's line; ``None`` if it is unknown, and for other lines."""
    return line.top if line.kind is LineKind.ANSWER and line.text.strip() else None
