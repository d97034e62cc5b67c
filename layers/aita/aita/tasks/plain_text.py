"""Plain text: a text without differences of typography, with the places at which it may not be cut.

Two texts say the same if their plain texts are equal. White space counts between words only. Superscripts and
subscripts differ from characters on the line: 10² is 10^2 and not 102.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from typing import NamedTuple

from aita.tasks.notation import one_form
from aita.tasks.transcription_marks import DRAWN, DRAWN_END

_HYPHENATED = re.compile(r"(?<=[^\W\d_][^\W\d_])-\n(?=[^\W\d_][^\W\d_])")

_UNSPACED = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1100-\u11ff\u1780-\u17ff\u2e80-\u2fdf\u3005-\u3007\u3040-\u31ff\u3400-\u9fff"
    "\ua960-\ua97f\uac00-\ud7ff\uf900-\ufaff\U00020000-\U0003ffff]"
)
"""Scripts that put no spaces between words, or write particles to them: Thai, Lao, Burmese, Khmer, Chinese ..."""

_SAYING = frozenset("∞∅")
_SILENT = frozenset("☐□◻▢\ufffd")
"""Symbols that are an answer by themselves, and pictures that are none: an empty box is printed."""

# Kinds of characters: a for a letter, 0 for a digit, m for a combining mark, c for a letter of an unspaced script and n
# for its numerals, s for a picture such as a tick; all other characters are their own kind.
_WITHIN = re.compile(
    r"(?<=[a0m])(?=[a0])|(?<=[^ ])(?=m)|(?<=n)(?=n)"  # a word, a number, a Chinese number
    r"|(?<=0)(?=[.,:*'٫٬]0)|(?<=0[.,:*'٫٬])(?=0)|(?<=\.)(?=0)"  # 12.5 and 1,500 and 2:3 and .5  # noqa: RUF001 - the very signs
    r"|(?<=[a0m)\]}])(?=[/⋅][a0\\(√])|(?<=[a0m)\]}][/⋅])(?=[a0\\(√])"  # m/s and 1/2
    r"|(?<=[a0m)\]}])(?=[\^_])|(?<=[\^_])(?=[a0\\{(√+-])|(?<=\\)(?=a)"  # 10^{2} and a command of LaTeX
    r"|(?<=[√∛∜¬±∓])(?=[a0\\(.√])|(?<=!)(?==)"
)
_WHOLE = re.compile(r"[\^_]\{[^{}]*\}|[/√∛∜]\([a0m.]{1,40}\)|\([a0m.]{1,40}\)(?=/)")
"""Superscripts and subscripts, and one term in brackets at a fraction stroke or under a root."""

_SPACED_NUMBER = re.compile(r"(?<![\d.,])\d{1,3}(?: \d{3})+(?!\d)|\d{1,20} \d{1,9}/\d{1,9}|\d x (?=\d)")
"""Numbers with spaces in them, such as 1 500, 1 1/2 and 3 x 10^{8}."""

_SIGNED = (
    re.compile(r"(?:^|[^a0mcns)\]}'\"%°])[+-](?=\.?0)"),  # -3, but not 5-3
    re.compile(r"[=<>≤≥≈≡→⇒∈(\[{,*⋅/^±] ?[+-] ?(?=\.?0)"),  # = - 3
    re.compile(r"[=<>≤≥≈≡→⇒∈(\[{*⋅/^±] ?[+-](?=[a\\(])|[=<>≤≥≈≡] ?[+-] ?(?=[a\\(])"),  # = -x
)
_SIGNED_LETTER = re.compile(
    r"(?:^|[^\w)\]}'\"%°])[+-](?=[α-ωΑ-Ω∞√∛]|[A-Za-z](?![\w']| \w\w))"  # noqa: RUF001 - the very signs
    r"|[=<>≤≥≈≡→⇒∈(\[{,*⋅/^±] ?[+-] ?(?=[α-ωΑ-Ω∞√∛])"  # noqa: RUF001 - the very signs
)
_CHARGE = re.compile(r"[A-Z][a-z]?\d{0,2}(?=[+-]{1,2}(?![\w(\\√+-]))")  # Fe3+ and OH-
_EXPONENT = re.compile(r"(?<=\d[eE])[+-](?=\d)")
_NEGATION = re.compile(r"(?<=[^\W\d_])'(?=t(?![^\W\d_]))")  # can't
_SPACED = frozenset("a0ms.,:;!?'\"")
"""Kinds between which a space is kept; around all others it makes no difference."""

Span = tuple[int, int]
"""Start and end of a part of a text."""


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
        Places at which lines begin and end.
    drawn
        Spans of the transcriber's descriptions of drawings.
    """

    text: str
    within: bytes
    lines: frozenset[int]
    drawn: tuple[Span, ...]

    def places(self, part: str, begin: int = 0, *, whole_lines: bool = False) -> Iterator[Span]:
        """Yield the spans of a part, from ``begin`` on, that consist of whole tokens, or of whole lines."""
        start = self.text.find(part, begin)
        while start >= 0:
            ends = (start, start + len(part))
            if self.lines.issuperset(ends) if whole_lines else not any(self.within[end] for end in ends):
                yield ends
            start = self.text.find(part, start + 1)

    @cached_property
    def words(self) -> tuple["Word", ...]:
        """The words and pictures; each letter of an unspaced script is one, and counts as half a word."""
        found = re.finditer(r"[a0m]+(?:'[a0m]+)*|s|([cn])m*", _kinds(self.text))
        return tuple(
            Word(self.text[each.start() : each.end()].casefold(), each.start(), each.end(), 0.5 if each[1] else 1.0)
            for each in found
        )


class Word(NamedTuple):
    """A word in folded case, with its span in the text and its weight in words."""

    text: str
    start: int
    end: int
    weight: float


def plain(text: str, *, dehyphenated: bool = False) -> PlainText:
    """Return the plain text of a transcription, or of a quote from it.

    Parameters
    ----------
    dehyphenated
        Whether words that are hyphenated at the end of a line are joined.
    """
    text = one_form(_HYPHENATED.sub("", text) if dehyphenated else text)
    parts, length, within, lines, drawn, last = list[str](), 0, bytearray(1), {0}, list[Span](), ""
    begin = 0  # start of a drawing's description; if half of it is struck out, the rest is not known to be written
    for line in text.splitlines():
        written, places, marks = _plain_line(" ".join(line.split()))
        if written and parts and _is_space(last, _kind(written[0])):
            parts.append(" ")
            within.append(0)
            length += 1
        for place, is_begin in marks:
            if is_begin:
                begin = length + place
            else:
                drawn.append((begin, length + place))
        parts.append(written)
        within += places[1:]
        lines |= {length, length + len(written)} if written else set()
        length += len(written)
        last = _kind(written[-1]) if written else last
    for place in lines:
        within[place] = 0
    return PlainText("".join(parts), bytes(within), frozenset(lines), tuple(drawn))


def says_something(text: str) -> bool:
    """Tell whether a plain text has a word, a number or a picture."""
    return not set("a0cns").isdisjoint(map(_kind, text))


def _plain_line(line: str) -> tuple[str, bytearray, list[tuple[int, bool]]]:
    """Return a line without needless spaces, its ``within``, and the ends of its descriptions of drawings.

    An end is a place, and ``True`` if a description begins there.
    """
    kinds, before = _kinds(line), _within(line)
    written, within, drawn = list[str](), bytearray(1), list[tuple[int, bool]]()
    for place, character in enumerate(line):
        within[-1] |= before[place]
        if character in (DRAWN, DRAWN_END):
            drawn.append((len(written), character == DRAWN))
        elif character != " " or _is_space(kinds[place - 1], kinds[place + 1]):
            written.append(character)
            within.append(0)
    return "".join(written), within, drawn


def _within(line: str) -> bytearray:
    """Return, for each place of a line, whether it is inside of a token."""
    kinds, within = _kinds(line), bytearray(len(line) + 1)
    for match in _WITHIN.finditer(kinds):
        within[match.start()] = 1
    for match in _WHOLE.finditer(kinds):
        _join(within, match.start() + 1, match.end() - 1)
    for match in _SPACED_NUMBER.finditer(line):
        _join(within, match.start() + 1, match.end() - (match[0][-1] != " "))
    for pattern, text in (*((each, kinds) for each in _SIGNED), (_SIGNED_LETTER, line)):
        for match in pattern.finditer(text):
            _join(within, match.start() + len(match[0].rstrip()), match.end())
    for pattern in (_EXPONENT, _NEGATION):
        for match in pattern.finditer(line):
            _join(within, match.start(), match.end())
    for match in _CHARGE.finditer(line):
        within[match.end()] = 1
    return within


def _join(within: bytearray, first: int, last: int) -> None:
    """Mark the places from the first to the last as inside of a token."""
    within[first : last + 1] = bytes([1]) * (last + 1 - first)


def _is_space(before: str, after: str) -> bool:
    """Tell whether a space between two kinds of characters has meaning; after a comma it has before a digit only."""
    return before in _SPACED and after in _SPACED and not (before in {",", ":", ";"} and after in {"a", "m"})


def _kinds(text: str) -> str:
    return "".join(map(_kind, text))


@cache
def _kind(character: str) -> str:
    if character.isdecimal():
        return "0"
    if unicodedata.category(character)[0] == "M":
        return "m"
    if not character.isalnum():
        picture = unicodedata.category(character) == "So" and character > "\u00ff" and character not in _SILENT
        return "s" if picture or character in _SAYING else character
    if not _UNSPACED.match(character):
        return "a"
    return "n" if character.isnumeric() else "c"
