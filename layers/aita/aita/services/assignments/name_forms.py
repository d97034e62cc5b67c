"""Forms of a name in which it is compared: as it is written in lists, on folders and in the names of an LMS's files."""

import re
import unicodedata

from aita.services.assignments.person_names import first_name_first

_ACCENTS = 200
"""Lowest combining class of accents. Marks of lower classes, such as vowel signs and dakuten, distinguish names."""

_LETTERS = str.maketrans(
    {
        "ł": "l",
        "đ": "d",
        "ð": "d",
        "ø": "o",
        "æ": "ae",
        "œ": "oe",
        "þ": "th",
        "\u0131": "i",
        "ħ": "h",
        "ŧ": "t",
        "ŀ": "l",
    }
)
"""Letters that Unicode does not take apart, as people write them without such keys."""

_SPELLED_OUT = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "å": "aa", "ø": "oe"})
"""Letters as German and the Nordic languages spell them out."""

_APOSTROPHES = re.compile(r"(?<=\w)['\u2019\u2018\u02bc`\u00b4](?=\w)")
"""Apostrophes within a name, which others leave out: O'Brien, OBrien."""

_DATE = re.compile(r"\b\d{4}([-_.])\d{1,2}\1\d{1,2}\b|\b\d{1,2}([-_./])\d{1,2}\2\d{2,4}\b")
_BRACKETS = re.compile(r"[(\[{]\s*\d{0,3}\s*[)\]}]")
"""Brackets around nothing, or the number of a copy. A longer number, or a name, may be another student's."""

_PAPER = re.compile(
    r"""(?xi)(?<!\w)
    (\d{1,3}[ ]pages?|late|resubmi(t|ssion|tted)|copy|final|version|scan|scanned|attempt|nachgereicht|versp(ä|ae)tet
    |(v|pages?|exam|midterm|quiz|test|homework|hw|assignment|klausur|(ü|ue)bung|blatt|examen|devoir|examination)(?=[\s_-]*\d))
    [\s_-]*\d{0,3}(?!\w)"""
)
"""Words of the paper, and not of a person; those that are somebody's name only with a number behind them."""


def fold(name: str) -> str:
    """Return a name without case, accents, punctuation and repeated spaces, and with digits 0 to 9, for comparison."""
    decomposed = with_plain_digits(unicodedata.normalize("NFKD", name).casefold().translate(_LETTERS))
    kept = (c if _is_word_character(c) else " " for c in decomposed if unicodedata.combining(c) < _ACCENTS)
    return " ".join("".join(kept).split())


def has_other_accents(name: str, other: str) -> bool:
    """Return whether a word of two names has an accent in both, and not the same ones, as in ``Văn`` and ``Vân``.

    Accents that only one of them has were left out by its writer.
    """
    accents, others = _accents_of_words(name), _accents_of_words(other)
    return any(accents[word] & others[word] == set() for word in accents.keys() & others.keys())


def _accents_of_words(name: str) -> dict[str, set[str]]:
    """Return the spellings of a name's words that have accents, by the folded words."""
    found: dict[str, set[str]] = {}
    for word in re.findall(r"[^\W_]+", unicodedata.normalize("NFC", name).casefold()):
        if any(unicodedata.combining(character) >= _ACCENTS for character in unicodedata.normalize("NFD", word)):
            found.setdefault(fold(word), set()).add(word)
    return found


def name_forms(name: str) -> set[str]:
    """Return the forms of a name, without those of no letter or digit.

    They are as it stands and with the first name first, each also with umlauts spelled out and with apostrophes left
    out; a name in East Asian letters has both orders of its parts.
    """
    plain = unicodedata.normalize("NFC", name)
    spelled = {plain, plain.casefold().translate(_SPELLED_OUT)}
    spelled |= {_APOSTROPHES.sub("", each) for each in spelled}
    forms = {form for each in spelled for form in (fold(each), fold(first_name_first(each)))} - {""}
    return forms | {" ".join(reversed(form.split())) for form in forms if _is_east_asian(form)}


def with_plain_digits(text: str) -> str:
    """Return a text in which the digits of any script, such as Arabic-Indic, are 0 to 9."""
    return "".join(str(unicodedata.decimal(each)) if each.isdecimal() else each for each in text)


def written_forms(name: str) -> set[str]:
    """Return the forms of a name in which its accents and its spelling of umlauts are as written."""
    plain = unicodedata.normalize("NFC", name)
    return {" ".join(re.findall(r"[^\W_]+", form.casefold())) for form in (plain, first_name_first(plain))} - {""}


def plain_form(name: str) -> str:
    """Return a name folded, without its apostrophes."""
    return fold(_APOSTROPHES.sub("", name))


def joined_forms(name: str) -> set[str]:
    """Return the forms of a name without spaces, in both orders of first and last name: ``leeann`` and ``annlee``.

    Where the one ends and the other begins is not known of several words: ``delacruznguyenvan`` is of Nguyen Van de la
    Cruz.
    """
    names = [form.split() for form in name_forms(name)]
    return {"".join(words[place:] + words[:place]) for words in names for place in range(len(words))}


def is_joined(name: str) -> bool:
    """Return whether a name is written as one word, as in the names of an LMS's files, or in East Asian letters."""
    folded = fold(name)
    return " " not in folded or _is_east_asian(folded)


def of_person(folder: str) -> str:
    """Return a folder's name without dates and words of the paper, as in ``Exam 1`` and ``(late)``.

    It is unchanged if nothing else is left.
    """
    left = _BRACKETS.sub(" ", _PAPER.sub(" ", _DATE.sub(" ", folder.replace("_", " "))))
    left = left.strip(" -_.,;")
    return re.sub(r"\s+-+\s+|\s{2,}", " ", left) if fold(left) else folder


def _is_east_asian(folded: str) -> bool:
    letters = [character for character in folded if character.isalpha()]
    scripts = ("CJK", "HANGUL", "HIRAGANA", "KATAKANA")
    return bool(letters) and all(unicodedata.name(each, "").startswith(scripts) for each in letters)


def _is_word_character(character: str) -> bool:
    return character.isalnum() or unicodedata.category(character).startswith("M")
