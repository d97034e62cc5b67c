"""Drawings in answers to questions that ask for none."""

from aita.models.answer import Presence, QuestionAnswer
from aita.models.review_flags import FlagKind
from aita.services.answers.drawings_elsewhere import with_drawings_elsewhere


def doubted(texts: dict[str, str], drawings: str) -> set[str]:
    """Return the questions whose answers are doubted."""
    answers = [
        QuestionAnswer(
            question_id=each, raw_text=text, confidence=1, presence=Presence.WRITTEN if text else Presence.BLANK
        )
        for each, text in texts.items()
    ]
    found = with_drawings_elsewhere(answers, drawings.split())
    assert all(answer.presence is not Presence.BLANK for answer in found if answer.flags)
    assert {flag.kind for answer in found for flag in answer.flags} <= {FlagKind.PLACE_DOUBTFUL}
    return {answer.question_id for answer in found if answer.flags}


def test_it_may_be_the_answer_of_a_question_that_asks_for_one_and_has_none() -> None:
    assert doubted({"1": "[drawing: a cell]", "2": "", "3": "x"}, drawings="2") == {"1", "2"}


def test_a_drawing_where_every_question_has_its_own_is_no_doubt() -> None:
    assert doubted({"1": "[drawing: a cell]", "2": "[drawing: a leaf]", "3": ""}, drawings="2") == set()
    assert doubted({"1": "x", "2": ""}, drawings="2") == set()
