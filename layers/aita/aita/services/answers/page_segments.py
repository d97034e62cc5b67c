"""Segments of a page: its lines, cut at the beginnings of answers."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

from aita.models.answer import AnswerStart
from aita.models.transcription import Line, LineKind
from aita.services.answers.question_labels import LabelPlace, QuestionLabels

PAGE_TOP = 0.15
"""Fraction of a page that is too little room for an answer above the page's first space: headers with a name take up
to 12 hundredths of a page, a line of an answer three, and the model's marks are some hundredths off."""


@dataclass(frozen=True, slots=True)
class Segment:
    """Part of a page from the beginning of one answer to that of the next.

    Parameters
    ----------
    text
        Answer's text without its printed label; empty if nothing is written in its space.
    lines
        Numbers of the page's lines that the segment has a part of, its label included.
    bottom
        Beginning of the next space, as a fraction of the page's height; 1 for the last one.
    label
        The question's own label at the beginning of the text, as it is written; empty without one.
    doubt
        Reason to doubt the mark; empty without one.
    markers
        Labels at the beginnings of the text's lines.
    """

    start: AnswerStart
    text: str
    lines: tuple[int, ...]
    bottom: float
    label: str
    doubt: str
    markers: tuple[LabelPlace, ...]


@dataclass(frozen=True, slots=True)
class CutPage:
    """A page in parts: the lines before its first answer, and a segment for each answer that begins on it.

    ``leading_lines`` are the numbers of these lines, and ``markers`` the labels at their beginnings.
    """

    leading_lines: tuple[int, ...]
    markers: tuple[LabelPlace, ...]
    segments: tuple[Segment, ...]

    @property
    def room(self) -> float:
        """Top of the page's first space, as a fraction of the page's height; 1 without any."""
        return self.segments[0].start.top if self.segments else 1.0


class _Place(NamedTuple):
    """Place in a page's text: the index of a line, and a column in it."""

    line: int
    column: int = 0


def cut_page(lines: Sequence[Line], starts: Sequence[AnswerStart], labels: QuestionLabels) -> CutPage:
    """Cut a page's lines at the beginnings of its answers; ``starts`` are ordered from top to bottom."""
    texts = [line.text for line in lines]
    places = _place_empty(lines, starts, [*_places(lines, starts, labels)], labels)
    begun = sorted({place for place in places if place is not None})
    end = _Place(len(lines))
    ends = dict(pairwise([*begun, end]))
    segments = []
    for number, (start, place) in enumerate(zip(starts, places, strict=True)):
        below = starts[number + 1].top if number + 1 < len(starts) else 1.0
        bottom = below if below >= start.top else 1.0  # the next space is in another column
        parts = {} if place is None else _between(texts, place, ends[place])
        shares = place is not None and places.count(place) > 1
        segments.append(_segment(start, lines, parts, bottom, labels, shares=shares))
    leading = _between(texts, _Place(0), begun[0] if begun else end)
    return CutPage(_numbers(leading), _markers(lines, leading, labels), tuple(segments))


def is_label_of(line: Line, question_id: str, labels: QuestionLabels) -> bool:
    """Return whether a line is this question's label and nothing else."""
    if labels.after(line.text, question_id) == "":
        return True
    copied = labels.copied(line.text) if line.kind is LineKind.LABEL else None
    return copied is not None and copied.question_id == question_id


def _places(lines: Sequence[Line], starts: Sequence[AnswerStart], labels: QuestionLabels) -> Iterator[_Place | None]:
    """Yield the place at which each answer begins, with its label; ``None`` without written text.

    Answers on one line that no label separates have the same place.
    """
    before, place = 0, _Place(0)
    for start in starts:
        if not start.line:
            yield None
            continue
        if start.line == before:
            column = labels.within(lines[start.line - 1].text, start.question_id)
            place = place if column is None else _Place(start.line - 1, column)
        else:
            place = _Place(_first_line(lines, start, before, labels) - 1)
        before = start.line
        yield place


def _place_empty(
    lines: Sequence[Line], starts: Sequence[AnswerStart], places: list[_Place | None], labels: QuestionLabels
) -> list[_Place | None]:
    """Return the places with those of empty answers' labels, so that these labels are in no other answer's text."""
    texts = [line.text for line in lines]
    end = _Place(len(texts))
    for number in reversed(range(len(starts))):
        written = [(index, text) for index, text in _between(texts, _Place(0), end).items() if text.strip()]
        last = lines[written[-1][0]].model_copy(update={"text": written[-1][1]}) if written else None
        if places[number] is None and last is not None and is_label_of(last, starts[number].question_id, labels):
            places[number] = _Place(written[-1][0])
        end = places[number] or end
    return places


def _first_line(lines: Sequence[Line], start: AnswerStart, before: int, labels: QuestionLabels) -> int:
    """Return the line of the answer's label, if it is on a line of its own above the answer; else the answer's line."""
    above = start.line - 1
    while above > before and not lines[above - 1].text.strip():
        above -= 1
    labelled = above > before and is_label_of(lines[above - 1], start.question_id, labels)
    return above if labelled else start.line


def _between(texts: Sequence[str], begin: _Place, end: _Place) -> dict[int, str]:
    """Return the text between two places as lines, or parts of lines, by their index."""
    found = dict(enumerate(texts[begin.line : end.line], begin.line))
    if end.column:
        found[end.line] = texts[end.line][: end.column]
    if begin.line in found:
        found[begin.line] = found[begin.line][begin.column :]
    return found


def _segment(
    start: AnswerStart,
    lines: Sequence[Line],
    parts: dict[int, str],
    bottom: float,
    labels: QuestionLabels,
    *,
    shares: bool,
) -> Segment:
    piece = "\n".join(parts.values()).strip()
    first, _, rest = piece.partition("\n")
    after = labels.after(first, start.question_id)
    begun = next((index for index, text in parts.items() if text.strip()), None)
    if (
        begun is not None
        and lines[begun].text.strip() == first
        and is_label_of(lines[begun], start.question_id, labels)
    ):
        after = ""
    text = piece if after is None else f"{after}\n{rest}".strip()
    doubt = ""
    if shares:
        doubt = "it begins on one line with another answer, and no label parts them"
    elif start.line and not text:
        doubt = "it is marked as written, and nothing but its label is there"
    label = "" if after is None else first[: first.rindex(after)].strip() if after else first.strip()
    markers = _markers(lines, parts if after is None else parts | {begun or 0: after}, labels)
    return Segment(start, text, _numbers(parts), bottom, label, doubt, markers)


def _numbers(parts: dict[int, str]) -> tuple[int, ...]:
    return tuple(index + 1 for index in parts)


def _markers(lines: Sequence[Line], parts: dict[int, str], labels: QuestionLabels) -> tuple[LabelPlace, ...]:
    found = (
        labels.marker(text) or (labels.copied(text) if lines[index].kind is LineKind.LABEL else None)
        for index, text in parts.items()
    )
    return tuple(marker for marker in found if marker)
