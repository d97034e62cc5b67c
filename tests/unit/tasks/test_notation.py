"""Notation: the same in LaTeX, Unicode and typed is the same, and no number is cut where it has spaces or commands."""

# ruff: noqa: RUF001 - characters that are taken for one another are what is tested

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from aita.tasks.quotes import Written

CUT = [
    ("x = 3 / 4", ["3", "x = 3", "4", "= 3"]),
    ("x = 3/(4y)", ["x = 3", "4y", "(4y)", "3"]),
    ("x = 3½", ["3", "½", "x = 3", "1/2"]),
    ("1 1/2 cups", ["1", "1/2", "1/2 cups"]),
    ("1\\frac{1}{2}", ["1", "\\frac{1}{2}"]),
    ("\\frac{3}{4}", ["3", "4"]),
    ("\\dfrac34", ["3", "4"]),
    ("x =\n- 3", ["3"]),
    ("x = \n−3 m", ["3", "3 m"]),
    ("x =\n\n- 3", ["3"]),
    ("$- 3$", ["3"]),
    ("5 mol / L", ["5 mol"]),
    ("so \\(- 3\\)", ["3"]),
    ("x = ± 3", ["3"]),
    ("x = \\pm 3", ["3"]),
    ("x = - \\frac{1}{2}", ["\\frac{1}{2}", "1/2", "½"]),
    ("10 ^ 3", ["10", "3", "103"]),
    ("10<sup>3</sup>", ["10", "3", "103"]),
    ("\\sqrt{16}", ["16", "√", "4"]),
    ("√(16) and √ 25", ["16", "25"]),
    ("\\sqrt[3]{8} and \\sqrt[5]{32}", ["8", "3", "32"]),
    ("1 500 m", ["500 m", "1", "500"]),
    ("1\u00a0500 and 2\u202f500 and 3\u2009500 000", ["500", "1", "2", "3", "500 000", "000"]),
    ("1'500 Fr.", ["500 Fr.", "1"]),
    ("5 m / s", ["5 m", "s", "5 m /"]),
    ("5 km / h", ["5 km"]),
    ("5 N·m", ["5 N", "m"]),
    ("4 · 10³ and 3.0 x 10^8", ["4", "10³", "3.0", "10^8"]),
    ("4 \\times 10^{3}", ["4", "10^3"]),
    ("2 : 3", ["2", "3"]),
    ("Fe3+ and OH-", ["Fe3", "Fe", "OH", "+"]),
    ("Fe^{3+}", ["Fe", "Fe3", "3+"]),
    ("the value is -π", ["π"]),
    ("x → -∞", ["∞"]),
    ("so -x, not x²", ["x"]),
    ("12٫5", ["5", "12"]),
    ("x != y", ["= y"]),
    ("x \\neq y", ["= y", "x = y"]),
    ("2\\pi r", ["2"]),
]
WHOLE = [
    ("x = 3 / 4", ["3/4", "3 / 4", "x = 3/4", "\\frac{3}{4}", "¾"]),
    ("x = 3½", ["3½", "3 1/2", "x = 3½"]),
    ("\\frac{3}{4}", ["3/4", "\\frac{3}{4}", "\\frac34"]),
    ("\\frac{a+b}{2}", ["(a+b)/2", "a+b"]),
    ("x =\n- 3", ["x = -3", "- 3", "-3"]),
    ("$- 3$", ["-3", "$-3$", "- 3"]),
    ("x = ± 3", ["± 3", "±3", "\\pm 3"]),
    ("10 ^ 3", ["10^3", "10³", "10^{3}"]),
    ("\\sqrt{16}", ["√16", "\\sqrt{16}", "sqrt(16)", "√(16)"]),
    ("1 500 m", ["1 500 m", "1\u00a0500 m", "m"]),
    ("5 m / s", ["5 m/s", "m / s", "5"]),
    ("5 N·m", ["5 N·m", "5 N \\cdot m", "5"]),
    ("Fe3+ ions", ["Fe3+", "ions"]),
    ("Fe^3+", ["Fe³⁺", "Fe^{3+}"]),
    ("SO_4^{2-}", ["SO₄²⁻", "SO4^2-"]),
    ("H^+", ["H⁺", "H^{+}"]),
    ("\\sqrt[3]{8}", ["∛8", "\\sqrt[3]{8}"]),
    ("the value is -π", ["-π", "-\\pi", "the value"]),
    ("4 × 10³", ["4 x 10^3", "4\\times 10^3", "4×10³"]),
    ("x != y", ["x!=y", "x ≠ y", "x \\ne y", "x \\neq y"]),
    ("Fig. 3 / Table 2", ["Fig. 3", "Table 2"]),
    ("x &= 5 \\\\ y &= 6", ["x = 5", "y = 6"]),
    ("5! = 120", ["5!=120", "120"]),
    ("a <= 3, b >= 4", ["a ≤ 3", "b ≥ 4", "a \\le 3", "b \\geq 4", "a<=3"]),
    ("\\alpha = 30^\\circ", ["α = 30°", "\\alpha=30°"]),
    ("α = 30°", ["\\alpha = 30^{\\circ}"]),
    ("A \\rightarrow B", ["A → B", "A -> B", "A \\to B", "A→B"]),
    ("$F = ma$ holds", ["F = ma holds", "F = ma", "$F = ma$"]),
    ("F = ma holds", ["$F = ma$ holds"]),
    ("F = 1200 \\, \\text{N}", ["F = 1200 N"]),
    ("4{,}8 kN", ["4,8 kN"]),
    ("v_max = 3", ["v_{max} = 3"]),
    ("Ca(OH)₂", ["Ca(OH)2", "Ca(OH)_2"]),
    ("\\left(x+1\\right)", ["(x+1)"]),
    ("\\Delta x", ["Δx", "\\Delta x"]),
    ("y = \\sin x", ["y = sin x", "sin x"]),
    ("1: C, 2: A", ["1:C", "2:A"]),
    ("yes / no, and/or", ["yes", "no", "yes/no", "and/or"]),
    ("• first\n- second", ["first", "second"]),
    ("the force is zero", ["The force is zero", "The force"]),
    ("It is zero", ["it is zero"]),
    ("x = 4 m", ["... x = 4 m", "…x = 4 m", "[...] x = 4 m", "[…] x = 4 m ...", "(...) x = 4 m"]),
    ("x = 4 m, so y is 5, and z is 6.", ["x = 4 m ... z is 6", "x = 4 m [...] y is 5 … z is 6"]),
]
OTHERS = [
    ("V = 5", ["v = 5"]),
    ("v is 5", ["V is 5"]),
    ("F = ma", ["f = ma", "F = Ma"]),
    ("ma = F", ["Ma = F"]),
    ("mg", ["Mg"]),
    ("the force", ["THE FORCE", "tHe force"]),
    ("α", ["alpha", "a"]),
    ("alpha decay", ["α decay"]),
    ("x = 4 m, y = 5", ["y = 5 ... x = 4 m", "x = 4 m ... y = 6", "x = 4 m ... x = 4 m"]),
    ("H⁺", ["H", "H+"]),
    ("x <= 3", ["x = 3", "x < 3"]),
    ("x ≠ 3", ["x = 3"]),
    ("x = 12, 5", ["x = 12,5"]),
    ("√16", ["√1", "√(16+9)"]),
]


def rows(cases: list[tuple[str, list[str]]]) -> list[tuple[str, str]]:
    return [(answer, quote) for answer, quotes in cases for quote in quotes]


class TestNumbers:
    @pytest.mark.parametrize(("answer", "quote"), rows(CUT))
    def test_none_is_cut(self, answer: str, quote: str) -> None:
        assert not Written(answer).holds(quote)
        assert not Written(answer).shows(quote)


class TestTheSame:
    @pytest.mark.parametrize(("answer", "quote"), rows(WHOLE))
    def test_is_found(self, answer: str, quote: str) -> None:
        assert Written(answer).shows(quote)

    @pytest.mark.parametrize(("answer", "quote"), rows(OTHERS))
    def test_what_is_other_is_not(self, answer: str, quote: str) -> None:
        assert not Written(answer).shows(quote)


operands = st.sampled_from(["x", "5", "12.5", "y2", "v₀", "10³", "\\alpha", "π", "(a+b)", "\\frac{1}{2}", "√2", "s"])
operators = st.sampled_from(["=", "<", ">", "≤", "≠", "≈", "→", "/", "·", "\\cdot", "\\times", "^", "±"])
formulas = st.lists(st.tuples(operators, operands), min_size=1, max_size=5)
ROOM = [" ", "  ", " \t"]


class TestAnyFormula:
    @given(operands, formulas, st.data())
    def test_spaces_around_operators_change_nothing(
        self, first: str, rest: list[tuple[str, str]], data: st.DataObject
    ) -> None:
        tight = first + "".join(f"{sign} {each}" if "\\" in sign else sign + each for sign, each in rest)
        assume("<s>" not in tight)  # a tag that strikes out
        room = [data.draw(st.sampled_from(ROOM)) for _ in rest]
        wide = first + "".join(gap + sign + gap + each for gap, (sign, each) in zip(room, rest, strict=True))
        assert Written(tight).shows(wide)
        assert Written(wide).shows(tight)
        for part in (first, rest[-1][1]):
            assert Written(tight).holds(part) == Written(wide).holds(part)

    @given(operands, formulas, st.sampled_from(["$", "\\(", "$$"]))
    def test_nor_do_the_signs_of_mathematics(self, first: str, rest: list[tuple[str, str]], sign: str) -> None:
        said = first + "".join(f" {each} {other}" for each, other in rest)
        ended = {"\\(": "\\)"}.get(sign, sign)
        assert Written(f"so {sign}{said}{ended} holds").shows(said)
        assert Written(f"so {said} holds").shows(f"{sign}{said}{ended}")

    @given(st.lists(st.from_regex(r"[b-y]{3,6}", fullmatch=True), min_size=2, max_size=12), st.data())
    def test_whole_words_with_some_left_out_are_found(self, words: list[str], data: st.DataObject) -> None:
        kept = sorted(data.draw(st.sets(st.integers(0, len(words) - 1), min_size=1)))
        quote = data.draw(st.sampled_from([" ... ", "…", " [...] "])).join(words[place] for place in kept)
        assert Written(" ".join(words)).shows(quote)
        assert Written(" ".join(words)).shows(f"...{quote[:1].upper()}{quote[1:]} …")
