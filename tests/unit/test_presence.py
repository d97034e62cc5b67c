"""Presence: blank only when two signals agree, and a person wherever they do not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aita.models.answer import AnswerPlace, QuestionAnswer
from aita.models.flag import Flag, FlagKind
from aita.models.scan import BANDS, PageInk, StudentScans
from aita.services.presence import INK, Presence, presence

PLACE = AnswerPlace(page=1, top=0.4, bottom=0.6)
CLEAN = "00" * BANDS


def answer(text: str = "", **changes: object) -> QuestionAnswer:
    return QuestionAnswer.model_validate(
        {"question_id": "1", "raw_text": text, "pages": (PLACE,), "confidence": 0.9} | changes
    )


def scans(bands: str = CLEAN, **changes: object) -> StudentScans:
    ink = PageInk.model_validate({"exam_page": 1, "likeness": 0.9, "bands": bands} | changes)
    return StudentScans(ink=(ink,))


def inked(band: int, amount: int) -> str:
    return "".join(f"{amount if place == band else 0:02x}" for place in range(BANDS))


def kinds(found: tuple[Presence, tuple[Flag, ...]]) -> set[FlagKind]:
    return {flag.kind for flag in found[1]}


def test_no_text_and_no_ink_is_blank() -> None:
    assert presence(answer(), scans()) == (Presence.BLANK, ())


def test_text_and_ink_is_written() -> None:
    assert presence(answer("B"), scans(inked(50, INK))) == (Presence.WRITTEN, ())


def test_ink_elsewhere_on_the_page_is_not_the_answers() -> None:
    assert presence(answer(), scans(inked(10, 255))) == (Presence.BLANK, ())


@pytest.mark.parametrize(
    ("given_answer", "given_scans", "found", "flag"),
    [
        (answer("B"), scans(), Presence.WRITTEN, FlagKind.PRESENCE_DISAGREES),
        (answer(), scans(inked(50, INK)), Presence.UNCLEAR, FlagKind.PRESENCE_DISAGREES),
        (answer(), None, Presence.UNCLEAR, FlagKind.NO_BLANK_EXAM),
        (answer(), StudentScans(ink=(None,)), Presence.UNCLEAR, FlagKind.NO_BLANK_EXAM),
        (answer(), scans("", exam_page=None), Presence.UNCLEAR, FlagKind.OTHER_EXAM),
        (answer("B"), scans("", exam_page=None), Presence.WRITTEN, FlagKind.OTHER_EXAM),
        (answer(pages=()), scans(), Presence.UNCLEAR, FlagKind.ANSWER_NOT_FOUND),
        (answer(), StudentScans(ink=scans().ink, unreadable=1), Presence.UNCLEAR, FlagKind.PAGE_MISSING),
    ],
)
def test_what_is_doubtful_is_flagged_and_never_blank(
    given_answer: QuestionAnswer, given_scans: StudentScans | None, found: Presence, flag: FlagKind
) -> None:
    told = presence(given_answer, given_scans)
    assert told[0] is found
    assert kinds(told) == {flag}


def test_an_answer_whose_place_is_in_doubt_is_never_blank() -> None:
    doubtful = answer(flags=(Flag(kind=FlagKind.PLACE_DOUBTFUL),))
    assert presence(doubtful, scans()) == (Presence.UNCLEAR, ()), "what it says itself is not repeated"


@given(st.lists(st.integers(0, 255), min_size=BANDS, max_size=BANDS), st.integers(0, BANDS - 1), st.integers(1, 255))
def test_more_ink_never_makes_an_answer_blank(bands: list[int], where: int, more: int) -> None:
    def found(levels: list[int]) -> Presence:
        return presence(answer(), scans("".join(f"{level:02x}" for level in levels)))[0]

    raised = [min(255, level + more) if place == where else level for place, level in enumerate(bands)]
    if found(bands) is not Presence.BLANK:
        assert found(raised) is not Presence.BLANK
