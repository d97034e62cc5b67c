"""Atoms of a reading: its numbers, signs and words, each with how strictly it is compared with another reading's."""

import re
from bisect import bisect
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from aita.services.grading.meaning_words import MEANING_WORDS
from aita.tasks.plain_text import PlainText, Span, plain
from aita.tasks.printed_text import PrintedText
from aita.tasks.second_reading import punctuation, with_extents
from aita.tasks.transcription_marks import DRAWN, DRAWN_END, STRUCK, STRUCK_END, UNREAD, read_marks

_NOT_COMPARED = re.compile(f"{STRUCK}[^{STRUCK_END}]*{STRUCK_END}|{DRAWN}[^{DRAWN_END}]*{DRAWN_END}")
_LAYOUT = re.compile(r"\\(?:begin|end) ?\{[a-z]{1,20}\*?\}|\\\\|&")
_AT_WORDS = re.compile(r"_{2,}|[(\[](?=[^\W\d_]{2}(?![^()\[\]]*[)\]]\^))|(?<=[^\W\d_]{2})[)\]](?!\^)")
"""Lines to write on, and brackets at words, but for those with an exponent, as in ``(mv)^2`` and ``[CO]^2``."""

_FUNCTION_NAMES = "sin cos tan cot sec csc log ln lg exp lim max min det arg mod gcd lcm tr rot div"
_FUNCTIONS = frozenset(_FUNCTION_NAMES.split())

_END_OF_TERM = "⌉"

_BULLET = re.compile(rf"[-*⋅] ?(?=(?!{'|'.join(sorted(_FUNCTIONS))})[^\W\d_]{{2}})(?![^\W\d_]{{2,3}}(?![\w ]))")
"""Bullet before a word; before up to three letters at the end of a line or a sign, as in ``-kx``, it may be a minus."""

_THOUSANDS = re.compile(r"(?<![\d.,])(?<!\d )(\d{1,3})((?: \d{3})+)(?! ?\d)")
_NUMBERS = re.compile(r"\d+|\D+")
_ABBREVIATION = re.compile(r"(?=(?:.*[^\W\d_a-zß-ÿ]){2})[^\W\d_]{2,4}")
_LETTER_WORDS = frozenset("aioàèéóаивкосуя")  # noqa: RUF001 - of Cyrillic, too
"""Letters that are words of their own before another word."""

_SYMBOLS = (
    "Li Ne Na Mg Al Cl Ar Ca Sc Ti Cr Mn Fe Co Ni Cu Zn Ga Ge Br Kr Rb Sr Zr Nb Tc Ru Rh Pd Ag Cd Sn Sb Xe Cs Ba Pr Nd"
    " Pm Gd Tb Dy Tm Yb Lu Hf Ta Re Ir Pt Au Hg Tl Pb Bi Rn Fr Ra Th Pa Np Pu"
)
_ELEMENTS = frozenset(_SYMBOLS.split())
"""Chemical elements of two letters that are no words such as As, In and He, of which any difference counts."""

_LONGEST_IN_FORMULA = 3
"""Letters of a word beside a sign or a letter alone that may be variables or an index, as in ``F = mg``."""

_LONGEST_UNIT = 4
_CASED_UNIT = 3
"""Letters of a word after a number that is taken for a unit, and of one whose case counts, as of mW and MW."""


class Atom(NamedTuple):
    """Number, sign or word of a reading.

    Parameters
    ----------
    key
        Text that it is compared by.
    is_exact
        Whether any difference of it counts; other words may be spelled differently.
    line
        Number of its line among those with something on them, from 0.
    is_unspaced
        Whether it is a character of a script that writes no spaces between words.
    """

    key: str
    is_exact: bool
    line: int
    is_unspaced: bool = False


class _Piece(NamedTuple):
    """Span of a number, a sign or a word."""

    start: int
    end: int
    is_unspaced: bool = False


@dataclass(frozen=True)
class ReadText:
    """A reading of an answer. Struck-out words, drawings and the layout of formulas are left out."""

    text: str

    def atoms(self, printed: PrintedText | None = None) -> list[Atom]:
        """Return the atoms in their order, without those of print that the text copies."""
        copies = [*printed.copies(self._form), *printed.labels(self._form)] if printed else []
        pieces = list(self._pieces(copies))
        lines = [bisect(self._starts, piece.start) - 1 for piece in pieces]
        atoms = []
        for place, piece in enumerate(pieces):
            before = after = ""
            if place and lines[place - 1] == lines[place] and piece.start - pieces[place - 1].end <= 1:
                before = self._read(pieces[place - 1])
            if lines[place : place + 2] == [lines[place]] * 2 and pieces[place + 1].start - piece.end <= 1:
                after = self._read(pieces[place + 1])
            key, is_exact = _compared_as(self._read(piece), before, after, is_unspaced=piece.is_unspaced)
            atoms.append(Atom(key, is_exact, lines[place], piece.is_unspaced))
        return atoms

    @cached_property
    def lines(self) -> list[str]:
        """The lines with something on them, as they were written; where that is not known, as they are compared."""
        written = self.text.splitlines()
        if len(written) == len(self._compared):
            kept = [line.strip() for line, each in zip(written, self._compared, strict=True) if plain(each).text]
            if len(kept) == len(self._starts):
                return kept
        ends = [*self._starts[1:], len(self._form.text)]
        return [self._form.text[start:end].strip() for start, end in zip(self._starts, ends, strict=True)]

    @cached_property
    def _form(self) -> PlainText:
        return plain("\n".join(self._compared))

    @cached_property
    def _compared(self) -> list[str]:
        marked = read_marks(self.text).text.replace(UNREAD, " ")
        marked = _NOT_COMPARED.sub(lambda found: " " + "\n" * found[0].count("\n"), marked)
        lines = (" ".join(line.split()) for line in _LAYOUT.sub(" ", marked).splitlines())
        joined = (_THOUSANDS.sub(lambda found: found[0].replace(" ", ""), line) for line in lines)
        return [with_extents(line, _END_OF_TERM) for line in joined]

    @cached_property
    def _starts(self) -> list[int]:
        """Places at which lines begin; a place at which one ends is among them, unless a space follows."""
        text = self._form.text
        return [place for place in sorted(self._form.lines) if place < len(text) and text[place] != " "]

    def _read(self, piece: _Piece) -> str:
        return self._form.text[piece.start : piece.end]

    def _pieces(self, copies: Iterable[Span]) -> Iterator[_Piece]:
        """Yield the numbers, words and signs in their order."""
        text, passed = self._form.text, bytearray(len(self._form.text))
        bullets = filter(None, (_BULLET.match(text, start) for start in self._starts))
        spans = (found.span() for found in (*bullets, *_AT_WORDS.finditer(text)))
        for start, end in (*copies, *punctuation(text), *spans):
            passed[start:end] = b"\1" * (end - start)
        place = 0
        for word in self._form.words:
            yield from _signs(text, place, word.start, passed)
            if not passed[word.start]:
                for found in _NUMBERS.finditer(text[word.start : word.end]):
                    yield _Piece(word.start + found.start(), word.start + found.end(), word.weight < 1)
            place = word.end
        yield from _signs(text, place, len(text), passed)


def _signs(text: str, start: int, end: int, passed: bytearray) -> Iterator[_Piece]:
    return (_Piece(at, at + 1) for at in range(start, end) if not passed[at] and text[at] != " ")


def _compared_as(raw: str, before: str, after: str, *, is_unspaced: bool) -> tuple[str, bool]:
    """Return the text that a piece is compared by, and whether exactly.

    Parameters
    ----------
    before, after
        Its neighbours in the line, with at most a space between.
    """
    key = raw.casefold()
    if not raw[0].isalpha():
        return ("⋅" if raw == "*" else key), True
    if raw in _ELEMENTS:
        return raw, True
    if key in MEANING_WORDS or key in _FUNCTIONS or key.endswith("n't") or key.startswith("n'"):
        return key, True
    is_after_number = before[-1:].isdigit()
    if (is_after_number or before in {"/", "⋅"}) and len(raw) <= _LONGEST_UNIT and not is_unspaced:
        return (raw if len(raw) <= _CASED_UNIT else key), True
    if len(raw) == 1 and not is_unspaced:
        is_word = key in _LETTER_WORDS and len(after) > 1 and after.isalpha()
        return (key, False) if is_word else (raw, True)
    is_short = len(raw) <= _LONGEST_IN_FORMULA and not is_unspaced
    return key, bool(_ABBREVIATION.fullmatch(raw)) or (is_short and (_is_of_formula(before) or _is_of_formula(after)))


def _is_of_formula(neighbour: str) -> bool:
    """Tell whether a neighbour is a sign, or a letter alone that is no word."""
    if len(neighbour) != 1 or neighbour in "'\"&":
        return False
    return not neighbour.isdigit() and neighbour.casefold() not in _LETTER_WORDS
