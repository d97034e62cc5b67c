"""Normal forms of answers: two answers say the same if theirs are equal.

Quotes are found by a form in which a formula may be written in any way (``tasks.notation``). Here one point of doubt is
enough to tell two answers apart: an equality that is missed costs a decision, and one that is none gives a wrong grade.
"""

import re
import unicodedata

from aita.tasks.plain_text import plain
from aita.tasks.transcription_marks import DRAWN, UNREAD, read_marks

_FRACTION, _ROOT, _DOLLAR, _UNEQUAL, _ABOVE, _APART, _ENTITY = map(chr, range(0xE010, 0xE017))
"""Characters of the private use area that stand for signs which a quote's form merges with others."""

_VULGAR = re.compile("[\u00bc-\u00be\u2150-\u215e\u2189]")
_DIGITS_OF_FRACTION = re.compile(r"\\[dt]?frac ?(\d) ?(\d)")
_ITEM = r"\{((?:[^{}]|\{(?:[^{}]|\{[^{}]{0,100}\}){0,200}\}){0,400})\}"
_LATEX_FRACTION = re.compile(rf"\\[dt]?frac ?{_ITEM} ?{_ITEM}")
_LATEX_ROOT = re.compile(rf"\\sqrt ?(\[[^\[\]\n]{{1,10}}\])? ?(?:{_ITEM}|([^\W_])(?![^\W_]))")
_NAMED_ROOT = re.compile(r"(?:(?<![^\W\d_\\])\\?sqrt|√) {0,2}\(([\w.]{1,40})\)")
_PRODUCT = re.compile(r"[^\W_]+(?:\.\d+)?")
_ATOM = re.compile(r"\d+(?:\.\d+)?|[^\W\d_]|\\[A-Za-z]{2,20}")
_AT_FACTOR = re.compile(r"(?:[^\W\d_]|[)\]}'!°%]|[/^_√∛∜]\s*)$")
_LEFT = re.compile(r"\\([dt]?frac)(?![A-Za-z])|\\sqrt(?![A-Za-z])")
_ROOTS = {"": "√", "2": "√", "3": "∛", "4": "∜"}
_NEAR = 20
_BEFORE_FACTOR = re.compile(r"\s*(?:[\w(\[{√∛∜^_'!°/]|\\[A-Za-z{])")

_MONEY = re.compile(r"\\\$|(?P<pair>\$\$[^$]+\$\$|\$(?=\S)[^$\n]*(?<=[^\s$])\$(?!\d)|\$ [^$\n]+ \$)|\$")
_NOT_EQUAL = re.compile(r"≠|=/=|\\neq?(?![A-Za-z])|(?<=\s)!=(?!=)")
_UNIT = r"(?:[kcm]?m|k?g|[kM]?N|k?J|[kMm]?W|mol|rad|C)"
_SUM_AFTER_POWER = re.compile(r"(\^ ?\d)([+-]) (?=[\w(\\])")
"""Sum such as ``A^2+ b``, which is no charge as in ``Fe^3+``."""

_PER_UNIT = re.compile(rf"(\d ?{_UNIT})?( ?/ ?(?:[cdkmnµμ]?m|s))(?= ?\^|[²³])")
_SIGN = r"[+\-‐‑‒–—−±∓]"  # noqa: RUF001 - the very signs
_NEW_TERM = re.compile(rf"(?<=\d) (?={_SIGN}\d)|(?<=[\w)\]}}!%°]) *\n\s*(?={_SIGN} ?[\w(.\\√])|(?<=\d) *\n\s*(?=\()")
"""Beginnings of a number of its own, as in ``2 -3`` and in lines below each other, which are no difference."""

_NAMED_CHARACTER = re.compile(r"&(?=#?\w{2,8};)")
"""Beginning of an entity of HTML, which may be the answer: ``&lt;`` is not ``<``."""

_INDENTED = 2
"""Spaces from which on a line is indented, as in a program."""

_END = re.compile(r"(?<!\.)\.$")
_TRAILING_ZEROS = re.compile(r"(?<![\d.])(\d+)(?:\.0+|(\.\d*?[1-9])0+)(?!\d|\.\d)")
_THOUSANDS = re.compile(r"[1-9]\d{0,2}\.\d{3}")
_NUMBERED = re.compile(r"(?:[^\W\d_]{2} |[^\W\d_]|§ ?)$")


def normal_form(text: str) -> str:
    """Return an answer's text as others may write it: without differences of Unicode, white space, LaTeX and numbers.

    Struck-out words are no part of it. A text with a drawing, with words that were not read, or of which it is unknown
    how much is struck out has none, as it does not tell all that stands there.
    """
    marked = read_marks(_NAMED_CHARACTER.sub(_ENTITY, text))
    kept = marked.kept
    if not marked.whole or UNREAD in kept or DRAWN in kept:
        return ""
    kept = unicodedata.normalize("NFC", kept)
    lines = [line for line in kept.expandtabs(4).splitlines() if line.strip()]
    indents = [len(line) - len(line.lstrip(" ")) for line in lines]
    if max(indents, default=0) - min(indents, default=0) < _INDENTED:
        return _form(kept)
    depths = sorted({*indents})  # a program's, whose lines do other things at another depth
    return "\n".join(f"{depths.index(indent)} {_form(line)}" for indent, line in zip(indents, lines, strict=True))


def _form(text: str) -> str:
    form = _END.sub("", plain(_told_apart(text)).text.strip())
    return _TRAILING_ZEROS.sub(_without_zeros, form).strip()


def _without_zeros(found: re.Match[str]) -> str:
    """Return a number without its trailing zeros, unless it may be a thousand (1.500) or a numbered thing (§ 3.10)."""
    is_numbered = found[2] and _NUMBERED.search(found.string[max(found.start() - _NEAR, 0) : found.start()])
    if is_numbered or _THOUSANDS.fullmatch(found[0]):
        return found[0]
    return found[1] + (found[2] or "")


def _told_apart(text: str) -> str:
    """Return a text with signs of their own for whatever a quote's form merges."""
    text = _MONEY.sub(lambda found: found[0] if found["pair"] else _DOLLAR, text)
    text = _NOT_EQUAL.sub(_UNEQUAL, text)
    text = re.sub("<-(?= )", "←", text)  # an assignment: x <- 1 is not x < -1
    text = _SUM_AFTER_POWER.sub(r"\1 \2 ", text)
    text = _PER_UNIT.sub(lambda found: found[0] if found[1] else f"{found[0]}{_ABOVE}", text)
    text = _NEW_TERM.sub(lambda found: f"{_APART}\n" if "\n" in found[0] else _APART, text)
    text = _VULGAR.sub(_vulgar, text)
    text = _LATEX_ROOT.sub(_root, _LATEX_FRACTION.sub(_fraction, _DIGITS_OF_FRACTION.sub(r"\\frac{\1}{\2}", text)))
    text = _NAMED_ROOT.sub(_named_root, text)
    return _LEFT.sub(lambda found: _FRACTION if found[1] else _ROOT, text)


def _vulgar(found: re.Match[str]) -> str:
    upper, _, lower = unicodedata.normalize("NFKC", found[0]).partition("\u2044")
    return rf"\frac{{{upper}}}{{{lower}}}"


def _fraction(found: re.Match[str]) -> str:
    """Return a fraction with a stroke if nobody can take what stands beside it for a part of it, else with its ends."""
    upper, lower = found[1].strip(), found[2].strip()
    if (_PRODUCT.fullmatch(upper) or _ATOM.fullmatch(upper)) and _ATOM.fullmatch(lower) and not _has_factor(found):
        is_mixed = found.string[: found.start()][-1:].isdigit()
        return f"{' ' if is_mixed else ''}{upper}/{lower}"
    return f"{_FRACTION}{{{_LATEX_FRACTION.sub(_fraction, upper)}}}{{{_LATEX_FRACTION.sub(_fraction, lower)}}}"


def _root(found: re.Match[str]) -> str:
    index, item = (found[1] or "")[1:-1].strip(), (found[2] or found[3] or "").strip()
    if index in _ROOTS and _ATOM.fullmatch(item) and not _BEFORE_FACTOR.match(found.string, found.end()):
        return _ROOTS[index] + item
    return f"{_ROOT}[{index}]{{{_LATEX_ROOT.sub(_root, item)}}}"


def _named_root(found: re.Match[str]) -> str:
    if _ATOM.fullmatch(found[1]) and not _BEFORE_FACTOR.match(found.string, found.end()):
        return f"√{found[1]}"
    return f"{_ROOT}[]{{{found[1]}}}"


def _has_factor(found: re.Match[str]) -> bool:
    """Return whether something stands beside a fraction that its numerator or denominator may take in."""
    before = found.string[max(found.start() - _NEAR, 0) : found.start()]
    return bool(_AT_FACTOR.search(before) or _BEFORE_FACTOR.match(found.string, found.end()))
