"""Disguises: texts that another text may hide: spelled with other signs, encoded, backwards, or letter by letter."""

import base64
import html
import re
import string
from collections.abc import Iterator

from aita.tasks.cues import fold

_LOOKALIKES = str.maketrans(
    "аеіјорсухѕԁһԛԝАВЕНІЈКМОРСТУХЅαορνΑΒΕΖΗΙΚΜΝΟΡΤΥΧᴀʙᴄᴅᴇꜰғɢʜɪᴊᴋʟᴍɴᴏᴘʀꜱᴛᴜᴠᴡʏᴢ",
    "aeijopcyxsdhqwABEHIJKMOPCTYXSaopvABEZHIKMNOPTYXABCDEFFGHIJKLMNOPRSTUVWYZ",
)
"""Cyrillic and Greek letters, and small capitals, by the Latin letters that they look like (Unicode, UTS #39)."""

_SIGNS = "04$@3!57986+|", "oasaeistgbgtl"
_LEET = tuple(str.maketrans(_SIGNS[0] + "1", _SIGNS[1] + one) for one in "il")
"""Digits and signs by the letters that they look like; a 1 looks like two."""

_ROT13 = str.maketrans(string.ascii_lowercase, string.ascii_lowercase[13:] + string.ascii_lowercase[:13])

_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{20,}={0,2}")
_HEXADECIMAL = re.compile(r"(?:[0-9A-Fa-f]{2} ?){10,}")
_LETTERS_AND_SIGNS = re.compile(r"[a-z0-9$@!|+]{3,40}")
_LETTERS = re.compile(r"[^\W\d_]+")
_LONG_WORD = re.compile(r"[^\W\d_]{4,}")
_SPACED = re.compile(r"(?<![^\W_])(?:[^\W\d_][^\w\n]{1,3}|[^\W\d_]_){4,999}[^\W\d_](?![^\W_])")
_LETTER = re.compile(r"[^\W\d_]")
_RUN = re.compile(r"[a-z]{12,999}")

_LONGEST_WORD = 14

_FEWEST_WORDS = 3
"""Fewest words that a run of letters is parted into: many a long word consists of two."""


def disguised(text: str, vocabulary: set[str]) -> Iterator[str]:
    """Yield the texts that a text may hide.

    Parameters
    ----------
    vocabulary
        Folded words that attempts are made of: without some of them, letters are not put in another order.
    """
    plain = text if text.isascii() else text.translate(_LOOKALIKES)
    if plain != text:
        yield plain
    if "&#" in text:
        yield html.unescape(text)
    yield from _decoded(text)
    folded = fold(plain)
    yield from _leet(folded, vocabulary)
    yield from _backwards_or_rotated(folded, vocabulary)
    yield from _joined_and_parted(folded, vocabulary)


def _decoded(text: str) -> Iterator[str]:
    """Yield the parts of a text in base64 or in hexadecimal digits, as far as they are text."""
    for decode, digits in ((_from_base64, _BASE64), (bytes.fromhex, _HEXADECIMAL)):
        for run in digits.findall(text):
            try:
                yield decode(run).decode()
            except ValueError:  # another length, or bytes that are no text
                continue


def _from_base64(run: str) -> bytes:
    digits = run.rstrip("=").replace("-", "+").replace("_", "/")
    return base64.b64decode(digits + "=" * (-len(digits) % 4))


def _leet(folded: str, vocabulary: set[str]) -> Iterator[str]:
    """Yield a text with letters in place of digits and signs, where that makes words of the vocabulary."""
    mixed = (each for each in {*_LETTERS_AND_SIGNS.findall(folded)} if not each.isalpha() and not each.isdigit())
    spelled = {each: word for each in mixed for table in _LEET if (word := each.translate(table)) in vocabulary}
    if spelled:
        yield _LETTERS_AND_SIGNS.sub(lambda match: spelled.get(match[0], match[0]), folded)


def _backwards_or_rotated(folded: str, vocabulary: set[str]) -> Iterator[str]:
    """Yield a text backwards, with each word backwards, and in rot13, where that makes words of the vocabulary."""
    backwards, rotated = folded[::-1], folded.translate(_ROT13)
    if _has_some(backwards, vocabulary):
        yield backwards
        yield _LETTERS.sub(lambda match: match[0][::-1], folded)
    if _has_some(rotated, vocabulary):
        yield rotated


def _has_some(text: str, vocabulary: set[str]) -> bool:
    return len(vocabulary.intersection(_LONG_WORD.findall(text))) > 1


def _joined_and_parted(folded: str, vocabulary: set[str]) -> Iterator[str]:
    """Yield the words of what is written letter by letter, or without spaces between the words."""
    spaced = ("".join(_LETTER.findall(run)) for run in _SPACED.findall(folded))
    for run in (*spaced, *_RUN.findall(folded)):
        words = _words(run, vocabulary)
        if len(words) >= _FEWEST_WORDS:
            yield " ".join(words)


def _words(run: str, vocabulary: set[str]) -> list[str]:
    """Return the words that a run of letters consists of; none if some letters belong to no word."""
    begins = {0: 0}
    for end in range(1, len(run) + 1):
        for begin in range(max(0, end - _LONGEST_WORD), end):
            if begin in begins and end - begin > 1 and run[begin:end] in vocabulary:
                begins[end] = begin
                break
    words, end = [], len(run) if len(run) in begins else 0
    while end > 0:
        words.append(run[begins[end] : end])
        end = begins[end]
    return words[::-1]
