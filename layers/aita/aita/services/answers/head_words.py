"""Words of page heads: names, dates and numbers, which are no content of an answer by themselves.

Names are known by digests of their words, as no file of a run has a student's name.
"""

import hashlib
import re
import unicodedata
from collections.abc import Collection

_TOKEN = re.compile(r"[^\W_]+")
_NUMBER = re.compile(r"\d+(st|nd|rd|th)?")
_SIGN = re.compile(r"[=+*\u00d7\u00b7\u00f7^\u221a<>\u2264\u2265\u2248]")
_FIELDS = frozenset({"name", "date"})
_MONTH = re.compile(
    "jan(uary)?|feb(ruary)?|mar(ch)?|apr(il)?|may|june?|july?|aug(ust)?|sept?(ember)?|oct(ober)?|nov(ember)?|dec(ember)?"
)


class HeadWords:
    """Words that a head may have, beside those of the students' names.

    Parameters
    ----------
    names
        Digests of the words of the class's names, as ``name_digests`` returns them.
    """

    def __init__(self, names: Collection[str]) -> None:
        self._names = names

    def content(self, text: str) -> int:
        """Return the number of a text's words that are no name, date or number, and of its signs of calculation."""
        return sum(not self._may_be_head(token) for token in _tokens(text)) + len(_SIGN.findall(text))

    def are_all(self, text: str) -> bool:
        """Return whether a text is names, dates and numbers alone; ``False`` if it has no word and no number."""
        return bool(_tokens(text)) and not self.content(text)

    def are_a_name(self, text: str) -> bool:
        """Return whether a text is a name of the class, with nothing beside it but dates and numbers."""
        return self.are_all(text) and any(_digest(token) in self._names for token in _tokens(text))

    def _may_be_head(self, token: str) -> bool:
        known = token in _FIELDS or any(each.fullmatch(token) for each in (_NUMBER, _MONTH))
        return known or _digest(token) in self._names


def name_digests(*names: str) -> tuple[str, ...]:
    """Return the digests of the names' words, in any case and with or without accents."""
    return tuple(sorted({_digest(token) for name in names for token in _tokens(name)}))


def _tokens(text: str) -> list[str]:
    decomposed = unicodedata.normalize("NFKD", text).casefold()
    return _TOKEN.findall("".join(c for c in decomposed if not unicodedata.combining(c)))


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()[:16]
