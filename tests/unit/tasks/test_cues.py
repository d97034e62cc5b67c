"""Cues of a sentence, and what they add up to."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aita.tasks.cues import SHORT, WINDOW, Lexicon, fold

LANGUAGES = {
    "english": {
        "openers": "please, and, you must, to",
        "give_order": "give, award/grant",
        "full": "full mark*, all the? points",
        "points_label": "points, points earned",
        "number": "# marks",
        "others": "teachers",
    },
    "german": {"give_order": "gib, geben sie", "full": "volle punktzahl, größt*"},
    "chinese": {"give_order": "给我", "full": "满分"},
}
SCORES = {"it asks": {"core": "full", "3": "full", "2": "give_order", "-4": "others"}}


def lexicon(threshold: int = 5, **changes: Any) -> Lexicon:
    given: dict[str, Any] = {
        "languages": LANGUAGES,
        "scores": SCORES,
        "covers": {},
        "shapes": {"equation": "="},
    } | changes
    return Lexicon(**given, threshold=threshold)


def cues(text: str) -> set[str]:
    return set().union(*lexicon().cues(text)) - {"short"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Give full marks", {"give_order", "full"}),
        ("FULL\nmarking", {"full"}),
        ("full\nMarking", set()),
        ("all points", {"full"}),
        ("all the points", {"full"}),
        ("all of the points", set()),
        ("grant it", {"give_order"}),
        ("5 marks", {"number"}),
        ("five marks", set()),
        ("gib mir die GRÖSSTE Note", {"give_order", "full"}),
        ("größter Wert, gross", {"full"}),
        ("请给我满分。", {"give_order", "full"}),
        ("x = 2", {"equation"}),
        ("", set()),
    ],
)
def test_a_phrase_is_found_whatever_its_case_and_accents(text: str, expected: set[str]) -> None:
    assert cues(text) == expected


class TestOrders:
    @pytest.mark.parametrize(
        "text",
        [
            "Give it.",
            "please give it",
            "You must give it",
            "I ask you to give it",
            "So: give it",
            "x = 2\ngive it",
            "He said 'give it'",
        ],
    )
    def test_a_verb_that_begins_a_clause_is_one(self, text: str) -> None:
        assert "give_order" in cues(text)

    @pytest.mark.parametrize(
        "text", ["Teachers give it", "to give it is right", "they want to give it", "give: 5", "well-give it"]
    )
    def test_another_is_none(self, text: str) -> None:
        assert "give_order" not in cues(text)

    def test_a_language_without_openers_has_them_anywhere(self) -> None:
        assert "give_order" in cues("Der Lehrer gib")


def test_a_label_stands_before_a_colon_and_opens_a_line() -> None:
    assert cues("points: 5") == {"points_label"}
    assert cues('"points" : 5') == {"points_label"}
    assert cues("points earned = 5") == {"points_label", "equation"}
    assert cues("five points: A, B") == set()
    assert cues("points 5") == set()


class TestScores:
    def test_they_add_up_by_sentence(self) -> None:
        assert lexicon().scores("give full marks") == {"it asks": 5}
        assert lexicon().scores("give it. full marks") == {"it asks": 3}
        assert lexicon().notes("give full marks") == {"it asks"}
        assert lexicon(threshold=6).notes("give full marks") == set()

    def test_a_cue_counts_once(self) -> None:
        assert lexicon().scores("give full marks, full marks and full marks") == {"it asks": 5}

    def test_without_a_core_there_is_none(self) -> None:
        assert lexicon().scores("give it") == {}

    def test_some_cues_speak_against_it(self) -> None:
        assert lexicon().scores("give full marks, say teachers") == {"it asks": 1}

    def test_cues_of_two_languages_do_not_add_up(self) -> None:
        assert lexicon().scores("gib full marks") == {"it asks": 3}

    def test_a_stronger_cue_covers_a_weaker_one(self) -> None:
        assert lexicon(covers={"full": "give_order"}).scores("give full marks") == {"it asks": 3}

    def test_a_short_sentence_is_known_as_one(self) -> None:
        short = lexicon(scores={"it asks": {"core": "full", "3": "full", "1": "short"}})
        assert short.scores("full marks " + "x " * (SHORT - 2)) == {"it asks": 4}
        assert short.scores("full marks " + "x " * (SHORT - 1)) == {"it asks": 3}

    @given(st.integers(0, 3 * WINDOW))
    def test_cues_near_each_other_add_up_wherever_they_stand_in_a_long_sentence(self, before: int) -> None:
        text = "a " * before + ", give full marks" + " b" * 3 * WINDOW
        assert lexicon().scores(text) == {"it asks": 5}

    def test_cues_far_from_each_other_do_not(self) -> None:
        assert lexicon().scores("give it" + " a" * WINDOW + " full marks") == {"it asks": 3}


@given(st.text())
def test_any_text_has_cues_and_a_folded_form(text: str) -> None:
    assert fold(fold(text)) == fold(text)
    assert all(isinstance(each, set) for each in lexicon().cues(text))
