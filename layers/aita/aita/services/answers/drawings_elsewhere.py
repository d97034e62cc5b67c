"""Drawings in answers to questions that ask for none, while a question that asks for one has no text."""

from collections.abc import Collection, Iterable

from aita.models.answer import QuestionAnswer
from aita.models.review_flags import Flag, FlagKind
from aita.services.answers.unexplained_ink import has_drawing


def with_drawings_elsewhere(answers: Iterable[QuestionAnswer], drawings: Collection[str]) -> tuple[QuestionAnswer, ...]:
    """Return a student's answers, with doubts about both.

    Parameters
    ----------
    drawings
        Ids of the questions that ask for a drawing.
    """
    answers = tuple(answers)
    blank = [each.question_id for each in answers if not each.raw_text.strip() and each.question_id in drawings]
    drawn = [each.question_id for each in answers if each.question_id not in drawings and has_drawing(each.raw_text)]
    notes = {question_id: f"its drawing may be the answer to question {', '.join(blank)}" for question_id in drawn}
    notes |= {question_id: f"the drawing in question {', '.join(drawn)} may be its answer" for question_id in blank}
    if not blank or not drawn:
        return answers
    flags = {question_id: (Flag(kind=FlagKind.PLACE_DOUBTFUL, note=note),) for question_id, note in notes.items()}
    return tuple(answer.doubted(*flags.get(answer.question_id, ())) for answer in answers)
