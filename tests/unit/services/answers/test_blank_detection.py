"""Presence: blank only when two signals agree, and a person wherever they do not.

Answers of files that do not say it are decided in the same way, from the scans as they are when they are read.
"""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aita.models.answer import AnswerPlace, Presence, QuestionAnswer
from aita.models.review_flags import Flag, FlagKind
from aita.models.scan import BANDS, PageInk, StudentScans
from aita.services.answers.blank_detection import INK, with_presence
from aita.services.answers.undecided_answers import decided

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


def presence(
    answer: QuestionAnswer, scans: StudentScans | None, decide: Callable[..., QuestionAnswer] | None = None
) -> tuple[Presence | None, tuple[Flag, ...]]:
    """Return what is decided, and the flags that are new. Answers that say nothing are decided alike."""
    own = len(answer.flags)
    ink = dict(enumerate(scans.ink, 1)) if scans else {}
    found = decide(answer, scans) if decide else with_presence(answer, ink)
    assert found.flags[:own] == answer.flags
    assert found == found.model_copy(update={"raw_text": answer.raw_text, "pages": answer.pages})
    return found.presence, found.flags[own:]


def kinds(found: tuple[Presence | None, tuple[Flag, ...]]) -> set[FlagKind]:
    return {flag.kind for flag in found[1]}


def test_no_ink_on_a_page_that_lacks_something_is_not_blank() -> None:
    assert presence(answer(), scans(undrawn=True))[0] is Presence.UNCLEAR
    assert kinds(presence(answer("B"), scans(undrawn=True))) == set()
    assert kinds(presence(answer(), scans(undrawn=True), decided)) == {FlagKind.PAGE_MISSING}
    assert kinds(presence(answer("B"), scans(undrawn=True), decided)) == {FlagKind.PAGE_MISSING}


def test_no_text_and_no_ink_is_blank() -> None:
    assert presence(answer(), scans()) == (Presence.BLANK, ())


def test_text_and_ink_is_written() -> None:
    assert presence(answer("B"), scans(inked(50, INK))) == (Presence.WRITTEN, ())


def test_ink_elsewhere_on_the_page_is_not_the_answers() -> None:
    assert presence(answer(), scans(inked(10, 255))) == (Presence.BLANK, ())


@pytest.mark.parametrize(
    ("band", "found"),
    [
        (38, Presence.BLANK),
        (39, Presence.UNCLEAR),
        (40, Presence.UNCLEAR),
        (59, Presence.UNCLEAR),
        (60, Presence.UNCLEAR),
        (61, Presence.BLANK),
    ],
)
def test_a_band_to_both_sides_of_a_place_is_its_own(band: int, found: Presence) -> None:
    assert presence(answer(), scans(inked(band, INK)))[0] is found


@pytest.mark.parametrize("edge", [AnswerPlace(page=1, top=0, bottom=0), AnswerPlace(page=1, top=1, bottom=1)])
def test_a_place_at_the_edge_of_a_page(edge: AnswerPlace) -> None:
    assert presence(answer(pages=(edge,)), scans()) == (Presence.BLANK, ())
    assert presence(answer(pages=(edge,)), scans("ff" * BANDS))[0] is Presence.UNCLEAR


def test_less_ink_than_counts_is_none() -> None:
    assert presence(answer(), scans(inked(50, INK - 1))) == (Presence.BLANK, ())


def test_an_answer_over_two_pages_is_blank_if_both_are() -> None:
    both = answer(pages=(PLACE, AnswerPlace(page=2, top=0, bottom=0.3)))
    blank, page = scans().ink[0], scans(inked(10, 200)).ink[0]
    assert presence(both, StudentScans(ink=(blank, blank))) == (Presence.BLANK, ())
    found, (flag,) = presence(both, StudentScans(ink=(blank, page)))
    assert (found, flag.kind, flag.note) == (
        Presence.UNCLEAR,
        FlagKind.PRESENCE_DISAGREES,
        "page 2: nothing was read, and there is ink",
    )
    found, (flag,) = presence(both, StudentScans(ink=(blank,)))
    assert (found, flag.kind) == (Presence.UNCLEAR, FlagKind.NO_BLANK_EXAM)


def test_text_that_is_white_space_is_none() -> None:
    assert presence(answer(" \n\t"), scans()) == (Presence.BLANK, ())


def test_text_without_a_word_on_the_ink_is_graded_without_a_flag() -> None:
    assert presence(answer("B"), None) == (Presence.WRITTEN, ())
    assert presence(answer("B"), StudentScans(ink=(None,))) == (Presence.WRITTEN, ())


def test_no_note_holds_what_a_student_wrote() -> None:
    _, (flag,) = presence(answer("my secret"), scans())
    assert flag.note == "page 1: something was read where there is no ink"


@pytest.mark.parametrize(
    ("given_answer", "given_scans", "found", "flag"),
    [
        (answer("B"), scans(), Presence.WRITTEN, FlagKind.PRESENCE_DISAGREES),
        (answer(), scans(inked(50, INK)), Presence.UNCLEAR, FlagKind.PRESENCE_DISAGREES),
        (answer(), None, Presence.UNCLEAR, FlagKind.NO_BLANK_EXAM),
        (answer(), StudentScans(ink=(None,)), Presence.UNCLEAR, FlagKind.NO_BLANK_EXAM),
    ],
)
@pytest.mark.parametrize("decide", [None, decided])
def test_what_is_doubtful_is_flagged_and_never_blank(
    given_answer: QuestionAnswer,
    given_scans: StudentScans | None,
    found: Presence,
    flag: FlagKind,
    decide: Callable[..., QuestionAnswer] | None,
) -> None:
    told = presence(given_answer, given_scans, decide)
    assert told[0] is found
    assert kinds(told) == {flag}


@pytest.mark.parametrize("doubted", [answer(), answer("B")])
def test_an_answer_whose_place_is_in_doubt_is_never_blank(doubted: QuestionAnswer) -> None:
    doubtful = doubted.model_copy(update={"flags": (Flag(kind=FlagKind.PLACE_DOUBTFUL),)})
    found = Presence.WRITTEN if doubted.raw_text else Presence.UNCLEAR
    assert presence(doubtful, scans(inked(50, INK) if doubted.raw_text else CLEAN)) == (found, ())


@pytest.mark.parametrize(
    ("given_answer", "given_scans"), [(answer(pages=()), scans()), (answer(), scans("", exam_page=None))]
)
def test_without_a_place_that_is_known_to_be_clean_nothing_is_blank(
    given_answer: QuestionAnswer, given_scans: StudentScans
) -> None:
    assert presence(given_answer, given_scans)[0] is Presence.UNCLEAR


class TestUndecided:
    """Answers of files that name no presence."""

    @pytest.mark.parametrize("found", list(Presence))
    def test_what_was_decided_stays(self, found: Presence) -> None:
        known = answer(presence=found)
        assert decided(known, scans(inked(50, 255))) is known

    @pytest.mark.parametrize(
        ("given_answer", "given_scans", "found", "flags"),
        [
            (answer(), scans(), Presence.BLANK, []),
            (answer("B"), scans(inked(50, INK)), Presence.WRITTEN, []),
            (
                answer(),
                scans("", exam_page=None),
                Presence.UNCLEAR,
                [(FlagKind.OTHER_EXAM, "page 1: like none of the blank exam's")],
            ),
            (
                answer("B"),
                scans("", exam_page=None),
                Presence.WRITTEN,
                [(FlagKind.OTHER_EXAM, "page 1: like none of the blank exam's")],
            ),
            (
                answer(),
                StudentScans(ink=scans(inked(50, INK)).ink, unreadable=1),
                Presence.UNCLEAR,
                [
                    (FlagKind.PAGE_MISSING, "files without a readable page: 1"),
                    (FlagKind.PRESENCE_DISAGREES, "page 1: nothing was read, and there is ink"),
                ],
            ),
            (answer("B"), StudentScans(ink=scans(inked(50, INK)).ink, unreadable=1), Presence.WRITTEN, []),
        ],
    )
    def test_scans_of_now_are_in_doubt_in_the_words_that_bases_hold(
        self,
        given_answer: QuestionAnswer,
        given_scans: StudentScans,
        found: Presence,
        flags: list[tuple[FlagKind, str]],
    ) -> None:
        told, doubts = presence(given_answer, given_scans, decided)
        assert (told, [(flag.kind, flag.note) for flag in doubts]) == (found, flags)

    @pytest.mark.parametrize("text", ["", "B"])
    def test_what_an_answer_says_itself_is_not_repeated(self, text: str) -> None:
        foreign = answer(text, flags=(Flag(kind=FlagKind.OTHER_EXAM, note="its own"),))
        assert presence(foreign, scans("", exam_page=None), decided)[1] == ()


@given(st.lists(st.integers(0, 255), min_size=BANDS, max_size=BANDS), st.integers(0, BANDS - 1), st.integers(1, 255))
def test_more_ink_never_makes_an_answer_blank(bands: list[int], where: int, more: int) -> None:
    def found(levels: list[int]) -> Presence | None:
        return presence(answer(), scans("".join(f"{level:02x}" for level in levels)))[0]

    raised = [min(255, level + more) if place == where else level for place, level in enumerate(bands)]
    if found(bands) is not Presence.BLANK:
        assert found(raised) is not Presence.BLANK
