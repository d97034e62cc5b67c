"""Quotes: which words stand in an answer, whatever became of their typography."""

# ruff: noqa: RUF001 - characters that are taken for one another are what is tested

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aita.tasks.quotes import Written

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
            "F = m a ... 4800 N",
            "F = m a … 4800 N",
        ],
    )
    def test_the_same_words(self, quote: str) -> None:
        assert Written(ANSWER).holds(quote)

    @pytest.mark.parametrize("lost", ["\frac{1}{2} x", "\beta = 2", "a\0b", "1\f2"])
    def test_what_earlier_replies_made_control_characters_of(self, lost: str) -> None:
        said = {"\frac{1}{2} x": r"\frac{1}{2} x", "\beta = 2": r"\beta = 2", "a\0b": "a\ufffdb", "1\f2": "1 2"}[lost]
        assert Written(f"so {lost}.").holds(said)

    @pytest.mark.parametrize(
        "quote",
        [
            "F = m g",
            "f = m a",
            "F=ma",
            "4800 N ... F = m a",
            "F = m a … 4800 J",
            "20 × 5 = 100",
            "~~4800 N~~ 24",
            "~~invented~~",
            "because of the µ",
            "4800 J",
            "24° F = m a",
        ],
    )
    def test_other_words(self, quote: str) -> None:
        assert not Written(ANSWER).holds(quote)

    @given(st.text(st.characters(exclude_characters="\f")), st.data())  # before a letter, it was the \f of \frac
    def test_every_line_of_an_answer_stands_in_it(self, answer: str, data: st.DataObject) -> None:
        lines = [line for line in answer.splitlines() if "~" not in line and line.strip()]
        if lines and "~" not in answer:
            assert Written(answer).holds(data.draw(st.sampled_from(lines)))


class TestEvidence:
    @pytest.mark.parametrize("quote", ["B", "4800 N", "~~A~~ B", "[drawing: a box]", "✓", "[illegible] N"])
    def test_words(self, quote: str) -> None:
        assert Written(quote).shows(quote)

    @pytest.mark.parametrize("quote", ["", " \n", "~~A~~", "[illegible]", "[illegible] [illegible]", '""', "\u200b"])
    def test_none(self, quote: str) -> None:
        assert not Written(quote).shows(quote)


CUT = [
    ("The mitochondria make ATP, I think.", ["T", "a", "mitochondri"]),
    ("thousand", ["and", "sand", "thous"]),
    ("x = 42", ["x = 4", "= 4", "2"]),
    ("x = 42y", ["42", "x = 42"]),
    ("12.5 m", ["2.5 m", "5 m", "12", ".5 m", "12."]),
    ("1,500 or 12,5", ["500", "1", "12", "5"]),
    ("x = -3", ["3"]),
    ("x = - 3.5", ["3.5", "5"]),
    ("(−3, 2)", ["3"]),
    ("5 -3 is +2", ["3", "2"]),
    ("y = -x", ["x"]),
    ("±2 and √2", ["2"]),
    ("1e-3 and 3e5", ["3", "-3", "5", "1"]),
    ("3/4 and 5 m/s", ["3", "4", "5 m", "s"]),
    ("2:3", ["2", "3"]),
    ("10²", ["102", "10", "2"]),
    ("10⁻³ m", ["10-3 m", "10", "-3 m", "3 m"]),
    ("10^2 and 10^{-3}", ["10", "102", "-3", "3"]),
    ("x² and x⁻¹", ["x2", "x-1", "x"]),
    ("4·10³", ["4", "10"]),
    ("1½", ["11/2"]),
    ("log₂8", ["log28"]),
    ("can't", ["can", "t"]),
    ("\\alpha", ["alpha"]),
    ("naïve über", ["na", "ber"]),
    ("十二", ["二"]),
    ("हिन्दी", ["हिन्"]),
]
WHOLE = [
    ("x = 42.", ["x = 42", "x=42", "42", "x = 42."]),
    ("x = -3", ["-3", "−3", "x = −3", "= - 3"]),
    ("5-3 = 2", ["3 = 2", "5"]),
    ("5 - 3 = 2", ["3 = 2", "- 3 = 2"]),
    ("- 3 apples\n-friction acts\n2) yes, no", ["3 apples", "friction", "yes", "no"]),
    ("10-20 m", ["20 m", "10"]),
    ("10² m", ["10²", "10^2 m", "10^{2}", "m"]),
    ("10⁻³", ["10^-3", "10^{-3}", "10^(-3)"]),
    ("v_0^2 = 2 a d", ["v₀² = 2 a d", "v0^2"]),
    ("9.8 m/s² of 4 m²", ["9.8 m/s2", "m/s^2", "m²", "4 m^2"]),
    ("CO₂ + H₂O", ["CO2 + H2O", "H₂O"]),
    ("1½ cups", ["1 1/2 cups"]),
    ("$\\frac{1}{2} m v^2$", ["\\frac{1}{2} m v^{2}", "m v²", "$\\frac{1}{2} m v^2$"]),
    ("the accel-\neration of it", ["the acceleration of", "accel-\neration", "accel- eration of it"]),
    ("die Gleit-\nreibungskraft", ["Gleitreibungskraft", "die Gleitreibungskraft"]),
    ("Newton's law, can’t, l’énergie", ["Newton's law", "Newton", "can't", "énergie", "l'énergie"]),
    ("so it goes on …", ["so it goes on ...", "goes on…"]),
    ("光合作用は葉で\n起こる。", ["光合作用", "葉で起こる", "光合作用は葉で起こる"]),
    ("พืชสังเคราะห์แสง", ["สังเคราะห์แสง"]),
    ("광합성은 잎에서", ["광합성", "잎에서"]),
    ("12個の", ["12"]),
    ("50% of $5 at 24°", ["50", "5", "24", "24°"]),
    ("A ✓", ["✓", "A"]),
    ("x → ∞", ["∞"]),
    ('"B"', ["B"]),
]
STRUCK = [
    ("~~x = 42~~ x = 5", ["x = 42", "x = 42~~", "~~x = 42", "~~x = 42~~ x", "~~x = 42~~", "x = 42~", "42~~ x"]),
    ("x ~~= 42~~ = 5", ["x = 42", "x ~~= 42~~", "~~= 42~~ = 5"]),
    ("x = 42~~ x = 5", ["x = 42", "x = 5"]),
    ("~~x = 42 x = 5", ["x = 42", "x = 5"]),
    ("~~x = 42~~ so ~~x = 5\nnot 4", ["x = 42", "x = 5", "so"]),
    ("~~one\ntwo~~ three", ["one", "two", "~~one\ntwo~~"]),
    ("x = 42", ["~~~~", "~~x = 42~~"]),
]
KEPT = [
    ("~~x = 42~~ x = 5", ["x = 5", "~~x = 42~~ x = 5"]),
    ("~~A~~  B", ["B", "~~A~~ B"]),
    ("~~four,~~ five\nsix", ["five", "~~four,~~ five", "five\nsix"]),
    ("~~x = 42~~ so ~~x = 5\nnot 4", ["not 4"]),
    ("accel~~l~~eration", ["acceleration", "accel~~l~~eration"]),
]


def rows(cases: list[tuple[str, list[str]]]) -> list[tuple[str, str]]:
    return [(answer, quote) for answer, quotes in cases for quote in quotes]


class TestWholeTokens:
    @pytest.mark.parametrize(("answer", "quote"), rows(CUT))
    def test_none_is_cut(self, answer: str, quote: str) -> None:
        assert not Written(answer).holds(quote)
        assert not Written(answer).shows(quote)

    @pytest.mark.parametrize(("answer", "quote"), rows(WHOLE))
    def test_whole_ones_are_found(self, answer: str, quote: str) -> None:
        assert Written(answer).shows(quote)

    @pytest.mark.parametrize(("answer", "quote"), rows(STRUCK))
    def test_what_is_struck_out_never_counts(self, answer: str, quote: str) -> None:
        assert not Written(answer).shows(quote)

    @pytest.mark.parametrize(("answer", "quote"), rows(KEPT))
    def test_what_is_left_does(self, answer: str, quote: str) -> None:
        assert Written(answer).shows(quote)


letters = st.sampled_from("abcdefgyzäßéλжक")  # an x between numbers is a sign
words = st.text(letters, min_size=1, max_size=6)
decimals = st.tuples(st.integers(0, 999), st.integers(0, 99)).map(lambda both: f"{both[0]}.{both[1]}")
powers = st.tuples(st.integers(1, 99), st.sampled_from("²³⁴⁻")).map(
    lambda both: f"{both[0]}{both[1]}" + "⁵" * (both[1] == "⁻")
)
signed = st.integers(1, 999).map(lambda number: f"-{number}")
tokens = words | decimals | powers | signed | st.integers(0, 9999).map(str) | st.sampled_from(["m/s", "H₂O", "can't"])
gaps = st.sampled_from([" and ", "  und ", "\n", ", ", " = ", "; "])  # 1 500 is one number


@st.composite
def answers(draw: st.DrawFn) -> tuple[list[str], list[str]]:
    """Return an answer's tokens and what stands between them."""
    drawn = draw(st.lists(tokens, min_size=1, max_size=12))
    return drawn, [*draw(st.lists(gaps, min_size=len(drawn) - 1, max_size=len(drawn) - 1)), ""]


class TestAnyAnswer:
    @given(answers(), st.data())
    def test_a_run_of_whole_tokens_is_found(self, answer: tuple[list[str], list[str]], data: st.DataObject) -> None:
        pieces = [*zip(*answer, strict=True)]
        begin = data.draw(st.integers(0, len(pieces) - 1))
        end = data.draw(st.integers(begin + 1, len(pieces)))
        said = "".join(token + gap for token, gap in pieces)
        quote = "".join(token + gap for token, gap in pieces[begin:end])
        assert Written(said).shows(quote.rstrip(" =;,\n"))

    @given(answers(), st.data())
    def test_a_cut_token_is_not(self, answer: tuple[list[str], list[str]], data: st.DataObject) -> None:
        drawn, between = answer
        place = data.draw(st.integers(0, len(drawn) - 1))
        token = data.draw(st.integers(2, 10**9).map(lambda number: f"q{number}q"))
        drawn[place] = token
        said = "".join(token + gap for token, gap in zip(drawn, between, strict=True))
        at = data.draw(st.integers(1, len(token) - 1))
        for quote in (said[: said.index(token) + at], said[said.index(token) + at :]):
            assert not Written(said).holds(quote)

    @given(answers(), st.data())
    def test_a_struck_token_is_not(self, answer: tuple[list[str], list[str]], data: st.DataObject) -> None:
        drawn, between = answer
        place = data.draw(st.integers(0, len(drawn) - 1))
        marked = [*drawn[:place], "~~qq~~", *drawn[place + 1 :]]
        said = "".join(token + gap for token, gap in zip(marked, between, strict=True))
        for quote in ("qq", "~~qq~~", "qq~~", "~~qq", said.replace("~~", "")):
            assert not Written(said).shows(quote)

    @given(st.text(), st.text())
    def test_any_text_at_all_is_judged(self, answer: str, quote: str) -> None:
        written = Written(answer, quote)
        assert written.holds(quote) or not written.shows(quote)
        assert written.half_illegible or not written.illegible


class TestWhatIsNoEvidence:
    @pytest.mark.parametrize("quote", [".", ",", "-", "=", "+", "(", "~~~~", "|"])
    def test_signs_and_points(self, quote: str) -> None:
        assert not Written("x = 4 + (3 - 1), so. | y").shows(quote)

    @pytest.mark.parametrize("answer", ["<", "→", "-", "=", "≤"])
    def test_unless_the_answer_is_nothing_else(self, answer: str) -> None:
        assert Written(answer).shows(answer)

    @pytest.mark.parametrize("quote", ["illegible", "x = [", "[illegible]", "[", "[illegible", "x = [illegible]y"])
    def test_the_mark_of_what_could_not_be_read(self, quote: str) -> None:
        assert not Written("x = [illegible]").shows(quote)
        assert Written("x = [illegible]").shows("x = [illegible]")

    @pytest.mark.parametrize("quote", ["[drawing: a cell with a nucleus", "a nucleus", "nucleus]", "cell"])
    def test_the_transcribers_words_for_a_drawing_unless_it_is_seen(self, quote: str) -> None:
        answer = "[drawing: a cell with a nucleus]\nThe membrane is thin."
        assert Written(answer, drawn=True).shows(quote)
        assert not Written(answer, drawn=False).shows(quote)
        assert Written(answer, drawn=False).shows("The membrane")
        assert not Written("[drawing: a [thin] wall]", drawn=False).shows("wall")
        assert Written(answer + " a nucleus", drawn=False).shows("a nucleus")

    @pytest.mark.parametrize(
        ("question", "answer", "quote"),
        [
            ("Compute 2+3.", "Compute 2+3.\n5", "Compute 2+3"),
            ("Compute 2+3.", "Compute 2+3.\n5", "2+3"),
            ("Question 1?", "Question 1?\nfour", "Question 1"),
            ("Explain why the sky is blue.", "explain why the sky is blue\nRayleigh", "why the sky is blue"),
            ("Explain why the sky is blue.", "The sky: why the sky is blue", "is blue"),
            (
                "Take g = 9.8. State the law in words, and give its units.",
                "State the law in words, and give its",
                "law",
            ),
            ("Take g = 9.8. Find the net force.", "Take g = 9.8. Find the net force. 5 N", "g = 9.8. Find the net"),
            ("请说明植物什么时候进行光合作用。", "植物什么时候进行光合作用", "光合作用"),
        ],
    )
    def test_print_that_was_copied(self, question: str, answer: str, quote: str) -> None:
        assert Written(answer).shows(quote)
        assert not Written(answer, question).shows(quote)

    @pytest.mark.parametrize(
        ("question", "answer", "quote"),
        [
            ("Compute 2+3.", "2+3 = 5", "2+3"),
            ("Compute 2+3.", "Compute 2+3.\n2+3 = 5", "2+3"),
            ("Compute 2+3.", "Compute 2+3.\n5", "5"),
            ("Tick if true: Water boils at 100 °C.", "Water boils at 100 °C. ✓", "✓"),
            ("Explain why the sky is blue.", "the sky is blue by scattering", "the sky is blue by scattering"),
            ("Is a whale a fish or a mammal?", "a mammal", "a mammal"),
            (
                "Which is larger, the mass of the Earth or that of the Moon?",
                "the mass of the Earth",
                "mass of the Earth",
            ),
            ("State Newton's second law in words.", "Newton's second law: net force", "Newton's second law"),
            ("Name the process.\nphotosynthesis\ncell division", "cell division", "cell division"),
            ("什么是光合作用？", "光合作用是植物的过程", "光合作用是植物"),
        ],
    )
    def test_words_of_the_question_in_an_answer(self, question: str, answer: str, quote: str) -> None:
        assert Written(answer, question).shows(quote)


class TestLegibility:
    @pytest.mark.parametrize(
        "answer", ["[illegible]", "[illegible]\n[illegible].", "= [Illegible words] ?", "~~x~~ [illegible]"]
    )
    def test_nothing_was_read(self, answer: str) -> None:
        assert Written(answer).illegible
        assert Written(answer).half_illegible

    @pytest.mark.parametrize("answer", ["", "~~x = 42~~", "~~[illegible]~~", "illegible", "x", "?"])
    def test_nothing_was_left_unread(self, answer: str) -> None:
        assert not Written(answer).illegible
        assert not Written(answer).half_illegible

    @pytest.mark.parametrize(("answer", "half"), [("x = [illegible]", True), ("a b [illegible]", False)])
    def test_some_was(self, answer: str, half: bool) -> None:
        assert not Written(answer).illegible
        assert Written(answer).half_illegible is half
