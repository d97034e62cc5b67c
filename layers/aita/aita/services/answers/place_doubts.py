"""Doubts from where lines stand on a page: above their own label, in another's space, or far from their label."""

from collections.abc import Iterator, Sequence
from itertools import pairwise

from aita.models.transcription import Line, LineKind
from aita.services.answers.cut_doubts import CutDoubt
from aita.services.answers.page_segments import CutPage, Segment

NEXT_LABEL = 0.065
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
    for segment in cut.segments:
        for other in _spaces_above(lines, segment, cut):
            own = segment.start.question_id
            yield CutDoubt((other, own), f"text in the space of question {other!r} was taken for the answer to {own!r}")
    for segment, following in pairwise(cut.segments):
        tops = _tops(lines, segment)
        if following.text or not tops:
            continue
        own, other = segment.start.question_id, following.start.question_id
        if 0 < following.start.top - max(tops) < NEXT_LABEL:
            yield CutDoubt((own, other), f"text right above the label of question {other!r} may be its answer")
        elif segment.start.top < following.start.top < 2 * min(tops) - segment.start.top:
            yield CutDoubt((own, other), f"text nearer to the label of question {other!r} may be its answer")


def _spaces_above(lines: Sequence[Line], segment: Segment, cut: CutPage) -> set[str]:
    """Return the questions above an answer in whose spaces lines of it stand, such as in the margin."""
    strays = [top for top in _tops(lines, segment) if top < segment.start.top - LABEL_TOP]
    return {
        other.start.question_id
        for other in cut.segments
        for top in strays
        if other is not segment and other.start.top <= top < other.bottom
    }


def _tops(lines: Sequence[Line], segment: Segment) -> list[float]:
    """Return the known heights of an answer's lines."""
    own = (lines[number - 1] for number in segment.lines)
    return [line.top for line in own if line.top is not None and line.kind is LineKind.ANSWER and line.text.strip()]
