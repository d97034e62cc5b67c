"""Escaping of external text for a terminal."""

import unicodedata

_INVISIBLE = frozenset({"Cc", "Cs", "Co", "Cn", "Zl", "Zp"})
_BIDIRECTIONAL = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def printable(text: str) -> str:
    r"""Return the text with control characters and characters of direction escaped, such as ``\x1b``.

    >>> printable("a\x1b[31mb")
    'a\\x1b[31mb'
    """
    return "".join(_written(character) for character in text)


def _written(character: str) -> str:
    if unicodedata.category(character) in _INVISIBLE or character in _BIDIRECTIONAL:
        return character.encode("unicode_escape").decode()
    return character
