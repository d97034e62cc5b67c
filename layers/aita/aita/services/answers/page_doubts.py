"""Doubts about whole pages, added to the answers that stand on them."""

from collections.abc import Iterable, Mapping, Sequence

from aita.models.answer import QuestionAnswer
from aita.models.review_flags import Flag


def with_page_doubts(
    answers: Iterable[QuestionAnswer], by_page: Mapping[int, Sequence[Flag]], page_elsewhere: Sequence[Flag] = ()
) -> tuple[QuestionAnswer, ...]:
    """Return a student's answers with the doubts about their pages. With a doubt, no answer is blank.

    Parameters
    ----------
    by_page
        Doubts about pages, which go to each answer with a place there.
    page_elsewhere
        Doubts that a page of the student is elsewhere. They go to each answer that may stand or go on there: of which
        nothing was read, or which extends to the end of a page.
    """
    return tuple(_doubted(answer, by_page, page_elsewhere) for answer in answers)


def _doubted(
    answer: QuestionAnswer, by_page: Mapping[int, Sequence[Flag]], page_elsewhere: Sequence[Flag]
) -> QuestionAnswer:
    pages = dict.fromkeys(place.page for place in answer.pages)
    added = [flag for page in pages for flag in by_page.get(page, ())]
    if not answer.raw_text.strip() or any(place.bottom == 1 for place in answer.pages):
        added += page_elsewhere
    return answer.doubted(*added)
