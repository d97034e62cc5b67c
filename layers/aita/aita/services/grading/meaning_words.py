"""Words that turn a sentence's meaning around, of which no difference is one of spelling."""

from collections.abc import Iterable

_WORDS = (
    "no not none nor never neither without cannot yes or all few up max min true false",
    "nicht nichts kein keine keinen keinem keiner keines nie niemals ohne weder nein ja oder nur",
    "ne pas non ni sans aucun aucune jamais oui ou",
    "sin nunca jamás ningún ninguno ninguna sí né senza mai não sem nem nenhum nenhuma",
    "niet geen nooit zonder nee inte icke ikke ikkje aldrig aldri ingen utan uten ei nem",
    "nie bez nigdy není не ні ни нет без никогда нельзя değil yok tidak bukan tanpa không δεν μη",
    "لا ليس لم لن غير नहीं न मत 不 没 沒 無 无 非 未 否 않 안 못",
)
MEANING_WORDS = frozenset(" ".join(_WORDS).split())
"""Negations of many languages, and short words for yes, for a choice, for an amount and for a direction."""

_PREFIXES = " un in im il ir non dis de anti a mis ab contra hyper hypo endo exo inter intra over under pre post macro"
_BEGINNINGS = (*_PREFIXES.split(" "), "micro", "не", "без")
_SHORTEST_STEM = 3


def has_opposites(words: Iterable[str], others: Iterable[str]) -> bool:
    """Tell whether words in folded case differ from others by a prefix alone, as "stable" and "unstable" do."""
    beginnings, its = _by_stem(words), _by_stem(others)
    return any(beginnings[stem] != its[stem] for stem in beginnings.keys() & its.keys())


def _by_stem(words: Iterable[str]) -> dict[str, set[str]]:
    """Return the beginnings that words have before each stem."""
    found: dict[str, set[str]] = {}
    for word in words:
        for begin in _BEGINNINGS:
            if word.startswith(begin) and len(word) - len(begin) >= _SHORTEST_STEM:
                found.setdefault(word[len(begin) :], set()).add(begin)
    return found
