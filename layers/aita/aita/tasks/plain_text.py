"""Plain text: what is written, whatever became of its typography, with the places where it may not be cut.

Two texts say the same if their plain texts are equal. White space counts between words alone. Raised and lowered
characters are told from those on the line: 10² is 10^2 and not 102.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from itertools import groupby
from typing import NamedTuple

STRUCK, STRUCK_END, UNREAD = "\ue000", "\ue001", "\ue002"
"""Characters of the private use area that stand for the marks of a transcription."""

_DRAWN, _DRAWN_END = "\ue003", "\ue004"
_OURS = dict.fromkeys(map(ord, (STRUCK, STRUCK_END, UNREAD, _DRAWN, _DRAWN_END)))

_ONE_FORM = str.maketrans(
    dict.fromkeys("‘’‚‛′‵`´＇", "'")  # noqa: RUF001
    | dict.fromkeys("“”„‟″‶«»＂", '"')  # noqa: RUF001
    | dict.fromkeys("‐‑‒–—―−﹘﹣－", "-")  # noqa: RUF001
    | dict.fromkeys("×✕✖⨯╳", "x")  # noqa: RUF001
    | dict.fromkeys("·∙•", "⋅")
    | dict.fromkeys("⁄∕", "/")  # noqa: RUF001
    | dict.fromkeys((chr(code) for code in range(ord(" ")) if not chr(code).isspace()), "\ufffd")
    | {"\b": r"\b"}
)
"""Characters that a model writes for one another, by the one that stands for them here. Control characters are read in
no reply; they may stand in a transcription that was made before replies were read so."""

_FORM_FEED = re.compile(r"\f(?=[A-Za-z])")

_ILLEGIBLE = re.compile(r"\[ {0,2}illegible[^\]\n]{0,40}\]", re.IGNORECASE)
_DRAWING = re.compile(r"\[drawing:(?:[^\[\]]|\[[^\[\]]{0,200}\]){0,2000}\]", re.IGNORECASE)
_FRACTION_AFTER_DIGIT = re.compile(r"(?<=\d)(?=[\u00bc-\u00be\u2150-\u215f\u2189])")
_HYPHENATED = re.compile(r"(?<=[^\W\d_][^\W\d_])-\n(?=[^\W\d_][^\W\d_])")

_FORMULAS = (
    (re.compile(r"\^ ?\((-?\w{1,9})\)"), r"^{\1}"),
    (re.compile(r"\^ ?(-?\d+|[^\W\d_])"), r"^{\1}"),
    (re.compile(r"_(\d+)"), r"_{\1}"),
    (re.compile(r"(?<=[^\W\d_])_\{(\d+)\}(?!\d)"), r"\1"),  # an index after a letter, as in H2O and v0
    (re.compile(r"(/(?:[cdkmnμ]?m|s))\^\{([23])\}(?!\d)"), r"\1\2"),  # a unit, as in m/s2
)
"""Ways to write what is raised or lowered, and what they become; only where nothing else could be read in it."""

_UNSPACED = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1100-\u11ff\u1780-\u17ff\u2e80-\u2fdf\u3005-\u3007\u3040-\u31ff\u3400-\u9fff"
    "\ua960-\ua97f\uac00-\ud7ff\uf900-\ufaff\U00020000-\U0003ffff]"
)
"""Scripts that put no spaces between words, or write particles to them: Thai, Lao, Burmese, Khmer, Chinese ..."""

# Of each character, its kind is looked at: a letter is an a, a digit a 0, a combining mark an m, a letter of an
# unspaced script a c, and an n if it is a numeral; all others are themselves.
_WITHIN = re.compile(
    r"(?<=[a0m])(?=[a0])|(?<=[^ ])(?=m)|(?<=n)(?=n)"  # a word, a number, a Chinese number
    r"|(?<=0)(?=[.,:*⋅]0)|(?<=0[.,:*⋅])(?=0)|(?<=\.)(?=0)"  # 12.5 and 1,500 and 2:3 and .5
    r"|(?<=[a0m}])(?=/[a0\\])|(?<=[a0m}]/)(?=[a0\\])"  # m/s and 1/2
    r"|(?<=[a0m)\]}])(?=[\^_])|(?<=[\^_])(?=[a0\\{(+-])|(?<=\\)(?=a)"  # 10^{2} and \alpha
    r"|(?<=[√¬±∓])(?=[a0\\(.])"
)
_RAISED = re.compile(r"[\^_]\{[^{}]*\}")
_SIGNED = (
    re.compile(r"(?:^|[^a0mcn)\]}'\"%°])[+-](?=\.?0)"),  # -3, but not 5-3
    re.compile(r"[=<>≤≥≈≠(\[{,*⋅/^] ?[+-] ?(?=\.?0)"),  # = - 3
    re.compile(r"[=<>≤≥≈≠(\[{*⋅/^] ?[+-](?=[a\\(])"),  # = -x
)
_EXPONENT = re.compile(r"(?<=\d[eE])[+-](?=\d)")
_NEGATION = re.compile(r"(?<=[^\W\d_])'(?=t(?![^\W\d_]))")  # can't
_SPACED = frozenset("a0m.,:;!?'\"")
"""The kinds between which a space is kept; around all others it makes no difference."""

Span = tuple[int, int]
"""From where to where a part of a text is."""


@dataclass(frozen=True)
class PlainText:
    """A text's plain form.

    Parameters
    ----------
    text
        The form itself, its lines one after another.
    within
        For each place between two characters, whether it is inside of a token: a word, a number with its sign,
        decimals and exponent, or a unit.
    lines
        Where lines begin and end.
    drawn
        From where to where it is the transcriber's description of a drawing.
    """

    text: str
    within: bytes
    lines: frozenset[int]
    drawn: tuple[Span, ...]

    def places(self, part: str, *, whole_lines: bool = False) -> Iterator[Span]:
        """Yield from where to where a part stands in it as whole tokens, or as whole lines."""
        start = self.text.find(part)
        while start >= 0:
            ends = (start, start + len(part))
            if self.lines.issuperset(ends) if whole_lines else not any(self.within[end] for end in ends):
                yield ends
            start = self.text.find(part, start + 1)

    @cached_property
    def words(self) -> tuple["Word", ...]:
        """The words; each letter of an unspaced script is one, and counts as half a word."""
        found = re.finditer(r"[a0m]+(?:'[a0m]+)*|([cn])m*", _kinds(self.text))
        return tuple(
            Word(self.text[each.start() : each.end()].casefold(), each.start(), each.end(), 0.5 if each[1] else 1.0)
            for each in found
        )


class Word(NamedTuple):
    """A word, case aside, and from where to where in the text it is."""

    text: str
    start: int
    end: int
    weight: float


def plain(text: str, *, dehyphenated: bool = False) -> PlainText:
    """Return the plain text of a transcription, or of words that are quoted from it.

    Parameters
    ----------
    dehyphenated
        Whether words that the end of a line divides are put together.
    """
    text = _one_form(text)
    if dehyphenated:
        text = _HYPHENATED.sub("", text)
    parts, length, within, lines, drawn, last = list[str](), 0, bytearray(1), {0}, list[int](), ""
    for line in text.splitlines():
        written, places, marks = _plain_line(" ".join(line.split()))
        if written and last in _SPACED and _kind(written[0]) in _SPACED and parts:
            parts.append(" ")
            within.append(0)
            length += 1
        drawn += [length + mark for mark in marks]
        parts.append(written)
        within += places[1:]
        lines |= {length, length + len(written)} if written else set()
        length += len(written)
        last = _kind(written[-1]) if written else last
    for place in lines:
        within[place] = 0
    spans = zip(drawn[::2], drawn[1::2], strict=True)
    return PlainText("".join(parts), bytes(within), frozenset(lines), tuple(spans))


def unmarked(text: str) -> str:
    """Return a text without the characters that stand for marks here."""
    return text.translate(_OURS)


def _one_form(text: str) -> str:
    text = _FORM_FEED.sub(r"\\f", text)
    text = _FRACTION_AFTER_DIGIT.sub(" ", "\n".join(text.splitlines()))
    text = "".join(_levelled(level, "".join(run)) for level, run in groupby(text, _level))
    text = unicodedata.normalize("NFKC", text.translate(_ONE_FORM)).translate(_ONE_FORM)
    text = text.translate({ord(each): None for each in {*text} if unicodedata.category(each) == "Cf"})
    text = _DRAWING.sub(lambda found: f"{_DRAWN}{found[0]}{_DRAWN_END}", _ILLEGIBLE.sub(UNREAD, text))
    for pattern, form in _FORMULAS:
        text = pattern.sub(form, text)
    return text


@cache
def _level(character: str) -> str:
    kind = unicodedata.decomposition(character).partition(">")[0]
    return {"<super": "^", "<sub": "_"}.get(kind, "")


def _levelled(level: str, run: str) -> str:
    return f"{level}{{{run}}}" if level else run


def _plain_line(line: str) -> tuple[str, bytearray, list[int]]:
    """Return a line without needless spaces, which of its places are within a token, and where drawings are told."""
    kinds, before = _kinds(line), _within(line)
    written, within, drawn = list[str](), bytearray(1), list[int]()
    for place, character in enumerate(line):
        within[-1] |= before[place]
        if character in (_DRAWN, _DRAWN_END):
            drawn.append(len(written))
        elif character != " " or (kinds[place - 1] in _SPACED and kinds[place + 1] in _SPACED):
            written.append(character)
            within.append(0)
    return "".join(written), within, drawn


def _within(line: str) -> bytearray:
    kinds, within = _kinds(line), bytearray(len(line) + 1)
    for match in _WITHIN.finditer(kinds):
        within[match.start()] = 1
    for match in _RAISED.finditer(kinds):
        within[match.start() + 1 : match.end()] = bytes([1]) * (len(match[0]) - 1)
    for pattern in _SIGNED:
        for match in pattern.finditer(kinds):
            sign = len(match[0].rstrip())
            within[match.start() + sign : match.end() + 1] = bytes([1]) * (len(match[0]) - sign + 1)
    for pattern in (_EXPONENT, _NEGATION):
        for match in pattern.finditer(line):
            within[match.start()] = within[match.end()] = 1
    return within


def _kinds(text: str) -> str:
    return "".join(map(_kind, text))


@cache
def _kind(character: str) -> str:
    if character.isdecimal():
        return "0"
    if unicodedata.category(character)[0] == "M":
        return "m"
    if not character.isalnum():
        return character
    if not _UNSPACED.match(character):
        return "a"
    return "n" if character.isnumeric() else "c"
