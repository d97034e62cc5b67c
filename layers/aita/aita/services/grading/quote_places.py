"""Places of quotes in an answer's text, for a person who looks for them there.

Whether a quote counts as evidence is decided elsewhere (``tasks.quotes``): a quote in another notation than the
answer's may count, and have no place.
"""

import re
import unicodedata
from collections.abc import Iterator
from itertools import accumulate

from aita.models.answer_view import TextPlace

_ELISION = re.compile(r"\[\.{3,}\]|\(\.{3,}\)|\.{3,}|…")
_OUTER = " \t\n\"'«».,;:"
_TYPED = str.maketrans("‘’“”–—−", "''\"\"---")  # noqa: RUF001 - the very signs
_DECIMALS = re.compile(r"[.,]\d")
_ONE_UNIT = 0xFFFF
"""Last character that is one unit of UTF-16."""


class MarkedAnswer:
    """An answer's text in which quotes are looked for, whatever their white space, case and Unicode form.

    A quote has whole numbers and words: x = 1 has no place in x = 12.
    """

    def __init__(self, text: str) -> None:
        self._written = text
        folded = [(each, place) for place, character in enumerate(text) for each in _folded(character)]
        self._text = "".join(each for each, _ in folded)
        self._places = [place for _, place in folded]
        self._units = [0, *accumulate(2 if ord(character) > _ONE_UNIT else 1 for character in text)]

    def places(self, quote: str) -> tuple[TextPlace, ...]:
        """Return the place of each passage between a quote's elisions; none if one of them is not there in order."""
        found, begin = [], 0
        for passage in _passages(quote):
            start = self._text.find(passage, begin)
            while start >= 0 and not self._is_whole(*self._span(start, passage)):
                start = self._text.find(passage, start + 1)
            if start < 0:
                return ()
            begin = start + len(passage)
            first, last = self._span(start, passage)
            found.append((self._units[first], self._units[last]))
        return tuple(found)

    def _span(self, start: int, passage: str) -> tuple[int, int]:
        return self._places[start], self._places[start + len(passage) - 1] + 1

    def _is_whole(self, start: int, end: int) -> bool:
        before, after = self._written[max(start - 2, 0) : start], self._written[end : end + 2]
        first, last = self._written[start], self._written[end - 1]
        return not (
            (before and _is_of_word(before[-1]) and _is_of_word(first))
            or (after and _is_of_word(last) and _is_of_word(after[0]))
            or (first.isdecimal() and _DECIMALS.fullmatch(before[::-1]))
            or (last.isdecimal() and _DECIMALS.fullmatch(after))
        )


def _passages(quote: str) -> Iterator[str]:
    for passage in _ELISION.split(quote):
        if folded := "".join(
            each for character in passage.translate(_TYPED).strip(_OUTER) for each in _folded(character)
        ):
            yield folded


def _is_of_word(character: str) -> bool:
    """Return whether a character is a digit, or a letter of a script with case, which all put spaces between words."""
    return character.isdecimal() or character.lower() != character.upper()


def _folded(character: str) -> str:
    """Return a character as it is compared; decomposed, as accents may be characters of their own."""
    return "".join(unicodedata.normalize("NFKD", character.translate(_TYPED)).casefold().split())
