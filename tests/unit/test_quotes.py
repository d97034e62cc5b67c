"""Quotes: which words stand in an answer, whatever became of their typography."""

# ruff: noqa: RUF001 - characters that are taken for one another are what is tested

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aita.tasks.quotes import is_evidence, stands_in

ANSWER = """a = ~~20 × 5 = 100~~  20/5 = 4 m/s²
F = m a = 1200 × 4 = 4800 N
"Only friction" can't be – so it's 24°
because of [illegible] the µ is ½"""


class TestFound:
    @pytest.mark.parametrize(
        "quote",
        [
            "F = m a = 1200 × 4 = 4800 N",
            "F = m a",
            "  F =  m\n a ",
            "4 m/s²\nF = m a",
            "1200 x 4",
            "1200 ✕ 4",
            "4 m/s2",
            "“Only friction” can’t be — so it’s",
            '"F = m a"',
            "the μ is 1/2",
            "a = 20/5",
            "a = ~~20 × 5 = 100~~ 20/5",
            "~~20 x 5 = 100~~",
            "because of [illegible] the",
            "F = m\u200b a",
            "Ｆ = ｍ ａ",
        ],
    )
    def test_the_same_words(self, quote: str) -> None:
        assert stands_in(quote, ANSWER)

    @pytest.mark.parametrize("lost", ["\frac{1}{2} x", "\beta = 2", "a\0b", "1\f2"])
    def test_what_earlier_replies_made_control_characters_of(self, lost: str) -> None:
        said = {"\frac{1}{2} x": r"\frac{1}{2} x", "\beta = 2": r"\beta = 2", "a\0b": "a\ufffdb", "1\f2": "1 2"}[lost]
        assert stands_in(said, f"so {lost}.")

    @pytest.mark.parametrize(
        "quote",
        [
            "F = m g",
            "f = m a",
            "F=ma",
            "F = m a ... 4800 N",
            "F = m a … 4800 N",
            "20 × 5 = 100",
            "~~4800 N~~ 24",
            "~~invented~~",
            "because of the µ",
            "4800 J",
            "24° F = m a",
        ],
    )
    def test_other_words(self, quote: str) -> None:
        assert not stands_in(quote, ANSWER)

    @given(st.text(), st.data())
    def test_every_line_of_an_answer_stands_in_it(self, answer: str, data: st.DataObject) -> None:
        lines = [line for line in answer.splitlines() if "~" not in line and line.strip()]
        if lines and "~" not in answer:
            assert stands_in(data.draw(st.sampled_from(lines)), answer)


class TestEvidence:
    @pytest.mark.parametrize("quote", ["B", "4800 N", "~~A~~ B", "[drawing: a box]", "✓", "[illegible] N"])
    def test_words(self, quote: str) -> None:
        assert is_evidence(quote)

    @pytest.mark.parametrize("quote", ["", " \n", "~~A~~", "[illegible]", "[illegible] [illegible]", '""', "\u200b"])
    def test_none(self, quote: str) -> None:
        assert not is_evidence(quote)
