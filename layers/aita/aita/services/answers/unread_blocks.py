"""Blocks of ink in an answer's place in which no line was read, though its text may explain as much ink in all."""

from collections.abc import Iterator, Set
from dataclasses import dataclass

from aita.models.scan import BANDS
from aita.services.answers.ink_runs import InkRun, ink_runs
from aita.services.answers.page_furniture import MOST_FURNITURE
from aita.services.answers.page_owners import AssembledPage
from aita.services.answers.part_openings import LINE_INK
from aita.services.answers.unexplained_ink import has_drawing

NEAR, FAR = 3, 10
"""Numbers of bands by which the height of a line may differ from that of its ink, if others of the answer do not, and
if all do."""


@dataclass(frozen=True, slots=True)
class UnreadBlock:
    """A block of ink on a page, from ``top`` to ``bottom`` as fractions of the height.

    ``is_drawn`` is true if the answer has a drawing, which may be the block.
    """

    question_id: str
    page: int
    top: float
    bottom: float
    is_drawn: bool


def unread_blocks(page: AssembledPage) -> Iterator[UnreadBlock]:
    """Yield the blocks with the ink of a line of handwriting at least, or all ink of an answer, far from its lines.

    None is known on a page whose ink or a line's height is unknown.
    """
    if any(line.text.strip() and line.top is None for line in page.lines):
        return
    read = {round((line.top or 0) * BANDS) for line in page.lines if line.text.strip()}
    drawn = {page.answers[number] for number in page.answers if has_drawing(page.lines[number - 1].text)}
    for question_id, place in page.places:
        first, end = int(place.top * BANDS), round(place.bottom * BANDS)
        runs = [*ink_runs(bytes(first) + page.bands[first:end])]
        least = MOST_FURNITURE + 1 if all(_is_apart(run, read, FAR) for run in runs) else LINE_INK
        for run in runs:
            if run.ink >= least and _is_apart(run, read, NEAR):
                top, bottom = run.first / BANDS, run.end / BANDS
                yield UnreadBlock(question_id, page.page, top, bottom, is_drawn=question_id in drawn)


def _is_apart(run: InkRun, read: Set[int], bands: int) -> bool:
    """Return whether no line was read in a run of ink, nor within some bands of it."""
    return read.isdisjoint(range(run.first - bands, run.end + bands))
