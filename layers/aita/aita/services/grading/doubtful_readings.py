"""Doubtful readings: answers whose transcription may be wrong where it counts, so that graders look at the page too."""

import re
from collections.abc import Iterator

from aita.models.answer import QuestionAnswer
from aita.models.exam import Question, QuestionType
from aita.models.review_flags import FlagKind
from aita.models.second_look import ReadingDoubt
from aita.services.answers.unexplained_ink import has_drawing
from aita.tasks.transcription_marks import STRUCK, UNREAD, read_marks

LEAST_CONFIDENCE = 0.9
"""Confidence below which a transcription is doubtful."""

_FORMULA = re.compile(r"\\[A-Za-z(\[]|\$|[\^_=<>|√∛∞∂∫±×÷⋅·°²³¹]|[\u0370-\u03ff\u2070-\u209f\u2190-\u22ff]")  # noqa: RUF001 - the very signs
"""LaTeX, and signs of mathematics, logic and chemistry."""

_QUANTITY = re.compile(r"[-+−–±]\s{0,2}[.,]?\d|\d[.,:/]\d|\d\s?(?:%|‰|°|[µμΩ]|[A-Za-z]{1,4}(?![A-Za-z]))")  # noqa: RUF001 - the very signs
"""A digit with a sign, decimals or a unit."""

FEW_WORDS = 5
"""Most words of an answer that is brief: one character that was misread may make another answer of it."""

_NEGATION = re.compile(
    r"\b(?:not|no|none|nor|neither|never|cannot|without|nicht|nichts|kein\w{0,2}|nie|niemals|weder|ohne|ne|pas|jamais"
    r"|sans|non|sin|nunca|senza|mai|não|sem|niet|geen|nooit|zonder)\b|n['’]t\b",  # noqa: RUF001 - the very sign
    re.IGNORECASE,
)
"""A word that turns a sentence around, and is short enough to be read into it."""

_INK = frozenset({FlagKind.UNEXPLAINED_INK, FlagKind.PRESENCE_DISAGREES})


def reading_doubts(question: Question, answer: QuestionAnswer) -> tuple[ReadingDoubt, ...]:
    """Return the reasons for which an answer's transcription is doubtful; none if it is not."""
    return tuple(_doubts(question, answer))


def _doubts(question: Question, answer: QuestionAnswer) -> Iterator[ReadingDoubt]:
    marks, kinds = read_marks(answer.raw_text), {flag.kind for flag in answer.flags}
    if answer.confidence < LEAST_CONFIDENCE or FlagKind.LOW_CONFIDENCE in kinds:
        yield ReadingDoubt.CONFIDENCE
    if UNREAD in marks.text:
        yield ReadingDoubt.ILLEGIBLE
    if STRUCK in marks.text or "~~" in answer.raw_text:
        yield ReadingDoubt.STRUCK_OUT
    if _FORMULA.search(answer.raw_text.replace("~~", "")):
        yield ReadingDoubt.FORMULA
    if _QUANTITY.search(answer.raw_text):
        yield ReadingDoubt.QUANTITY
    if _NEGATION.search(answer.raw_text):
        yield ReadingDoubt.NEGATION
    if 0 < len(answer.raw_text.split()) <= FEW_WORDS:
        yield ReadingDoubt.BRIEF
    if kinds & _INK:
        yield ReadingDoubt.INK
    if question.question_type is QuestionType.DIAGRAM or has_drawing(answer.raw_text):
        yield ReadingDoubt.DRAWING
