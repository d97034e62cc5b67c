"""Doubts about where a page was cut: labels that may be content, and labels that contradict the beginnings.

A student's own "2.", "(2)" or "b)" at the end of an answer looks like the next question's label. What tells them
apart is that labels are written in one way, and of one kind: where no other label of the student's pages is like this
one, it may be a part of the answer above it, or of its own, as in the ratio 2 : 3.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from aita.models.transcription import Line, LineKind
from aita.services.answers.page_segments import CutPage, Segment, is_label_of
from aita.services.answers.question_labels import QuestionLabels, fold

_CORE = re.compile(r"[^\W_](?:.*[^\W_])?")

LabelStyles = Counter[tuple[str, str, LineKind]]
"""Number of a student's labels by their signs, the part of the id that they have, and the kind of their lines."""


@dataclass(frozen=True, slots=True)
class CutDoubt:
    """Questions between whose answers the text may be cut wrongly, and the reason."""

    questions: tuple[str, ...]
    reason: str


def label_styles(pages: Iterable[tuple[Sequence[Line], CutPage]]) -> LabelStyles:
    """Count the ways in which the labels on a student's pages are written; each page has its lines."""
    return Counter(_style(lines, segment) for lines, cut in pages for segment in cut.segments if segment.label)


def cut_doubts(
    lines: Sequence[Line], cut: CutPage, labels: QuestionLabels, styles: LabelStyles, last: str | None
) -> Iterator[CutDoubt]:
    """Yield the doubts about a page's cuts.

    Parameters
    ----------
    styles
        Label styles of all of the student's pages.
    last
        Question whose answer goes on at the top of the page; ``None`` if none does.
    """
    above = written = last
    for segment in cut.segments:
        own = segment.start.question_id
        may_be_content = (
            segment.label and _kind(lines, segment) is not LineKind.LABEL and styles[_style(lines, segment)] == 1
        )
        if above is not None and may_be_content:
            yield CutDoubt((above, own), f"the label of question {own!r} may be the end of the answer to {above!r}")
        elif may_be_content and segment.text and not _stands_alone(lines, segment):
            yield CutDoubt((own,), f"the label of question {own!r} may be the beginning of its answer")
        if _is_elsewhere(lines, cut, segment, labels):
            neighbours = (own,) if written is None else (written, own)
            yield CutDoubt(neighbours, f"the label of question {own!r} is not where its answer was taken to begin")
        other = _label_above(lines, segment, labels)
        if other is not None:
            yield CutDoubt((own, other), f"the label of question {other!r} stands above the answer to {own!r}")
        above = own if segment.text else None
        written = above or written


def _style(lines: Sequence[Line], segment: Segment) -> tuple[str, str, LineKind]:
    own = fold(segment.start.question_id)
    label = fold(segment.label)
    part = "id" if label == own else "word and id" if label.endswith(own) else "part of the id"
    return _CORE.sub("#", segment.label, count=1), part, _kind(lines, segment)


def _stands_alone(lines: Sequence[Line], segment: Segment) -> bool:
    """Return whether a segment's label is all that its line has."""
    return lines[segment.lines[0] - 1].text.strip() == segment.label


def _kind(lines: Sequence[Line], segment: Segment) -> LineKind:
    return lines[segment.lines[0] - 1].kind


def _is_elsewhere(lines: Sequence[Line], cut: CutPage, segment: Segment, labels: QuestionLabels) -> bool:
    """Return whether a question's label stands alone within its answer, or at a distance above it."""
    own = segment.start.question_id
    inside = segment.lines[1:] if segment.label else segment.lines
    above = () if segment.label or not segment.text else cut.leading_lines[:-1]
    return any(
        lines[number - 1].kind is LineKind.LABEL and is_label_of(lines[number - 1], own, labels)
        for number in (*inside, *above)
    )


def _label_above(lines: Sequence[Line], segment: Segment, labels: QuestionLabels) -> str | None:
    """Return another question whose label stands alone right above a segment's text; ``None`` if none does."""
    if segment.label or not segment.text:
        return None
    above = next((line for line in reversed(lines[: segment.lines[0] - 1]) if line.text.strip()), None)
    if above is None:
        return None
    marker = labels.marker(above.text) or (labels.copied(above.text) if above.kind is LineKind.LABEL else None)
    if marker is None or marker.question_id == segment.start.question_id:
        return None
    return marker.question_id if is_label_of(above, marker.question_id, labels) else None
