"""Printed text: a quote that only repeats what was printed is no evidence."""

# ruff: noqa: RUF001 - characters that are taken for one another are what is tested

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aita.tasks.quotes import Written

SKY = "Explain why the sky is blue."
COPIED = [
    (
        "Explain why the\nsky is blue.",
        "Explain why the sky is blue.",
        ["Explain why the sky is blue.", "the sky is blue"],
    ),
    ("Explain why the\nsky is blue.", "Explain why the\nsky is blue.", ["Explain why the", "sky is blue"]),
    ("Define entropy", "Define entropy", ["Define entropy", "entropy"]),
    ("Define entropy\nGive an example.", "Define entropy", ["Define entropy"]),
    ("1. Define entropy (2 points)", "Define entropy", ["Define entropy"]),
    ("Why?", "Why?", ["Why?", "why"]),
    ("Explain. Why?", "Explain. Why?", ["Explain. Why?", "Explain"]),
    (
        SKY,
        "1a. Explain why the sky is blue. (5 points)",
        ["1a. Explain why the sky is blue. (5 points)", "1a.", "(5 points)"],
    ),
    (SKY, "Question 1a: Explain why the sky is blue. [5 pts]", ["Question 1a: Explain why the sky is blue. [5 pts]"]),
    (SKY, "1a.\nI don't know", ["1a.", "1a"]),
    (SKY, "Answer: Explain why the sky is blue.", ["Answer: Explain why the sky is blue", "Answer"]),
    (SKY, "Explain why the sky is blue. [drawing: nothing]", ["Explain why the sky is blue. [drawing: nothing]"]),
    (SKY, "Explain why the sky is blue. [illegible]", ["Explain why the sky is blue. [illegible]"]),
    (SKY, "b Explain why the sky is blue", ["b Explain why the sky is blue", "b Explain"]),
    (SKY, "(c) Explain why the sky is blue. 5 points", ["(c) Explain why the sky is blue. 5 points", "5 points"]),
    (SKY, "Explain why the sky is blue /5", ["Explain why the sky is blue /5"]),
    (SKY, "EXPLAIN WHY THE SKY IS BLUE", ["EXPLAIN WHY THE SKY IS BLUE"]),
    ("لماذا السماء زرقاء؟ اشرح.", "لماذا السماء زرقاء؟", ["السماء زرقاء", "لماذا السماء زرقاء؟"]),
    ("Γιατί ο ουρανός; Εξήγησε.", "Γιατί ο ουρανός;", ["ο ουρανός", "Γιατί ο ουρανός;"]),
    ("नीला क्यों है। समझाइए।", "नीला क्यों है।", ["नीला क्यों है", "क्यों"]),
    ("یہ کیا ہے۔ بتائیں۔", "یہ کیا ہے۔", ["کیا ہے"]),
    ("ይህ ምንድን ነው። ንገረኝ።", "ይህ ምንድን ነው።", ["ምንድን ነው"]),
    ("Solve $\\frac{x}{2} = 4$.", "Solve x/2 = 4", ["Solve x/2 = 4", "x/2 = 4"]),
    ("Solve x/2 = 4.", "Solve $\\frac{x}{2} = 4$.", ["\\frac{x}{2} = 4"]),
    ("Let $\\alpha = 30^\\circ$. Find it.", "Let α = 30°.", ["Let α = 30°", "α = 30°."]),
    ("Find the limit as x → ∞.", "Find the limit as x → ∞", ["x → ∞", "∞"]),
    ("☐ Tick if it is true.", "☐ Tick if it is true", ["☐ Tick if it is true", "☐"]),
]
OWN = [
    ("Define entropy", "entropy is disorder", "entropy is disorder"),
    ("Define entropy", "entropy", "entropy"),
    ("Why?", "that is why it falls", "why it falls"),
    ("Why?", "5", "5"),
    (SKY, "1a.\nRayleigh", "1a. Rayleigh"),
    (SKY, "1a", "1a"),
    ("Compute 1+1.", "1a.", "1a."),
    (SKY, "1a.5 m", "1a.5 m"),
    ("Name the process.\nphotosynthesis\ncell division", "photosynthesis", "photosynthesis"),
    ("Tick if true: Water boils at 100 °C.", "Water boils at 100 °C. ✓", "Water boils at 100 °C. ✓"),
    ("Evolution or creation?", "Evolution", "Evolution"),
    ("How many points (2 points)?", "5 points", "5 points"),
    ("Compute 2+3.", "Compute 2+3. 5", "Compute 2+3. 5"),
    ("Compute 2+3.", "x Compute 2+3.\n= 5", "= 5"),
    ("Sketch it.", "Answer: 5", "Answer: 5"),
]


def rows(cases: list[tuple[str, str, list[str]]]) -> list[tuple[str, str, str]]:
    return [(question, answer, quote) for question, answer, quotes in cases for quote in quotes]


class TestPrint:
    @pytest.mark.parametrize(("question", "answer", "quote"), rows(COPIED))
    def test_that_was_copied_is_no_evidence(self, question: str, answer: str, quote: str) -> None:
        assert Written(answer, question, "1a", drawn=False).holds(quote)
        assert not Written(answer, question, "1a", drawn=False).shows(quote)

    @pytest.mark.parametrize(("question", "answer", "quote"), OWN)
    def test_what_answers_it_is(self, question: str, answer: str, quote: str) -> None:
        assert Written(answer, question, "1a", drawn=False).shows(quote)

    @pytest.mark.slow
    @given(st.lists(st.from_regex(r"[a-z]{3,6}", fullmatch=True), min_size=1, max_size=9), st.data())
    def test_no_part_of_a_whole_copied_question_is_evidence(self, words: list[str], data: st.DataObject) -> None:
        broken = "".join(word + data.draw(st.sampled_from([" ", "\n", ", "])) for word in words)
        place = data.draw(st.integers(0, len(words) - 1))
        written = Written(f"Qq: {broken}. (5 points)\nzz", f"Qq: {' '.join(words)}")
        assert not written.shows(" ".join(words))
        assert not written.shows(words[place])
        assert written.shows("zz")
