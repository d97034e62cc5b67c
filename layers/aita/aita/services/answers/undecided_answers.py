"""Answers of which no presence was decided when they were put together: those of files that aita 0.1.0 made.

The grading of 0.1.0 decided it from the scans as they were by then, and the bases of its cells hold the flags, in
these words and in this order. A question that the exam did not have when the answers were found is treated alike.
"""

from collections.abc import Iterator

from aita.models.answer import QuestionAnswer
from aita.models.review_flags import Flag, FlagKind
from aita.models.scan import StudentScans
from aita.services.answers.blank_detection import with_presence


def decided(answer: QuestionAnswer, scans: StudentScans | None) -> QuestionAnswer:
    """Return an answer with its presence: its own or, if it has none, that which the scans of now tell.

    Parameters
    ----------
    scans
        What split found on the student's pages; ``None`` if that is not known.
    """
    if answer.presence is not None:
        return answer
    scans = scans or StudentScans()
    known = {flag.kind for flag in answer.flags}
    since = tuple(flag for flag in _found_since(answer, scans) if flag.kind not in known)
    doubted = answer.model_copy(update={"flags": (*answer.flags, *since)})
    return with_presence(doubted, dict(enumerate(scans.ink, 1)))


def _found_since(answer: QuestionAnswer, scans: StudentScans) -> Iterator[Flag]:
    """Yield the doubts of scans that may have been split after the answers were put together."""
    ink = dict(enumerate(scans.ink, 1))
    foreign = [place.page for place in answer.pages if (found := ink.get(place.page)) and found.exam_page is None]
    if foreign:
        pages = ", ".join(map(str, dict.fromkeys(foreign)))
        yield Flag(kind=FlagKind.OTHER_EXAM, note=f"page {pages}: like none of the blank exam's")
    if scans.unreadable and not answer.raw_text.strip():
        yield Flag(kind=FlagKind.PAGE_MISSING, note=f"files without a readable page: {scans.unreadable}")
