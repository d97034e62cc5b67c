"""Words that an answer goes on elsewhere."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aita.services.answers.words_elsewhere import goes_on_elsewhere


@pytest.mark.parametrize(
    "text",
    [
        "see back", "See the other side ->", "-> next page", "next page", "P.T.O.", "PTO", "overleaf", "(on the back)",
        "siehe Rückseite", "s. Rückseite", "→ Rückseite", "Fortsetzung auf der Rückseite", "bitte wenden",
        "weiter auf der nächsten Seite", "voir au dos", "ver atrás", "continued on extra sheet", "cont'd on page 7",
        "-> p. 3", "→ 背面", "it is warm\nsee back", "it is warm (see back)", "* see separate sheet",
    ],
)  # fmt: skip
def test_words_of_a_place_elsewhere(text: str) -> None:
    assert goes_on_elsewhere(text)


@pytest.mark.parametrize(
    "text",
    [
        "back", "the back", "on the back", "Rückseite", "A -> B -> back", "heart -> body", "see 3", "page 3",
        "the wave goes on to the other side", "as Smith says (p. 12)", "the turnover rises", "I see the back of it",
        "it is warm", "x -> 3", "dos", "ver", "4 * 3", "the next page of history", "s. 3", "",
    ],
)  # fmt: skip
def test_words_of_an_answer(text: str) -> None:
    assert not goes_on_elsewhere(text)


@given(st.text(alphabet="see back->(*. \tpage3é", max_size=80))
def test_no_text_breaks_it(text: str) -> None:
    goes_on_elsewhere(text)
