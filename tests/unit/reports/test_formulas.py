"""Formulas as MathML: which text is one, what is shown of others, and that no formula runs, hides, or takes long."""

import time
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aita.reports.formulas import LONGEST, formulas
from aita.reports.text import marked

X = "<math><mi>x</mi></math>"
STRIKE = '<menclose notation="updiagonalstrike"><mi>x</mi><mrow /></menclose>'


@pytest.mark.parametrize("text", ["$x$", r"\(x\)", r"\( x \)"])
def test_a_formula_within_a_line_is_one(text: str) -> None:
    assert formulas(f"so {text}.") == f"so {X}."


@pytest.mark.parametrize("text", ["$$x$$", r"\[x\]", "$$\nx\n$$"])
def test_a_formula_of_its_own_has_lines_of_its_own(text: str) -> None:
    assert formulas(text) == '<math display="block"><mi>x</mi></math>'


@pytest.mark.parametrize(
    "text",
    [
        "$5 and $7",
        "costs $5, or $7/kg",
        "$5/$7",
        "$5-$10",
        "from $5 (or $) on",
        r"\$5 and \$7",
        "$5\n\nand x$",
        "a $ b $ c",
        "costs $5 or 6$ each",
        "I paid $5, he paid 3$.",
        "$2 for a, $3 for b and lost 1$",
        "US$5 and A$ 7",
    ],
)
def test_money_is_no_formula(text: str) -> None:
    assert formulas(text) == text


def test_a_formula_behind_money_is_one() -> None:
    assert formulas("$5 and $7, $x$") == f"$5 and $7, {X}"


@pytest.mark.parametrize("text", ["$x = ma + b$", "$F = ma$", "$10 kg$", r"$5 \text{ or } 6$", r"$5 mod 3 \le 2$"])
def test_words_beside_signs_or_commands_are_one(text: str) -> None:
    assert str(formulas(text)).startswith("<math>")


def test_spaces_within_the_dollars_are_taken_with_a_command() -> None:
    assert formulas(r"$ \frac{1}{2} $") == "<math><mfrac><mn>1</mn><mn>2</mn></mfrac></math>"


@pytest.mark.parametrize(
    "latex", [r"\foo", r"\frac{1", "a & b", r"\def\a{\a\a}\a", r"\newcommand{\a}{b}\a", "x" * (LONGEST + 1)]
)
def test_what_is_not_taken_is_shown_as_it_was_written(latex: str) -> None:
    escaped = latex.replace("&", "&amp;")
    assert formulas(f"${latex}$") == f'<code class="latex">${escaped}$</code>'


@pytest.mark.parametrize("latex", [r"\providecommand{\ab}{x}\ab", r"\mathchoice{a}{b}{c}{d}", r"5\newline6", r"{5\\6}"])
def test_a_formula_of_which_a_part_would_disappear_is_shown_as_it_was_written(latex: str) -> None:
    assert formulas(f"${latex}$") == f'<code class="latex">${latex}$</code>'


def test_a_percent_sign_begins_no_comment() -> None:
    percent = "<math><mn>50</mn><mi>%</mi><mo>=</mo><mn>0.5</mn></math>"
    assert formulas("$50%=0.5$") == formulas(r"$50\%=0.5$") == percent
    assert (
        formulas(r"$\text{50% off}$")
        == formulas(r"$\text{50\% off}$")
        == "<math><mtext>50%\N{NO-BREAK SPACE}off</mtext></math>"
    )


@pytest.mark.parametrize(
    ("latex", "read"),
    [
        ("5 6", "5 6"),
        ("1 000 000", "1 000 000"),
        (r"\frac 1 2", "12"),
        ("x_1 2", "x12"),
        (r"\text{5 6}", "5 6"),
        (r"5\,6", "56"),
        (r"\times 5 6", "\N{MULTIPLICATION SIGN}5 6"),
        (r"\sqrt 2 3", "2 3"),
    ],
)
def test_two_numbers_stay_two(latex: str, read: str) -> None:
    made = ElementTree.fromstring(formulas(f"${latex}$"))
    assert "".join(made.itertext()).replace("\N{NO-BREAK SPACE}", " ") == read


def test_lines_stay_lines() -> None:
    made = formulas(r"$x=5 \\ 6$")
    cells = ["".join(cell.itertext()) for cell in ElementTree.fromstring(made).iter("mtd")]
    assert cells == ["x=5", "6"]


def test_a_space_below_a_row_is_no_text() -> None:
    made = formulas(r"$\begin{aligned}a&=b\\[2pt]c&=d\end{aligned}$")
    assert "".join(ElementTree.fromstring(made).itertext()) == "a=bc=d"


@pytest.mark.parametrize("name", ["align", "equation", "gather", "multline"])
def test_no_row_gets_a_number_that_nobody_wrote(name: str) -> None:
    made = formulas(rf"$$\begin{{{name}}}x\end{{{name}}}$$")
    assert "".join(ElementTree.fromstring(made).itertext()) == "x"


@pytest.mark.parametrize(
    "latex",
    [
        "x_{" * 6 + "x" + "}" * 6,
        r"\frac{1}{1+" * 6 + "x" + "}" * 6,
        r"\overset{" * 6 + "x" + "}{y}" * 6,
        r"\sqrt[\sqrt[\sqrt[x]{y}]{y}]{y}",
        r"\sum_{x^{\frac{1}{y_z}}}",
    ],
)
def test_no_sign_is_smaller_than_the_script_of_a_script(latex: str) -> None:
    assert _deepest(ElementTree.fromstring(formulas(f"${latex}$"))) == 2


def _deepest(element: ElementTree.Element, level: int = 0) -> int:
    """Return the highest level in a formula within a line, as MathML Core counts them."""
    level = int(element.get("scriptlevel", level))
    below = [
        level
        if element.tag not in {"mfrac", "mroot", "mover", "msub", "msup", "munder"}
        or (place == 0 and element.tag != "mfrac")
        else level + 1 + (element.tag == "mroot")
        for place in range(len(element))
    ]
    return max([level, *map(_deepest, element, below)])


@pytest.mark.parametrize(
    ("latex", "is_shown"),
    [
        ("x+" * 31 + "x", True),
        ("x+" * 33, False),
        (r"\frac{" + "x+" * 31 + "}{" + "x" * 60 + "}", True),
        (r"\qquad" * 15 + "5", True),
        (r"\qquad" * 30 + "5", False),
        (r"\begin{matrix}" + "1&" * 30 + r"1\end{matrix}", True),
        (r"\begin{matrix}" + "&" * 100 + r"5\end{matrix}", False),
    ],
)
def test_no_formula_is_wider_than_a_page(latex: str, is_shown: bool) -> None:
    """No browser breaks one: on paper the rest of it would not be there."""
    assert ("<code" not in formulas(f"${latex}$")) == is_shown


def test_what_is_crossed_out_looks_so_in_and_around_formulas() -> None:
    assert marked("~~$x$~~ $x$") == f"<del>{X}</del> {X}"
    assert marked(r"$\cancel{x}$") == marked(r"$\sout{x}$") == f"<math>{STRIKE}</math>"
    assert marked("$a ~~b~~ c$") == "$a <del>b</del> c$"


def test_what_could_not_be_read_is_told_within_a_formula_too() -> None:
    assert (
        marked("$x[illegible]$ [illegible]")
        == "<math><mi>x</mi><mtext>[illegible]</mtext></math> <mark>[illegible]</mark>"
    )


def test_no_formula_hides_colours_or_covers_anything() -> None:
    made = formulas(r"$\color{white}x\phantom{y}\hspace{99em}\hspace{-9em}z$")
    assert made == "<math><mrow><mi>x</mi><mrow><mi>y</mi></mrow><mspace /><mspace /><mi>z</mi></mrow></math>"


def test_a_table_keeps_its_lines_without_a_style() -> None:
    made = formulas(r"$\begin{array}{c|c}a&b\\ \hline c&d\end{array}$")
    assert "style" not in made.replace("displaystyle", "")
    assert made.count("math-line-right") == 2
    assert made.count("math-line-top") == 2


@pytest.mark.parametrize(
    "part",
    [
        "{",
        "(",
        "[",
        r"\{",
        r"\left(",
        r"\langle ",
        r"\lfloor ",
        "⟨",
        r"\sqrt ",
        "x^{",
        r"\begin{matrix}",
        "&",
        "'",
        "|",
    ],
)
@pytest.mark.parametrize("closed", ["", "}", ")", r"\right)", r"\end{matrix}"])
def test_no_formula_takes_long(part: str, closed: str) -> None:
    """Without a bound math-core takes hours for 50 brackets that nothing closes."""
    began = time.monotonic()
    for times in (10, 30, 200):
        formulas(f"${part * times}x{closed * times}$")
    assert time.monotonic() - began < 1


@pytest.mark.parametrize("part", [r"\[", r"\(", "$", "$$", "$ ", r"$\$", "~~", "$a~~"])
def test_no_text_takes_long_to_search(part: str) -> None:
    began = time.monotonic()
    marked(part * (20_000 // len(part)))
    assert time.monotonic() - began < 2


PIECES = st.sampled_from(
    [r"\text{<script>alert(1)</script>}", '<img src=x onerror="alert(1)">', r"\href{javascript:1}{x}", r"\color{red}",
     r"\style{a}{b}", r"\tag{<svg/onload=1>}", "~~", "$", "$$", r"\(", r"\]", "{", "}", "(", "&", "<", '"', "x", " ",
     "_2", r"\frac{1}{2}", r"\textbf{<b>}", r"\begin{align}a&=b\end{align}", "\x00", "\u202e", "[illegible]"]
)  # fmt: skip


@given(st.lists(PIECES, max_size=12).map("".join))
def test_whatever_is_written_the_page_gets_no_element_or_attribute_that_is_not_listed(text: str) -> None:
    made = ElementTree.fromstring(f"<p>{marked(text)}</p>".replace("\x00", "").replace("&#34;", '"'))
    for element in list(made.iter())[1:]:
        assert element.tag in {"del", "mark", "code", "b", "i"} or element.tag.startswith("m")
        assert not {"style", "href", "src"} & set(element.attrib)
        assert not any(name.startswith("on") for name in element.attrib)
