"""Encoding of a roster that says none: the one in which its text looks like people's names.

Rosters are short, and their letters beyond ASCII are names, so that detectors made for prose go wrong on them (a Polish
and a Macintosh roster of one line were read as Chinese and Czech by a published one).
"""

import codecs
import re
import unicodedata
from dataclasses import dataclass

_UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
"""Byte order marks of UTF-16 (The Unicode Standard, chapter 23)."""

_SINGLE = ("Windows-1252", "Mac Roman", "Windows-1250", "Windows-1251")
"""Encodings of one byte a letter, the most frequent first, which counts if two read a roster alike well."""

_COMMON = {
    "Shift-JIS": ("cp932", (0x88, 0x97)),
    "GBK": ("gbk", (0xB0, 0xD7)),
    "Big5": ("big5", (0xA4, 0xC6)),
    "EUC-KR": ("cp949", (0xB0, 0xC8)),
}
"""Encodings of two bytes a letter: Python's name, and the first bytes of the letters that are in daily use (level 1 of
JIS X 0208, GB 2312 and Big5, and the syllables of KS X 1001)."""

_CODECS = {name: name.lower().replace("windows-", "cp").replace(" ", "_") for name in _SINGLE}
_CODECS |= {name: codec for name, (codec, _) in _COMMON.items()}

_MIXED, _SYMBOL, _UNUSUAL, _RARE = 10, 3, 2, 2
_MOST_UNLIKE = 2.0
"""Oddness, for each byte, from which on a text is no names."""

_MOST_FOREIGN = 0.6
"""Most of a word's letters that have accents, in a word of Latin letters."""

_LONG = 3
"""Least letters of a word, and least bytes of a file, that tell something by their shares."""

_SURE = 9
"""Least number of syllables that tells Korean from Chinese: half of the usual surnames of the latter are none."""

_WORD = re.compile(r"[^\W\d_]+")
_BETWEEN = frozenset("\u00b7\u2013\u2014\u3000\u00a0\u30fb")
"""Characters beyond ASCII between names that are no letters: dots, dashes and spaces."""

_APOSTROPHE = re.compile(r"(?<=[^\W\d_])[\u2018\u2019](?=[^\W\d_])")


@dataclass(frozen=True, slots=True)
class Decoded:
    """Text of a roster. ``guessed`` is the encoding that nothing in the file told, or empty."""

    text: str
    guessed: str = ""


class EncodingError(ValueError):
    """A roster's encoding can't be told; ``line`` is where."""

    def __init__(self, problem: str, line: int = 1) -> None:
        super().__init__(problem)
        self.line = line


def decode(data: bytes) -> Decoded:
    """Return the text of a roster.

    A byte order mark gives the encoding. Without one, the file is UTF-8 if it is valid UTF-8; UTF-16 if every second
    byte of its first line is NUL; else the encoding in which the letters beyond ASCII look most like names.

    Raises
    ------
    EncodingError
        If no encoding fits, or two fit equally well and give different names.
    """
    if encoding := _utf_16(data):
        try:
            return Decoded(data.decode(encoding).removeprefix("\ufeff"))
        except UnicodeDecodeError as error:
            raise EncodingError("it is not UTF-16", data.count(b"\n", 0, error.start) + 1) from None
    try:
        return Decoded(data.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
    found = [(_unlikeliness(text, name), name, text) for name in _CODECS if (text := _decoded(data, name)) is not None]
    least = min(found)[0] if found else _MOST_UNLIKE
    if least >= _MOST_UNLIKE:
        raise EncodingError("it is not UTF-8, nor in another encoding in which it looks like names", line)
    best = [(name, text) for score, name, text in found if score == least]
    single = [(name, text) for name, text in best if name in _SINGLE]
    if not single and len({text for _, text in best}) > 1:
        best = [(name, text) for name, text in best if name == "EUC-KR" and _beyond_ascii(text) >= _SURE] or best
        if len(best) > 1:
            raise EncodingError(f"it is not UTF-8, and may be {' or '.join(name for name, _ in best)}", line)
    name, text = (single or best)[0]
    return Decoded(text, guessed=name)


def _utf_16(data: bytes) -> str:
    """Return the name of a file's UTF-16; empty if it is in none."""
    if data.startswith(_UTF_16):
        return "utf-16"
    first = data[:64]
    if len(first) > _LONG and not any(first[1::2]) and all(first[::2]):
        return "utf-16-le"
    if len(first) > _LONG and not any(first[::2]) and all(first[1::2]):
        return "utf-16-be"
    return ""


def _decoded(data: bytes, name: str) -> str | None:
    try:
        return data.decode(_CODECS[name])
    except UnicodeDecodeError:
        return None


def _beyond_ascii(text: str) -> int:
    return sum(not character.isascii() for character in text)


def _unlikeliness(text: str, encoding: str) -> float:
    """Return how unlike names the letters beyond ASCII are, for each of their bytes; 0 is as names are."""
    width = 2 if encoding in _COMMON else 1
    oddness = sum(_oddness(character, encoding) for character in _APOSTROPHE.sub("", text) if not character.isascii())
    oddness += sum(_odd_word(word) for word in _WORD.findall(text) if not word.isascii())
    return oddness / max(1, _beyond_ascii(text)) / width


def _oddness(character: str, encoding: str) -> int:
    if character in _BETWEEN:
        return 0
    if not unicodedata.category(character).startswith(("L", "M")):
        return _SYMBOL
    if encoding not in _COMMON:
        return 0
    codec, (first, last) = _COMMON[encoding]
    encoded = character.encode(codec)
    is_kana = unicodedata.name(character, "").startswith(("HIRAGANA", "KATAKANA"))
    return 0 if len(encoded) > 1 and (is_kana or first <= encoded[0] <= last) else _RARE


def _odd_word(word: str) -> int:
    """Return the oddness of a word's letters together: mixed scripts, capitals within, or hardly a letter of A to Z."""
    foreign = sum(not character.isascii() for character in word)
    scripts = {_script(character) for character in word}
    if len(scripts) > 1:
        return _MIXED * foreign
    capitals = 0 if word.isupper() else sum(letter.isupper() and not letter.isascii() for letter in word[1:])
    is_latin = scripts == {"LATIN"}
    hardly_latin = is_latin and len(word) >= _LONG and foreign > _MOST_FOREIGN * len(word)
    return _UNUSUAL * capitals + (foreign if hardly_latin else 0)


def _script(character: str) -> str:
    """Return the script of a letter by the first word of its name; the East Asian ones count as one."""
    script = unicodedata.name(character, "").partition(" ")[0]
    return "CJK" if script in {"CJK", "HANGUL", "HIRAGANA", "KATAKANA", "FULLWIDTH"} else script
