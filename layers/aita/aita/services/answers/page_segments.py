"""Segments of a page: its transcription, cut at the beginnings of answers."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise

from aita.models.answer import AnswerStart
from aita.services.answers.question_labels import LabelPlace, QuestionLabels
from aita.tasks.answer_mapping import lines_of


@dataclass(frozen=True, slots=True)
class Segment:
    """Part of a page from the beginning of one answer to that of the next.

    Parameters
    ----------
    text
        Answer's text without its printed label; empty if nothing is written in its space.
    bottom
        Beginning of the next space, as a fraction of the page's height; 1 for the last one.
    labelled
        Whether the text began with the question's own label.
    doubt
        Reason to doubt the mark; empty without one.
    markers
        Labels at the beginnings of the text's lines.
    """

    start: AnswerStart
    text: str
    bottom: float
    labelled: bool
    doubt: str
    markers: tuple[LabelPlace, ...]


@dataclass(frozen=True, slots=True)
class CutPage:
    """A page in parts: the text before its first answer, and a segment for each answer that begins on it."""

    leading: str
    markers: tuple[LabelPlace, ...]
    segments: tuple[Segment, ...]

    @property
    def room(self) -> float:
        """Top of the page's first space, as a fraction of the page's height; 1 without any."""
        return self.segments[0].start.top if self.segments else 1.0


def cut_page(text: str, starts: Sequence[AnswerStart], labels: QuestionLabels) -> CutPage:
    """Cut a page's transcription at the beginnings of its answers; ``starts`` are ordered from top to bottom."""
    lines = lines_of(text)
    whole = "\n".join(lines)
    places = _place_empty(whole, starts, [*_places(lines, starts, labels)], labels)
    begun = sorted({place for place in places if place is not None})
    ends = dict(pairwise([*begun, len(whole)]))
    segments = []
    for number, (start, place) in enumerate(zip(starts, places, strict=True)):
        below = starts[number + 1].top if number + 1 < len(starts) else 1.0
        bottom = below if below >= start.top else 1.0  # the next space is in another column
        piece = "" if place is None else whole[place : ends[place]]
        shares = place is not None and places.count(place) > 1
        segments.append(_segment(start, piece, bottom, labels, shares=shares))
    leading = whole[: begun[0]] if begun else whole
    return CutPage(leading.strip(), _markers(leading, labels), tuple(segments))


def _places(lines: Sequence[str], starts: Sequence[AnswerStart], labels: QuestionLabels) -> Iterator[int | None]:
    """Yield the offset in the text at which each answer begins, with its label; ``None`` without written text.

    Answers on one line that no label separates have the same offset.
    """
    offsets = [0, *accumulate(len(line) + 1 for line in lines)]
    before = place = 0
    for start in starts:
        if not start.line:
            yield None
            continue
        if start.line == before:
            column = labels.within(lines[start.line - 1], start.question_id)
            place = place if column is None else offsets[start.line - 1] + column
        else:
            place = offsets[_first_line(lines, start, before, labels) - 1]
        before = start.line
        yield place


def _place_empty(
    whole: str, starts: Sequence[AnswerStart], places: list[int | None], labels: QuestionLabels
) -> list[int | None]:
    """Return the offsets with those of empty answers' labels, so that these labels are in no other answer's text."""
    end = len(whole)
    for number in reversed(range(len(starts))):
        before = whole[:end].rstrip()
        last = before.rfind("\n") + 1
        if places[number] is None and labels.after(before[last:], starts[number].question_id) == "":
            places[number] = last
        end = end if (place := places[number]) is None else place
    return places


def _first_line(lines: Sequence[str], start: AnswerStart, before: int, labels: QuestionLabels) -> int:
    """Return the line of the answer's label, if it is on a line of its own above the answer; else the answer's line."""
    above = start.line - 1
    while above > before and not lines[above - 1].strip():
        above -= 1
    labelled = above > before and labels.after(lines[above - 1], start.question_id) == ""
    return above if labelled else start.line


def _segment(start: AnswerStart, piece: str, bottom: float, labels: QuestionLabels, *, shares: bool) -> Segment:
    first, _, rest = piece.strip().partition("\n")
    after = labels.after(first, start.question_id)
    text = piece.strip() if after is None else f"{after}\n{rest}".strip()
    doubt = ""
    if shares:
        doubt = "it begins on one line with another answer, and no label parts them"
    elif start.line and not text:
        doubt = "it is marked as written, and nothing but its label is there"
    return Segment(start, text, bottom, after is not None, doubt, _markers(text, labels))


def _markers(text: str, labels: QuestionLabels) -> tuple[LabelPlace, ...]:
    return tuple(marker for line in text.split("\n") if (marker := labels.marker(line)))
