"""Presence of answers without a stored one, which are the answers in files of aita 0.1.0.

Version 0.1.0 decided the presence at grading, from the scans at that time, and the bases of its cells cover the flags
in these words and this order. A question that was added after the answers were found is treated in the same way.
"""

from collections.abc import Iterator

from aita.models.answer import QuestionAnswer
from aita.models.review_flags import Flag, FlagKind
from aita.models.scan import StudentScans
from aita.services.answers.answer_draft import UNDRAWN
from aita.services.answers.blank_detection import with_presence


def decided(answer: QuestionAnswer, scans: StudentScans | None) -> QuestionAnswer:
    """Return an answer with its stored presence or, without one, with the presence that the present scans show.

    Parameters
    ----------
    scans
        Results of splitting the student's scans; ``None`` if they are unknown.
    """
    if answer.presence is not None:
        return answer
    scans = scans or StudentScans()
    known = {flag.kind for flag in answer.flags}
    added = tuple(flag for flag in _scan_doubts(answer, scans) if flag.kind not in known)
    doubted = answer.model_copy(update={"flags": (*answer.flags, *added)})
    return with_presence(doubted, dict(enumerate(scans.ink, 1)))


def _scan_doubts(answer: QuestionAnswer, scans: StudentScans) -> Iterator[Flag]:
    """Yield the doubts from the scans, which may have been split after the answers were assembled."""
    ink = dict(enumerate(scans.ink, 1))
    foreign = [place.page for place in answer.pages if (found := ink.get(place.page)) and found.is_foreign]
    if foreign:
        pages = ", ".join(map(str, dict.fromkeys(foreign)))
        yield Flag(kind=FlagKind.OTHER_EXAM, note=f"page {pages}: like none of the blank exam's")
    for page in dict.fromkeys(place.page for place in answer.pages):
        if (found := ink.get(page)) and found.undrawn:
            yield Flag(kind=FlagKind.PAGE_MISSING, note=UNDRAWN.format(page))
    if scans.unreadable and not answer.raw_text.strip():
        yield Flag(kind=FlagKind.PAGE_MISSING, note=f"files without a readable page: {scans.unreadable}")
