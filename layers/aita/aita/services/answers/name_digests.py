"""Salted digests of names: no file of a run has a student's name."""

import hashlib
import re
import unicodedata
from collections.abc import Iterable

_WORD = re.compile(r"[^\W_]+")


def name_digest(salt: str, name: str) -> str:
    """Return the digest of a name, of a word in one, or of a student's number."""
    return hashlib.sha256(f"{salt}\0{name}".encode()).hexdigest()[:16]


def word_digests(salt: str, names: Iterable[str]) -> frozenset[str]:
    """Return the digests of the names' words."""
    return frozenset(name_digest(salt, word) for name in names for word in folded_words(name))


def folded_words(text: str) -> list[str]:
    """Return a text's words and numbers, without case, accents and punctuation."""
    decomposed = unicodedata.normalize("NFKD", text).casefold()
    return _WORD.findall("".join(c for c in decomposed if not unicodedata.combining(c)))
