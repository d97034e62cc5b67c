"""Doubts about whole pages, added to the answers that stand on them."""

from collections.abc import Iterable, Mapping, Sequence

from aita.models.answer import Presence, QuestionAnswer
from aita.models.review_flags import Flag


def with_page_doubts(
    answers: Iterable[QuestionAnswer], by_page: Mapping[int, Sequence[Flag]], without_text: Sequence[Flag] = ()
) -> tuple[QuestionAnswer, ...]:
    """Return a student's answers with the doubts about their pages. With a doubt, no answer is blank.

    Parameters
    ----------
    by_page
        Doubts about pages, which go to each answer with a place there.
    without_text
        Doubts that go to each answer of which nothing was read.
    """
    return tuple(_doubted(answer, by_page, without_text) for answer in answers)


def _doubted(
    answer: QuestionAnswer, by_page: Mapping[int, Sequence[Flag]], without_text: Sequence[Flag]
) -> QuestionAnswer:
    pages = dict.fromkeys(place.page for place in answer.pages)
    added = [flag for page in pages for flag in by_page.get(page, ())]
    if not answer.raw_text.strip():
        added += without_text
    if not added:
        return answer
    presence = Presence.UNCLEAR if answer.presence is Presence.BLANK else answer.presence
    return answer.model_copy(update={"flags": tuple(dict.fromkeys((*answer.flags, *added))), "presence": presence})
