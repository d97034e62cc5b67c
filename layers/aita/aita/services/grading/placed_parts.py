"""Answers with the parts of pages that a person gave to them."""

from collections.abc import Sequence

from aita.models.answer import AnswerPlace, Presence, QuestionAnswer
from aita.models.ledger import Part
from aita.models.review_flags import Flag, FlagKind


def with_parts(answer: QuestionAnswer, parts: Sequence[tuple[Part, str]]) -> QuestionAnswer:
    """Return an answer together with parts and their texts; unchanged without parts.

    The parts above the answer's first place, and on pages before it, come first, and all others behind the answer, each
    in reading order. A part without a text can't be graded: the answer gets a flag for it.
    """
    if not parts:
        return answer
    ordered = sorted(parts, key=lambda each: _position(each[0]))
    first = min(((place.page, place.top) for place in answer.pages), default=(0, 0.0))
    before = [each for each in ordered if _position(each[0]) < first]
    behind = [each for each in ordered if _position(each[0]) >= first]
    texts = [*(text for _, text in before), answer.raw_text, *(text for _, text in behind)]
    raw_text = "\n".join(filter(None, texts))
    unread = tuple(Flag(kind=FlagKind.UNREAD, note=part.place.where) for part, text in ordered if not text)
    return answer.model_copy(
        update={
            "raw_text": raw_text,
            "pages": (*_places(before), *answer.pages, *_places(behind)),
            "flags": (*answer.flags, *unread),
            "presence": Presence.WRITTEN if raw_text.strip() else Presence.UNCLEAR,
        }
    )


def _position(each: Part) -> tuple[int, float]:
    return each.page, each.top


def _places(parts: Sequence[tuple[Part, str]]) -> tuple[AnswerPlace, ...]:
    return tuple(part.place for part, _ in parts)
