"""Doubts about where a page was cut: labels that may be content, and labels that contradict the marks.

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
from aita.services.answers.question_labels import QuestionLabels

_NUMBER, _LETTERS = re.compile(r"\d+"), re.compile(r"[^\W\d_]+")

LabelStyles = Counter[str]
"""Number of the labels of a student's pages, by the way in which they are written."""


@dataclass(frozen=True, slots=True)
class CutDoubt:
    """Two answers of which it is doubtful what belongs to which, and why."""

    questions: tuple[str, str]
    reason: str


def label_styles(pages: Iterable[tuple[Sequence[Line], CutPage]], labels: QuestionLabels) -> LabelStyles:
    """Count the ways in which a student's labels are written; each page with its lines."""
    return Counter(
        style
        for lines, cut in pages
        for segment in cut.segments
        if (style := _style(lines, segment, labels)) is not None
    )


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
    above = last if cut.leading else None
    for segment in cut.segments:
        own = segment.start.question_id
        style = _style(lines, segment, labels)
        if above is not None and style is not None and styles[style] == 1 and not _is_print(lines, segment):
            yield CutDoubt((above, own), f"the label of question {own!r} may be the end of the answer to {above!r}")
        other = _label_above(lines, segment, labels)
        if other is not None:
            yield CutDoubt((own, other), f"the label of question {other!r} stands above the answer to {own!r}")
        above = own if segment.text else None


def _style(lines: Sequence[Line], segment: Segment, labels: QuestionLabels) -> str | None:
    """Return how a segment's label is written, with N for its number and A for its letters; ``None`` without one."""
    if not segment.labelled:
        return None
    line = lines[segment.lines[0] - 1].text
    after = labels.after(line, segment.start.question_id)
    label = line.strip() if not after else line[: line.rindex(after)].strip()
    return _LETTERS.sub("A", _NUMBER.sub("N", label))


def _is_print(lines: Sequence[Line], segment: Segment) -> bool:
    return lines[segment.lines[0] - 1].kind is LineKind.LABEL


def _label_above(lines: Sequence[Line], segment: Segment, labels: QuestionLabels) -> str | None:
    """Return another question whose label stands alone right above a segment's text; ``None`` if none does."""
    if segment.labelled or not segment.text:
        return None
    above = next((line.text for line in reversed(lines[: segment.lines[0] - 1]) if line.text.strip()), "")
    marker = labels.marker(above)
    if marker is None or marker.question_id == segment.start.question_id:
        return None
    return marker.question_id if labels.after(above, marker.question_id) == "" else None
