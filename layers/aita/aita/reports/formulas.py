r"""Formulas in LaTeX as MathML, which browsers draw without a script.

A formula stands between ``$`` and ``$``, ``$$`` and ``$$``, ``\(`` and ``\)``, or ``\[`` and ``\]``. A single dollar
sign opens and closes one as in Pandoc (extension ``tex_math_dollars``): no space inside of it, no digit behind the
closing one, so that ``$5 and $7`` is money. Spaces are taken with a command, a power or an index between them, and so
are words: ``$5, he paid 3$`` is no formula, which would run its words together.

math-core converts, and never what a student wrote alone decides what a page holds: elements and attributes come from
lists, styles become classes of ``style.css``, colours and spaces that could hide or cover something are left out. What
math-core does not take, or what is too long, is shown as it was written.
"""

import html
import re
import unicodedata
from collections.abc import Callable, Iterator
from functools import lru_cache
from xml.etree import ElementTree

from markupsafe import Markup, escape
from math_core import LatexError, LatexToMathML

LONGEST = 2000
"""Characters of the longest formula that is converted."""

_DEEPEST = 40  # groups, and arguments, within each other
_MOST_OPEN = 8  # brackets at a time: math-core tries twice as often for each further one, for 0.2 s with 24
_WIDEST = 4.0  # em, of a space
_LONGEST_LINE = 64  # signs beside each other: no browser breaks a formula, and a page ends at some 70

_FORMULA = re.compile(
    r"""
    (?<!\\)\$\$(?P<display>(?:[^$\\]|\\.)+)\$\$
    | (?<!\\)\\\[(?P<bracketed>.{1,2000}?)\\\]
    | (?<!\\)\\\((?P<inline>.{1,2000}?)\\\)
    | (?<![\\$])\$(?P<dollars>(?:[^$\\\n]|\\.|\n(?!\s*\n))+)\$(?![0-9$])
    """,
    re.DOTALL | re.VERBOSE,
)
_COMMAND = re.compile(r"\\[A-Za-z]|[\^_]")
_WORD = re.compile(r"[\w,.;:]\s+[^\W\d_]{2,}[,.;:]?\s+\w")
_REFUSED = re.compile(
    r"\\(?:(?:re)?newcommand|providecommand|def|gdef|edef|xdef|let"  # definitions
    r"|mathchoice|newline)(?![A-Za-z])"  # three of four texts, and the end of a line, would disappear
)
_REWRITTEN = re.compile(
    r"""
    \\(?:[cdt]?frac|[dt]?binom|overset|underset|stackrel)\s*\d\s+\d  # arguments
    | [\^_]\s*\d
    | (?P<number>\d)\s+(?=\d)
    | (?P<percent>%(?!\s))
    | (?P<spaced>(?:%|\\[%_$&\#])(?=\s))
    | (?P<struck>\\sout(?![A-Za-z]))
    | (?P<table>\\(?:begin|end)\{(?:align|equation|gather|multline))\}
    | (?P<row>\\\\)\s*\[\s*-?[\d.]+\s*(?:pt|em|ex|mm|cm|in|mu)\s*\]
    | \\.
    """,
    re.DOTALL | re.VERBOSE,
)
_STRUCTURE = re.compile(r"\\begin\{|\\end\{|\\.|[{}]", re.DOTALL)
_TOKEN = re.compile(r"\\[A-Za-z]+|\\.|[^\sA-Za-z0-9]", re.DOTALL)
_CLOSES = {")": "(", "]": "[", "}": "{", r"\}": r"\{", r"\rgroup": r"\lgroup", r"\rmoustache": r"\lmoustache"} | {
    rf"\r{name}": rf"\l{name}" for name in ("angle", "brace", "brack", "ceil", "floor", "paren", "vert", "Vert")
}
_OPENS = frozenset(_CLOSES.values())
_ENTITY = re.compile(r"&(?!(?:lt|gt|amp|quot|apos);)[A-Za-z]+;")  # of HTML, unknown to XML
_EM = re.compile(r"(?P<size>\d*\.?\d+)em")

_ELEMENTS = frozenset({
    "math", "menclose", "mfrac", "mi", "mmultiscripts", "mn", "mo", "mover", "mpadded", "mphantom", "mprescripts",
    "mroot", "mrow", "ms", "mspace", "msqrt", "mstyle", "msub", "msubsup", "msup", "mtable", "mtd", "mtext", "mtr",
    "munder", "munderover", "none", "b", "i",
})  # fmt: skip
_ATTRIBUTES = frozenset({
    "accent", "accentunder", "columnspan", "display", "displaystyle", "fence", "form", "largeop", "lspace",
    "mathvariant", "movablelimits", "notation", "rowspan", "rspace", "scriptlevel", "separator", "stretchy",
    "symmetric",
})  # fmt: skip
_SCRIPTS = frozenset({"mmultiscripts", "mover", "msub", "msubsup", "msup", "munder", "munderover"})
_STACKED = frozenset({"mfrac", "mover", "mtable", "munder", "munderover"})
_SMALLEST = 2  # level of a script in a script
_CLASSES = {
    "text-align: left": "math-left",
    "text-align: right": "math-right",
    "border-top": "math-line-top",
    "border-right": "math-line-right",
    "border-bottom": "math-line-bottom",
    "border-left": "math-line-left",
}
"""Classes of ``style.css`` by the beginning of a declaration of math-core's."""

_CONVERTER = LatexToMathML(fancy_error=False)


def formulas(text: str) -> Markup:
    """Return text with its formulas as MathML; everything else is escaped."""
    return with_formulas(text, escape)


def with_formulas(text: str, other: Callable[[str], Markup]) -> Markup:
    """Return text with its formulas as MathML, and what is between them as ``other`` has it."""
    return Markup().join(other(source) if formula is None else formula for source, formula in pieces(text))


def pieces(text: str) -> Iterator[tuple[str, Markup | None]]:
    """Yield what a text is made of, in its order: each piece of its source, and its MathML if it is a formula."""
    shown = 0
    found = _FORMULA.search(text)
    while found is not None:
        latex, display = _latex(found)
        if latex and "~~" not in latex:  # what was struck out inside a formula would be a space there
            yield text[shown : found.start()], None
            yield found[0], _formula(latex, found[0], display=display)
            shown = found.end()
        found = _FORMULA.search(text, max(shown, found.start() + 1))
    yield text[shown:], None


def _latex(found: re.Match[str]) -> tuple[str, bool]:
    """Return a formula's LaTeX, empty if it is none, and whether it has lines of its own."""
    latex = found["dollars"]
    if latex is None:
        return (found["display"] or found["bracketed"] or found["inline"]).strip(), found["inline"] is None
    is_prose = (latex != latex.strip() or _WORD.search(latex)) and not _COMMAND.search(latex)
    return ("" if is_prose else latex.strip()), False


def _formula(latex: str, source: str, *, display: bool) -> Markup:
    latex = _REWRITTEN.sub(_rewritten, latex.replace("[illegible]", r"\text{[illegible]}"))
    converted = _mathml(latex, display=display)
    return Markup('<code class="latex">{}</code>').format(source) if converted is None else Markup(converted)  # noqa: S704 - _mathml escapes


def _rewritten(found: re.Match[str]) -> str:
    """Return what math-core takes as it was meant."""
    match found.lastgroup:
        case "number":  # 5 6 would become 56
            return rf"{found['number']}\ "
        case "percent":  # it begins a comment, which hides the rest
            return r"\%"
        case "spaced":  # within text the space would be dropped
            return rf"\{found[0][-1]}{{}}"
        case "struck":  # of ulem: math-core has it for text alone
            return r"\cancel"
        case "table":  # whose rows would get numbers that nobody wrote
            return f"{found['table']}*}}"
        case "row":  # the space below a row would be shown as text
            return found["row"]
    return found[0]


@lru_cache(maxsize=4096)
def _mathml(latex: str, *, display: bool) -> str | None:
    """Return a formula as MathML; ``None`` if it can't be had, or might take long."""
    if len(latex) > LONGEST or _REFUSED.search(latex) or not _bounded(latex):
        return None
    rows = _with_rows(latex)
    if rows is None:
        return None
    try:
        made = _CONVERTER.convert_with_local_state(rows, displaystyle=display)
        root = ElementTree.fromstring(_ENTITY.sub(lambda entity: html.unescape(entity[0]), made))  # noqa: S314 - math-core's
    except (LatexError, ElementTree.ParseError):
        return None
    if any(element.tag not in _ELEMENTS for element in root.iter()):
        return None
    for element in root.iter():
        _clean(element)
    if _signs_beside(root) > _LONGEST_LINE:
        return None
    _keep_legible(root, display=display)
    return ElementTree.tostring(root, encoding="unicode")


def _bounded(latex: str) -> bool:
    """Return whether a formula's groups are no deeper, and no more of its brackets open at a time, than is quick."""
    if latex.count("{") - latex.count(r"\{") > LONGEST // 10 or latex.count(r"\begin") > _DEEPEST:
        return False
    opened: list[str] = []
    unclosed = 0
    for token in _TOKEN.findall(latex):
        opens = _CLOSES.get(token)
        if token in _OPENS:
            opened.append(token)
        elif opens == "{":
            while opened and opened.pop() != "{":
                unclosed += 1
        elif opens is not None and opened and opened[-1] == opens:
            opened.pop()
        elif token.endswith("corner") or unicodedata.category(token[0]) == "Ps":  # signs beyond ASCII
            unclosed += 1
        groups = opened.count("{")
        if groups > _DEEPEST or unclosed + len(opened) - groups > _MOST_OPEN:
            return False
    return True


def _with_rows(latex: str) -> str | None:
    r"""Return a formula whose lines are rows of a table; ``None`` if one ends within a group.

    math-core drops an ``\\`` outside of a table, and 5 above 6 would become 56.
    """
    groups = tables = 0
    has_lines = False
    for sign in _STRUCTURE.findall(latex):
        tables += (sign == r"\begin{") - (sign == r"\end{")
        groups += (sign in ("{", r"\begin{", r"\end{")) - (sign == "}")
        if sign == r"\\" and not tables:
            if groups:
                return None
            has_lines = True
    return rf"\begin{{gathered}}{latex}\end{{gathered}}" if has_lines else latex


def _signs_beside(root: ElementTree.Element) -> int:
    """Return about how many signs stand beside each other in a formula's longest line."""
    wide: dict[ElementTree.Element, int] = {}
    for element in reversed([*root.iter()]):  # children first
        parts = [wide[child] for child in element]
        wide[element] = max(parts, default=0) if element.tag in _STACKED else sum(parts) + _own_signs(element)
    return wide[root]


def _own_signs(element: ElementTree.Element) -> int:
    """Return about how many signs are as wide as an element without its children, with spaces and a table's gaps."""
    space = _EM.fullmatch(element.get("width", ""))
    return len(element.text or "") + int(element.tag == "mtd") + (round(2 * float(space["size"])) if space else 0)


def _keep_legible(root: ElementTree.Element, *, display: bool) -> None:
    """Keep all scripts at TeX's smallest size or above: MathML's get smaller with each level, and disappear."""
    left = [(root, 0, display)]
    while left:
        element, level, displayed = left.pop()
        level = int(element.get("scriptlevel", level))
        displayed = element.get("displaystyle", str(displayed).lower()) == "true"
        for place, child in enumerate(element):
            below = level + _levels_below(element.tag, place, displayed=displayed)
            if below > _SMALLEST:
                below = _SMALLEST
                child.attrib.setdefault("scriptlevel", str(below))
            left.append((child, below, displayed and below == level and element.tag != "mfrac"))


def _levels_below(tag: str, place: int, *, displayed: bool) -> int:
    """Return by how many levels a child is smaller than its parent (MathML Core, user agent stylesheet)."""
    if tag == "mfrac":
        return 0 if displayed else 1
    if place == 0:
        return 0
    return 2 if tag == "mroot" else int(tag in _SCRIPTS)


def _clean(element: ElementTree.Element) -> None:
    """Leave an element the attributes that are listed; hide nothing, and cover nothing."""
    if element.tag == "mphantom":
        element.tag = "mrow"
    style, width = element.get("style", ""), element.get("width", "")
    sizes = {name: element.get(name, "") for name in ("minsize", "maxsize")}
    thin = element.tag == "mfrac" and element.get("linethickness", "") in ("0", "0em", "0px")
    for name in set(element.attrib) - _ATTRIBUTES:
        del element.attrib[name]
    for name, size in {"width": width, **sizes}.items():
        if (found := _EM.fullmatch(size)) is not None and float(found["size"]) <= _WIDEST:
            element.set(name, size)
    if thin:
        element.set("linethickness", "0")
    declared = [part.strip() for part in style.split(";")]
    classes = [named for begins, named in _CLASSES.items() if any(each.startswith(begins) for each in declared)]
    if classes:
        element.set("class", " ".join(classes))
