"""Normal forms of answers: which answers say the same."""

import math
import random
import time
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aita.services.grading.equal_forms import normal_form


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("x = 2.50", "x=2.5"),
        ("3.0 m", "3 m"),
        ("(1.0,2.0)", "(1,2)"),
        (r"\frac{1}{2}", "1/2"),
        (r"x = \frac12", "x = ½"),
        (r"1\frac{1}{2}", "1 1/2"),
        (r"½mv²", r"\frac{1}{2} mv^2"),
        (r"\dfrac{a+b}{c}", r"\frac{a + b}{c}"),
        (r"\frac{mv}{t}", "mv/t"),
        (r"\sqrt{2}", "√2"),
        (r"\sqrt{2x}", "sqrt(2x)"),
        ("10² m", "10^2 m"),
        ("9.8 m/s²", "9.8 m/s2"),
        ("x ≠ 6", r"x \neq 6"),
        ("x != 6", "x ≠ 6"),
        ("$x = 5$", "x=5"),
        ("e\u0301tude", "étude"),
        ("~~no~~ yes", "yes"),
        ("yes.", "yes"),
        ("It is 2.0.", "It is 2"),
        ("if x:\n    f()\ng()", "if x:\n\tf()\ng()"),
        ("It costs\n5 m", "It costs 5 m"),
    ],
)
def test_other_notations_are_equal(one: str, other: str) -> None:
    assert normal_form(one) == normal_form(other) != ""


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("1,2", "1.2"),
        ("x = 2.5", "x = 2.05"),
        ("x = 10", "x = 1"),
        ("-3", "3"),
        ("10²", "102"),
        ("1.2.0", "1.2"),
        (".5", "5"),
        (".25 m", "25 m"),
        ("1.500", "1.5"),
        ("12.000", "12"),
        ("Python 3.10", "Python 3.1"),
        ("§ 3.10", "§ 3.1"),
        ("0.333...", "0.333"),
        ("1, 2, 3, ...", "1, 2, 3"),
        (r"\frac{1}{2x}", r"\frac{1}{2}x"),
        (r"\frac{1}{2x}", "½x"),
        (r"\frac{1}{2}x", "1/2x"),
        (r"\frac{a}{b}c", r"\frac{a}{bc}"),
        (r"\sqrt{2x}", r"\sqrt{2}x"),
        (r"\sqrt{\frac{1}{2x}}", r"\sqrt{\frac{1}{2}x}"),
        (r"\frac{\frac{1}{2x}}{3}", r"\frac{\frac{1}{2}x}{3}"),
        ("√(2)x", "√(2x)"),
        (r"\sqrt[5]{8}", r"5\sqrt{8}"),
        ("x½", "x1/2"),
        ("F/m^2", "F/m_2"),
        ("a = GM/s²", "a = GM/s2"),
        ("A^2+ b", "A^{2+} b"),
        ("n≠6", "n!=6"),
        ("$5", "5"),
        (r"\$5", "5"),
        ("x <- 1", "x < -1"),
        ("3\n-2", "3-2"),
        ("2 -3", "2-3"),
        ("3\n(4)", "3(4)"),
        ("if x:\n    f()\ng()", "if x:\n    f()\n    g()"),
        ("1\n  2", "1\n2"),
        ("&lt;", "<"),
        ("5 mW", "5 MW"),
        ("Co", "CO"),
    ],
)
def test_other_answers_are_not(one: str, other: str) -> None:
    assert normal_form(one) != normal_form(other)


@pytest.mark.parametrize(
    "text", ["", "  ", ".", "[illegible] 4", "[drawing: a circle]", "x = 3\n~~4", "[crossed out: 3"]
)
def test_what_is_not_known_is_equal_to_nothing(text: str) -> None:
    assert normal_form(text) == ""


@given(st.text(alphabet=st.characters(codec="utf-8", categories=("L", "N", "Zs")), max_size=40))
def test_white_space_and_unicode_forms_make_no_difference(text: str) -> None:
    spaced = "  " + text.replace(" ", "\n ") + " "
    assert normal_form(unicodedata.normalize("NFD", spaced)) == normal_form(unicodedata.normalize("NFC", text))


@pytest.mark.parametrize("part", [r"\frac{", r"\frac{{a}", r"\sqrt{{{", "√(a", "$ a", "a 1.10 ", "a\n- ", " "])
def test_a_hostile_text_takes_no_endless_time(part: str) -> None:
    started = time.perf_counter()
    normal_form(part * (50_000 // len(part)))
    assert time.perf_counter() - started < 5


LETTERS = {"x": 1.37, "y": 2.11}
Term = tuple[str, float]
"""LaTeX of a term that binds as one, and its value."""


def term(random_: random.Random, depth: int) -> Term:
    if not depth:
        written = random_.choice(["2", "3", "12", ".5", "0.50", "2.0", *LETTERS])
        return written, LETTERS[written] if written in LETTERS else float(written)
    (one, its), (other, others) = term(random_, depth - 1), term(random_, random_.randrange(depth))
    space = random_.choice(["", " "])
    factor = f"({other})" if other[0] in ".0123456789-" else other
    return random_.choice(
        [
            (rf"\frac{{{one}}}{space}{{{other}}}", its / others),
            (rf"\frac{{{one}{factor}}}{{{other}}}", its),
            (f"({one}{space}/{space}({other}))", its / others),
            (rf"\sqrt{{{one}}}", math.sqrt(its)),
            (f"√({one})", math.sqrt(its)),
            (f"({one}{space}{factor})", its * others),
            (f"({one}{space}+{space}{other})", its + others),
            (rf"\frac{{{one}}}{{{other}}}{factor}", its),
            (rf"\sqrt{{{one}}}{factor}", math.sqrt(its) * others),
            (f"({one})^{{2}}", its**2),
        ]
    )


def test_terms_with_one_form_have_one_value() -> None:
    random_, values = random.Random(1), dict[str, Term]()
    for _ in range(3000):
        written, value = term(random_, random_.choice([1, 1, 2]))
        first, its = values.setdefault(normal_form(written), (written, value))
        assert math.isclose(value, its), (written, first)
    assert len(values) < 2500  # many are written in two ways
