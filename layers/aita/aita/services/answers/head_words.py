"""Words of page heads: names, dates and numbers, which are no content of an answer by themselves.

Names are known by salted digests of their words.
"""

import re
from collections.abc import Collection

from aita.services.answers.name_digests import folded_words, name_digest

_NUMBER = re.compile(r"\d+(st|nd|rd|th)?")
_SIGN = re.compile(r"[=+*\u00d7\u00b7\u00f7^\u221a<>\u2264\u2265\u2248]")
_DIGITS = re.compile(r"\d+")
_ADDRESS = re.compile(r"\w@\w")
_FIELDS = frozenset({"name", "date"})
_MONTH = re.compile(
    "jan(uary)?|feb(ruary)?|mar(ch)?|apr(il)?|may|june?|july?|aug(ust)?|sept?(ember)?|oct(ober)?|nov(ember)?|dec(ember)?"
)


def name_words(text: str) -> frozenset[str]:
    """Return the words of a head that may be a name's: they have two letters at least, and no digit."""
    return frozenset(word for word in folded_words(text) if len(word) > 1 and word.isalpha() and not _is_known(word))


class HeadWords:
    """Words that a head may have, beside those of the students' names.

    Parameters
    ----------
    salt
        Random text in each digest.
    names
        Digests of the words of the class's names.
    """

    def __init__(self, salt: str, names: Collection[str]) -> None:
        self._salt = salt
        self._names = names

    def content(self, text: str) -> int:
        """Return the number of a text's words that are no name, date or number, and of its signs of calculation."""
        return sum(not self._may_be_head(word) for word in folded_words(text)) + len(_SIGN.findall(text))

    def are_all(self, text: str) -> bool:
        """Return whether a text is names, dates and numbers alone; ``False`` if it has no word and no number."""
        return bool(folded_words(text)) and not self.content(text)

    def are_a_name(self, text: str) -> bool:
        """Return whether a text is a name of the class, with nothing beside it but dates and numbers."""
        return self.are_all(text) and any(map(self._is_name, folded_words(text)))

    def tell_a_person(self, text: str) -> bool:
        """Return whether a text has a name or a number of the class, alone or within a word, or a mail address."""
        return bool(_ADDRESS.search(text)) or any(map(self._is_name, (*folded_words(text), *_DIGITS.findall(text))))

    def _may_be_head(self, word: str) -> bool:
        return _is_known(word) or self._is_name(word)

    def _is_name(self, word: str) -> bool:
        return name_digest(self._salt, word) in self._names


def _is_known(word: str) -> bool:
    """Return whether a word is a field's, a number or a month."""
    return word in _FIELDS or any(each.fullmatch(word) for each in (_NUMBER, _MONTH))
