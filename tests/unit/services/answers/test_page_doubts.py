"""Doubts about whole pages, as they reach the answers."""

from aita.models.answer import AnswerPlace, Presence, QuestionAnswer
from aita.models.review_flags import Flag, FlagKind
from aita.services.answers.page_doubts import with_page_doubts

SHARED = Flag(kind=FlagKind.SHARED_PAGE, note="page 2")
MISSED = Flag(kind=FlagKind.OTHER_STUDENT)


def answer(text: str, *pages: int, bottom: float = 0.9) -> QuestionAnswer:
    places = tuple(AnswerPlace(page=page, top=0, bottom=bottom) for page in pages)
    presence = Presence.WRITTEN if text else Presence.BLANK
    return QuestionAnswer(question_id="1", raw_text=text, pages=places, confidence=1, presence=presence)


def test_each_answer_with_a_place_on_the_page_has_the_doubt_and_none_is_blank() -> None:
    answers = (answer("four", 1), answer("four", 1, 2, 2), answer("", 2), answer("", 1))
    found = with_page_doubts(answers, {2: (SHARED,)})
    assert [each.flags for each in found] == [(), (SHARED,), (SHARED,), ()]
    assert [each.presence for each in found] == ["written", "written", "unclear", "blank"]


def test_a_page_that_may_be_elsewhere_opens_what_may_stand_or_go_on_there() -> None:
    answers = (answer("four", 1), answer("four", 1, bottom=1), answer("", 1), answer(""))
    found = with_page_doubts(answers, {}, (MISSED,))
    assert [each.flags for each in found] == [(), (MISSED,), (MISSED,), (MISSED,)]
    assert [each.presence for each in found] == ["written", "written", "unclear", "unclear"]
