"""Blocks of ink in an answer's place in which no line was read, though its text may explain as much ink in all."""

from collections.abc import Iterator
from dataclasses import dataclass

from aita.models.scan import BANDS
from aita.services.answers.ink_runs import ink_runs
from aita.services.answers.page_owners import AssembledPage
from aita.services.answers.part_openings import LINE_INK
from aita.services.answers.unexplained_ink import has_drawing

NEAR = 3
"""Number of bands by which the height of a line may differ from that of its ink."""


@dataclass(frozen=True, slots=True)
class UnreadBlock:
    """A block of ink on a page, from ``top`` to ``bottom`` as fractions of the height."""

    question_id: str
    page: int
    top: float
    bottom: float


def unread_blocks(page: AssembledPage) -> Iterator[UnreadBlock]:
    """Yield the blocks that have the ink of a line of handwriting at least.

    None is known on a page whose ink or a line's height is unknown, and beside a drawing, which no line tells.
    """
    if any(line.text.strip() and line.top is None for line in page.lines):
        return
    read = {round((line.top or 0) * BANDS) for line in page.lines if line.text.strip()}
    drawn = {page.answers[number] for number in page.answers if has_drawing(page.lines[number - 1].text)}
    for question_id, place in page.places:
        first = int(place.top * BANDS)
        for run in ink_runs(page.bands[first : round(place.bottom * BANDS)]):
            near = range(first + run.first - NEAR, first + run.end + NEAR)
            if run.ink >= LINE_INK and question_id not in drawn and read.isdisjoint(near):
                yield UnreadBlock(question_id, page.page, (first + run.first) / BANDS, (first + run.end) / BANDS)
