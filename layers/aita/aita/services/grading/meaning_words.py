"""Words that turn a sentence's meaning around, of which no difference is one of spelling."""

from collections.abc import Iterable, Mapping

_WORDS = (
    "no not none nor never neither without cannot yes or all few up max min true false",
    "nothing nobody nowhere only except unless less more most least iff down off",
    "isnt arent wasnt werent dont doesnt didnt wont cant couldnt shouldnt wouldnt hasnt havent hadnt",
    "nicht nichts kein keine keinen keinem keiner keines keins keinerlei nie niemals niemand ohne weder",
    "nein ja oder nur",
    "ne pas non ni sans aucun aucune jamais rien nul nulle oui ou plus moins",
    "sin nunca jamás nada nadie ningún ninguno ninguna más menos sí",
    "né senza mai niente nulla nessun nessuno nessuna più meno não sem nem ninguém nenhum nenhuma mais",
    "niet niets niemand nergens geen nooit zonder nee inte inget ingenting icke ikke ikkje aldrig aldri ingen utan",
    "uten ei nem sem nie bez nigdy nikt nic żaden żadna żadne není nikdo žádný žádná žádné nu",
    "не ні ни нет без никогда никто ничего никакой никакая нельзя değil yok",
    "tidak bukan tanpa không δεν μη না",
    "لا ليس لم لن غير नहीं न मत 不 没 沒 無 无 非 未 否 않 안 못",
)
_NUMBERS = (
    "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen",
    "eighteen nineteen twenty thirty forty fifty sixty seventy eighty ninety million billion",
    "first second third half double",
    "eins zwei drei vier fünf sechs sieben acht neun zehn elf zwölf",
    "deux trois quatre cinq six sept huit neuf dix onze douze",
    "dos tres cuatro cinco seis siete ocho nueve diez due tre quattro cinque sei sette otto nove dieci",
    "一 二 三 四 五 六 七 八 九 十 百 千 万 萬 億 亿",
)
_OF_UNSPACED = "大 小 左 右 上 下 正 负 負 阴 陰 阳 陽 多 少 增 減 减"

MEANING_WORDS = frozenset(" ".join((*_WORDS, *_NUMBERS, _OF_UNSPACED)).split())
"""Negations of many languages, numbers, and short words for yes, for a choice, for an amount and for a direction."""

_PREFIXES = (
    " un in im il ir non dis de anti a an mis ab ad contra counter hyper hypo endo exo inter intra extra over under pre"
    " post macro micro nano milli centi kilo mega mono di tri poly uni multi homo hetero ex out up down max min con"
    " para af ef ha pro eu cat ana kat cath kath ne nie zu auf aus ent не без"
)
_BEGINNINGS = tuple(_PREFIXES.split(" "))
_ENDINGS = ("ate", "ite", "ide", "ane", "ene", "yne", "ase", "ose", "less", "ful", "ous", "ic", "fugal", "petal")
"""Endings that name other substances, and opposites: nitrate and nitrite, butane and butene, useful and useless."""

_SHORTEST_STEM = 3


def has_opposites(words: Iterable[str], others: Iterable[str]) -> bool:
    """Tell whether words in folded case differ from others by a prefix or an ending that turns the meaning around.

    "stable" and "unstable" do, and "nitrate" and "nitrite".
    """
    mine, its = list(words), list(others)
    return _differ(_beginnings(mine), _beginnings(its)) or _differ(_endings(mine), _endings(its))


def _differ(affixes: Mapping[str, set[str]], its: Mapping[str, set[str]]) -> bool:
    return any(affixes[stem] != its[stem] for stem in affixes.keys() & its.keys())


def _beginnings(words: Iterable[str]) -> dict[str, set[str]]:
    """Return the beginnings that words have before each stem."""
    found: dict[str, set[str]] = {}
    for word in words:
        for begin in _BEGINNINGS:
            if word.startswith(begin) and len(word) - len(begin) >= _SHORTEST_STEM:
                found.setdefault(word[len(begin) :], set()).add(begin)
    return found


def _endings(words: Iterable[str]) -> dict[str, set[str]]:
    """Return the endings that words have after each stem."""
    found: dict[str, set[str]] = {}
    for word in words:
        for end in _ENDINGS:
            if word.endswith(end) and len(word) - len(end) >= _SHORTEST_STEM:
                found.setdefault(word.removesuffix(end), set()).add(end)
    return found
