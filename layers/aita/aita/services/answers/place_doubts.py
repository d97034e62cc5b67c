"""Doubts from where lines stand on a page: an answer above its label, or a label far from its answer."""

from collections.abc import Iterator, Sequence
from itertools import pairwise

from aita.models.transcription import Line, LineKind
from aita.services.answers.cut_doubts import CutDoubt
from aita.services.answers.page_segments import CutPage

NEXT_LABEL = 0.055
"""Distance to the label of an empty space within which a line may be its answer, as a fraction of the height."""

LABEL_TOP = 0.08
"""Largest distance between where an answer was said to begin and where its label was read."""


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


def _top(line: Line) -> float | None:
    """Return the height of an answer's line; ``None`` if it is unknown, and for other lines."""
    return line.top if line.kind is LineKind.ANSWER and line.text.strip() else None
