"""Doubts about where a page was cut: labels that may be content, and labels that contradict the beginnings.

A student's own "2.", "(2)" or "b)" at the end of an answer looks like the next question's label. What tells them
apart is that labels are written in one way: where no other label of the student's pages looks like this one, it may be
a part of the answer above it.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from aita.models.transcription import Line, LineKind
from aita.services.answers.page_segments import CutPage, Segment
from aita.services.answers.question_labels import QuestionLabels, fold

_CORE = re.compile(r"[^\W_](?:.*[^\W_])?")

LabelStyles = Counter[tuple[str, str]]
"""Number of a student's labels by the way in which they are written: their signs, and what of the id they have."""


@dataclass(frozen=True, slots=True)
class CutDoubt:
    """Two questions of which it is doubtful what belongs to which answer, and why."""

    questions: tuple[str, str]
    reason: str


def label_styles(cuts: Iterable[CutPage]) -> LabelStyles:
    """Count the ways in which the labels on a student's pages are written."""
    return Counter(_style(segment) for cut in cuts for segment in cut.segments if segment.label)


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
    above = last
    for segment in cut.segments:
        own = segment.start.question_id
        may_be_content = segment.label and styles[_style(segment)] == 1 and not _is_print(lines, segment)
        if above is not None and may_be_content:
            yield CutDoubt((above, own), f"the label of question {own!r} may be the end of the answer to {above!r}")
        other = _label_above(lines, segment, labels)
        if other is not None:
            yield CutDoubt((own, other), f"the label of question {other!r} stands above the answer to {own!r}")
        above = own if segment.text else None


def _style(segment: Segment) -> tuple[str, str]:
    own = fold(segment.start.question_id)
    label = fold(segment.label)
    part = "id" if label == own else "word and id" if label.endswith(own) else "part of the id"
    return _CORE.sub("#", segment.label, count=1), part


def _is_print(lines: Sequence[Line], segment: Segment) -> bool:
    return any(lines[number - 1].kind is LineKind.LABEL for number in segment.lines[:1])


def _label_above(lines: Sequence[Line], segment: Segment, labels: QuestionLabels) -> str | None:
    """Return another question whose label stands alone right above a segment's text; ``None`` if none does."""
    if segment.label or not segment.text:
        return None
    above = next((line.text for line in reversed(lines[: segment.lines[0] - 1]) if line.text.strip()), "")
    marker = labels.marker(above)
    if marker is None or marker.question_id == segment.start.question_id:
        return None
    return marker.question_id if labels.after(above, marker.question_id) == "" else None
