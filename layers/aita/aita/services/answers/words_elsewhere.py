"""Words that an answer goes on elsewhere, such as ``see back``, ``-> next page`` or ``siehe Rückseite``.

They count where nothing else of the answer was found: graded alone, they are a wrong answer. A place alone, such as
"the back", may be an answer, so it needs a verb, an arrow or brackets.
"""

import re

_OWN = r"next\s+(?:page|sheet)|overleaf|p\.?\s?t\.?\s?o\b\.?|please\s+turn\s+over|bitte\s+wenden|t\.s\.v\.p\.?"
_BACK = (
    r"back(?:\s*side)?|reverse|other\s+side|last\s+page|(?:extra|additional|separate)\s+(?:sheet|page|paper)"
    r"|rückseite|(?:nächste|letzte|andere)[nr]?\s+seite|(?:zusatz|extra|bei)blatt|verso|dos|page\s+suivante"
    r"|feuille\s+(?:suivante|annexe|supplémentaire)|reverso|dorso|atrás|(?:página|hoja)\s+(?:siguiente|adicional)"
    r"|retro|pagina\s+(?:seguente|successiva)|achterkant|ommezijde|背面|反面|裏面|뒷면"
)
_NUMBERED = r"(?:page|p\.?|seite|s\.|página|pág\.?|pagina)\s*\d+"
_VERB = (
    r"(?:please\s+)?(?:see|turn\s+to|go(?:es)?\s+on|continue[sd]?|cont\.|cont['\u2019]?d|siehe|s\.|weiter\w*|forts(?:etzung|\.)"
    r"|suite|voir|ver|sigue|continúa|vedi|segue|zie)(?![^\W_])[\s:]*"
)
_SMALL = r"(?:[^\W\d_]{1,4}\s+){0,3}"
_ARROW = r"(?:[-=]+>|[→⇒➔➜*])\s*"
_WORDS = re.compile(
    rf"\W*(?:(?:{_ARROW})?(?:{_OWN})"
    rf"|(?:{_ARROW}(?:{_VERB})?|{_VERB}){_SMALL}(?:{_OWN}|{_BACK}|{_NUMBERED}))\W*",
    re.IGNORECASE,
)
_IN_BRACKETS = re.compile(rf"[(\[]\s*(?:{_VERB})?{_SMALL}(?:{_OWN}|{_BACK})\W*$", re.IGNORECASE)


def goes_on_elsewhere(text: str) -> bool:
    """Return whether a line of an answer says that it goes on elsewhere, and nothing else, or ends so in brackets."""
    return any(_WORDS.fullmatch(line) or _IN_BRACKETS.search(line) for line in text.split("\n"))
