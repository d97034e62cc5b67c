"""Marks of a transcription: what is struck out, unread or drawn is never evidence, however it is marked."""

# ruff: noqa: RUF001 - characters that are taken for one another are what is tested

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aita.tasks.quotes import Written

STRUCK = [
    *("~~{}~~", "~{}~", "~~~{}~~~", "～～{}～～", r"\~\~{}\~\~", "~ ~{}~ ~"),
    *(r"\cancel{{{}}}", r"\xcancel{{{}}}", r"\bcancel {{{}}}", r"\sout{{{}}}", r"\st{{{}}}", r"\cancelto{{0}}{{{}}}"),
    *("<s>{}</s>", "<del>{}</del>", "<strike>{}</strike>", '<del class="a">{}</del>', "<S>{}</S>"),
    *("[crossed out: {}]", "[struck out: {}]", "[deleted: {}]", "[Crossed-out text: {}]", "[strikethrough: {}]"),
    *("(crossed out: {})", "[{}, crossed out]", "[{} (crossed out)]", r"\[struck out: {}\]", "[scratched out: {}]"),
    *("~~b ~~{}~~ c~~", "~~b (~~{}~~) c~~", "<s>b ~~{}~~ c</s>", r"\cancel{{b \text{{c}} {}}}", "~~b\n{}\nc~~"),
    *("[crossed out: b [c] {}]", r"$\cancel{{{}}}$", "~~<del>{}~~</del>"),
]
CROSSED = ["x = 42", "the force", "√2", "m/s²"]


def stroked(text: str, stroke: str) -> str:
    return "".join(f"{each}{stroke}" if each.strip() else each for each in text)


class TestStruckOut:
    @pytest.mark.parametrize("mark", STRUCK)
    @pytest.mark.parametrize("words", CROSSED)
    def test_is_no_evidence(self, mark: str, words: str) -> None:
        marked = mark.format(words)
        for answer in (f"{marked} y = 5", f"y = 5, {marked}", f"so\n{marked}\ny = 5", marked):
            assert not Written(answer).shows(words)
            assert not Written(answer).shows(marked)
        assert Written(f"{marked}\ny = 5").shows("y = 5")

    @pytest.mark.parametrize("stroke", ["\u0336", "\u0335"])
    def test_nor_is_what_has_strokes_through_it(self, stroke: str) -> None:
        answer = f"{stroked('é = 42', stroke)} x = 5"
        for quote in ("é = 42", "42", stroked("é = 42", stroke), "é"):
            assert not Written(answer).shows(quote)
        assert Written(answer).shows("x = 5")

    @pytest.mark.parametrize(
        ("answer", "quotes"),
        [
            ("~~x = 42\nx = 43\nx = 44~~ ~~y\nz", ["x = 42", "x = 43", "x = 44", "y"]),
            ("~~a\nb\nc~~ d ~~\ne", ["a", "b", "c", "d"]),
            ("<s>x = 42 x = 5", ["x = 42", "x = 5"]),
            ("\\cancel{x = 42\nx = 5", ["x = 42"]),
            ("[crossed out: x = 42\nx = 5", ["x = 42"]),
            ("x = 42 [crossed out]\nx = 5", ["x = 42"]),
            ("x = 42</del> x = 5", ["x = 42", "x = 5"]),
            ("a ~~\nx = 42\n~~ b ~~ c", ["x = 42"]),
        ],
    )
    def test_nor_is_what_half_a_mark_leaves_open(self, answer: str, quotes: list[str]) -> None:
        for quote in quotes:
            assert not Written(answer).shows(quote)

    @pytest.mark.parametrize(
        ("answer", "quote"),
        [
            ("~5 and ~6", "5"),
            ("~5 and ~6", "~5 and ~6"),
            ("about ~5 m, then ~ 6 m", "then ~ 6 m"),
            ("p ∧ ~q, ~(r ∨ ~s)", "~(r ∨ ~s)"),
            ("A ~ B ~ C", "A ~ B"),
            ("Fig.~1 shows 5~m and 6~m", "6~m"),
            ("x in [0, 1) and (0, 1]", "[0, 1)"),
            ("a < b and s > c", "b and s"),
            ("\\{1, 2\\} ~~3~~ } 4", "4"),
            ("[crossed out]\nx = 5", "x = 5"),
            ("the word[s] of a[s] = 5", "a[s] = 5"),
            ("if (a<s && s>b) x &lt; 5", "x < 5"),
            ("x = [scribbled out word] 5", "5"),
            ("the gene is deleted (deleted at once)", "deleted"),
            ("<s>x = 42</s> x = 5", "~~x = 42~~ x = 5"),
            ("x = 5 \\cancel{m}", "x = 5"),
            ("~~a~~b~~c~~", "b"),
            ("we ~~ran~~, ~~sat~~ and slept", "and slept"),
        ],
    )
    def test_what_is_left_is(self, answer: str, quote: str) -> None:
        assert Written(answer).shows(quote)

    @given(
        st.sampled_from(STRUCK), st.from_regex(r"[a-z]{2,5}( [a-z]{2,5}){0,3}", fullmatch=True), st.sampled_from(STRUCK)
    )
    def test_nothing_within_marks_ever_is(self, mark: str, words: str, outer: str) -> None:
        hidden = f"q{words}q"
        marked = mark.format(hidden)
        for answer in (f"Y 5 {marked} Y 6", f"Y 5 {outer.format(marked)} Y 6"):
            for quote in (hidden, marked, hidden.split(maxsplit=1)[0]):
                assert not Written(answer).shows(quote)


UNREAD = [
    *(
        "[illegible]",
        "[Illegible words]",
        "[mostly illegible]",
        "[partially illegible]",
        "[text illegible]",
        "(illegible)",
    ),
    *("[illegible", "[unreadable]", "[not legible]", "[?]", "[??]", "[unclear]", "[unclear: maybe 42]", "<illegible>"),
    *(
        "[illegible: about three lines of text at the bottom of the page]",
        r"\[illegible\]",
        "{illegible}",
        "[[illegible]]",
    ),
    *(
        "*[illegible]*",
        "［illegible］",
        "【illegible】",
        "[word illegible]",
        "[42?]",
        "[ illegible ]",
        "[ill\u200begible]",
    ),
    *(
        "[illegible handwriting, two lines\nof it]",
        "[illegible: [a word]]",
        "[cannot be read]",
        "[unleserlich]",
        "$[illegible]$",
    ),
]


class TestUnread:
    @pytest.mark.parametrize("mark", UNREAD)
    def test_is_known_by_any_mark_and_no_evidence(self, mark: str) -> None:
        alone, beside = Written(mark), Written(f"The force is\n{mark}")
        assert not alone.shows(mark)
        assert alone.illegible
        assert beside.has_unread
        assert not beside.illegible
        for quote in (mark, "illegible", "unreadable", "42", "word", "lines", "clear"):
            assert not alone.shows(quote)
            assert not beside.shows(quote)
        assert beside.shows("The force is")

    @pytest.mark.parametrize(
        "answer",
        [
            *("illegible", "this is unclear (unclear to me)", "what? [x] (really?)", "a[i] = b[j]?", "~~[illegible]~~"),
            *("[crossed out: illegible] x", "the law is illegible, they said", "[...] x"),
        ],
    )
    def test_nothing_else_is(self, answer: str) -> None:
        assert not Written(answer).has_unread

    @pytest.mark.parametrize(
        ("answer", "illegible"),
        [
            ("Compute 2+3.\n[illegible]", True),
            ("[illegible] Compute 2+3.", True),
            ("1a.\nAnswer: [illegible]", True),
            ("Question 1a: [illegible]", True),
            ("(1a) [illegible]", True),
            ("Ans: [illegible]", True),
            ("答：[illegible]", True),
            ("[drawing: a box] [illegible]", True),
            ("[drawing: [illegible]]", True),
            ("Compute 2+3. (5 points)\n~~five~~ [illegible]", True),
            ("Compute 2+3.\n5 [illegible]", False),
            ("Answer: five [illegible]", False),
            ("2. [illegible]", False),
        ],
    )
    def test_it_is_weighed_against_the_students_own_words(self, answer: str, *, illegible: bool) -> None:
        written = Written(answer, "Compute 2+3.", "1a", drawn=False)
        assert written.illegible is illegible
        assert written.half_illegible


class TestDrawings:
    @pytest.mark.parametrize(
        "answer",
        [
            *(
                "[drawing: a cell]",
                "[Drawing of a cell]",
                "[sketch: a cell]",
                "[diagram: a cell",
                "[ drawing : a cell ]",
            ),
            *("[drawing: a ~~box~~ cell]", "[figure: a [big] cell]", "\\[drawing: a cell\\]", "[graph: the\ncell]"),
        ],
    )
    def test_a_description_is_known_however_it_begins(self, answer: str) -> None:
        assert not Written(answer, drawn=False).shows("cell")
        assert Written(answer, drawn=True).shows("cell")
        assert Written(f"{answer}\nthe wall", drawn=False).shows("the wall")

    @pytest.mark.parametrize("quote", ["drawing", "[drawing:", "drawing:"])
    def test_its_mark_is_no_evidence(self, quote: str) -> None:
        assert not Written("[drawing: a cell]").shows(quote)

    @given(st.text(st.sampled_from("~[]{}()<>/s\\ a:\n?\u0336"), max_size=40).map(lambda text: f"[drawing: {text}"))
    def test_any_marks_at_all_are_read(self, answer: str) -> None:
        assert Written(answer, drawn=False).has_unread in {True, False}
        assert not Written(answer, drawn=False).shows("")
