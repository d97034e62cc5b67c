"""Notation: one form for formulas and symbols that are written in LaTeX, in Unicode or on a keyboard."""

import re
import unicodedata
from functools import cache
from itertools import groupby

_ONE_FORM = str.maketrans(
    dict.fromkeys("‘’‚‛′‵`´＇", "'")  # noqa: RUF001 - the very signs
    | dict.fromkeys("“”„‟″‶«»＂", '"')  # noqa: RUF001 - the very signs
    | dict.fromkeys("‐‑‒–—―−﹘﹣－", "-")  # noqa: RUF001 - the very signs
    | dict.fromkeys("×✕✖⨯╳", " x ")  # noqa: RUF001 - the very signs
    | dict.fromkeys("·∙•", "⋅")
    | dict.fromkeys("⁄∕", "/")  # noqa: RUF001 - the very signs
    | dict.fromkeys((chr(code) for code in range(ord(" ")) if not chr(code).isspace()), "\ufffd")
    | {"\b": r"\b", "≠": "!=", "∆": "Δ", "⟶": "→", "⟹": "⇒"}
)
"""Characters that models write for one another, with their replacements. Replies are read without control characters,
but older transcriptions may hold some."""

_FORM_FEED = re.compile(r"\f(?=[A-Za-z])")
_FRACTION_AFTER_DIGIT = re.compile(r"(?<=\d)(?=[\u00bc-\u00be\u2150-\u215f\u2189])")

_GREEK = (
    "alpha α beta β gamma γ delta δ epsilon ε varepsilon ε zeta ζ eta η theta θ iota ι kappa κ lambda λ mu μ nu ν xi ξ "  # noqa: RUF001 - the very signs
    "pi π rho ρ sigma σ tau τ upsilon υ phi φ varphi φ chi χ psi ψ omega ω "  # noqa: RUF001 - the very signs
    "Gamma Γ Delta Δ Theta Θ Lambda Λ Xi Ξ Pi Π Sigma Σ Phi Φ Psi Ψ Omega Ω "
)
_SIGNS = (
    "times × cdot ⋅ ast * div ÷ pm ± mp ∓ le ≤ leq ≤ leqslant ≤ ge ≥ geq ≥ geqslant ≥ ne ≠ neq ≠ approx ≈ equiv ≡ "  # noqa: RUF001 - the very signs
    "sim ~ rightarrow → to → longrightarrow → leftarrow ← Rightarrow ⇒ implies ⇒ Leftrightarrow ⇔ iff ⇔ "
    "leftrightarrow ↔ rightleftharpoons ⇌ infty ∞ partial ∂ nabla ∇ int ∫ sum ∑ prod ∏ in ∈ notin ∉ subset ⊂ cup ∪ "  # noqa: RUF001 - the very signs
    "cap ∩ emptyset ∅ forall ∀ exists ∃ neg ¬ lnot ¬ land ∧ wedge ∧ lor ∨ vee ∨ angle ∠ degree ° circ ° perp ⊥ "  # noqa: RUF001 - the very signs
    "parallel ∥ therefore ∴ dots … ldots … cdots … checkmark ✓ ell ℓ hbar ℏ lt < gt >"  # noqa: RUF001 - the very signs
)
_NAMES = "sin cos tan cot log ln exp lim max min det mod gcd"
_WORDS = (_GREEK + _SIGNS).split()
_COMMANDS = (
    dict(zip(_WORDS[::2], _WORDS[1::2], strict=True))
    | {name: f" {name}" for name in _NAMES.split()}
    | dict.fromkeys(("left", "right", "displaystyle", "limits", "big", "Big", "bigg", "Bigg"), "")
    | dict.fromkeys(("quad", "qquad"), " ")
)
_COMMAND = re.compile(r"\\([A-Za-z]{2,20})(?![A-Za-z])")
_DEGREES = re.compile(r"\^ ?(?:\\circ(?![A-Za-z])|\{ ?\\circ ?\})")
_SPACE = re.compile(r"\\[,;: ]")
_MATHS = re.compile(r"\\[()\[\]]|\$\$?")
_ESCAPED = re.compile(r"\\([%&#_{}$])|\\!")
_COMMA = re.compile(r"(?<=\d)\{,\}(?=\d)")  # 4{,}8

_ITEM = r"((?:[^{}]|[\^_]\{[^{}]{0,40}\}){0,200})"
_SET_AS = re.compile(rf"\\(?:text|mathrm|mathbf|mathit|mathsf|textbf|textit|operatorname|boxed|ce|mbox) ?\{{{_ITEM}\}}")
_FRACTION = re.compile(rf"(\d ?|)\\[dt]?frac ?\{{{_ITEM}\}} ?\{{{_ITEM}\}}")
_SHORT_FRACTION = re.compile(r"(\d ?|)\\[dt]?frac ?(\d) ?(\d)")
_ROOT = re.compile(rf"\\sqrt ?(?:\[([^\[\]\n]{{1,10}})\] ?)?\{{{_ITEM}\}}")
_ROOTS = {None: "√", "2": "√", "3": "∛", "4": "∜"}
_ROOT_NAMED = re.compile(
    r"(?<![A-Za-z\\])(?:\\sqrt|sqrt|√) {0,2}\(([\w.]{1,40})\)|(?<![A-Za-z\\])(?:\\sqrt|sqrt)(?= {0,2}\(| ?\d)"
)
_NESTED = 6
"""Depth to which nested commands are read."""

_SIMPLE = re.compile(r"[\w.]+(?:\^\{[^{}]*\})?")

_LEVELS = re.compile(r"<(sup|sub)>([^<>\n]{1,40})</\1>")
_FORMULAS = (
    (re.compile(r"\^ ?\((-?[^(){}\n]{1,30})\)"), r"^{\1}"),
    (re.compile(r"(?:(?<=[A-Z])|(?<=[A-Z][a-z\d])|(?<=\d\}))\^ ?(\d[+-])(?![\w(\\])"), r"^{\1}"),  # Fe^3+
    (re.compile(r"\^ ?([+-])(?![\w(\\{])"), r"^{\1}"),
    (re.compile(r" ?\^ ?(-?\d+|-?[^\W\d_])"), r"^{\1}"),
    (re.compile(r"(?<=[^\W_])_(\d+|[^\W\d_]{1,20})|(?<=[)}])_(\d+|[^\W\d_]{1,20})"), r"_{\1\2}"),
    (re.compile(r"(?<=[^\W\d_])_\{(\d+)\}(?!\d)"), r"\1"),  # an index after a letter, as in H2O and v0
    (re.compile(r"(?<=[A-Za-z\d]\))_\{(\d+)\}(?!\d)"), r"\1"),  # Ca(OH)2
    (re.compile(r"(/(?:[cdkmnμ]?m|s))\^\{([23])\}(?!\d)"), r"\1\2"),  # a unit, as in m/s2
)
"""Notations of superscripts and subscripts with their one form; only unambiguous ones."""

_COMPARED = re.compile(r"=/=|<->|<=>|<=|>=|-{1,2}>|=>")
_COMPARISONS = {"=/=": "!=", "<->": "↔", "<=>": "⇔", "<=": "≤", ">=": "≥", "->": "→", "-->": "→", "=>": "⇒"}

_RELATED = r"=<>≤≥≈≠≡→⇒∈(\[{⋅/^±*"
_CLOSED = (
    (re.compile(rf"(?<=[{_RELATED}]) ?\n{{1,4}} ?(?=[+-] ?[\w.(\\])"), " "),  # a sign on the line after its =
    (re.compile(r"(?<=[±∓√∛∜¬]) (?=[\w(\\.√])"), ""),
    (re.compile(r"(?<=Δ) (?=[^\W\d_])"), ""),
    (re.compile(r" ?\^ ?(?=[{(\w√])"), "^"),
    (re.compile(r"(?<=\d)x(?=\d)"), " x "),
    (re.compile(r"(?<=\d) ([:*]) (?=\d)"), r"\1"),
    (re.compile(r"(?:(?<=[\d)}])|(?<=\b[^\W\d_])) ?([/⋅]) ?(?=[\d(\\√]|[^\W\d_]{1,3}(?![^\W\d_]))"), r"\1"),
    (re.compile(r"(?<=\w) ?([/⋅]) ?(?=[\d(\\√]|[^\W\d_](?![^\W\d_]))"), r"\1"),
    (re.compile(r" (?=!=)| ?& ?(?=[=<>≤≥≈])"), ""),
)
"""Spaces and ends of lines without meaning inside of a term."""


def one_form(text: str) -> str:
    """Return a text with its notation in one form, line by line."""
    text = _FORM_FEED.sub(r"\\f", text)
    text = _FRACTION_AFTER_DIGIT.sub(" ", "\n".join(" ".join(line.split()) for line in text.splitlines()))
    text = "".join(_levelled(level, "".join(run)) for level, run in groupby(text, _level))
    text = unicodedata.normalize("NFKC", text.translate(_ONE_FORM)).translate(_ONE_FORM)
    text = _COMMA.sub(",", text)
    if "\\" in text:
        text = _without_commands(text)
    text = _MATHS.sub("", _signed(text)) if "$" in text or "\\" in text else text
    text = "\n".join(" ".join(line.split()) for line in text.splitlines())
    text = _COMPARED.sub(lambda found: _COMPARISONS[found[0]], _LEVELS.sub(_level_of_tag, text))
    text = _ROOT_NAMED.sub(lambda found: f"√{found[1] or ''}", text)
    for pattern, form in (*_FORMULAS, *_CLOSED):
        text = pattern.sub(form, text)
    return text


def _without_commands(text: str) -> str:
    """Return a text with LaTeX's commands replaced by their characters."""
    text = _DEGREES.sub("°", text)
    text = _COMMAND.sub(lambda found: _COMMANDS.get(found[1], found[0]), _SPACE.sub(" ", text))
    for _ in range(_NESTED):
        before, text = text, _SET_AS.sub(r"\1", text)
        text = _SHORT_FRACTION.sub(lambda found: _fraction(*found.groups()), text)
        text = _ROOT.sub(lambda found: _ROOTS.get(found[1], f"{found[1]}√") + _grouped(found[2]), text)
        text = _FRACTION.sub(lambda found: _fraction(*found.groups()), text)
        if text == before:
            break
    return _ESCAPED.sub(r"\1", text).translate(_ONE_FORM)


def _fraction(before: str, upper: str, lower: str) -> str:
    return f"{before}{' ' if before else ''}{_grouped(upper)}/{_grouped(lower)}"


def _grouped(item: str) -> str:
    item = item.strip()
    return item if _SIMPLE.fullmatch(item) else f"({item})"


_SIGN_IN_MATHS = re.compile(r"((?:\\[(\[]|\$) ?[+-]) (?=[\w.(\\√])")


def _signed(text: str) -> str:
    """Return a text without the space after a sign that begins a formula."""
    return _SIGN_IN_MATHS.sub(r"\1", text)


def _level_of_tag(found: re.Match[str]) -> str:
    return _levelled("^" if found[1] == "sup" else "_", found[2])


@cache
def _level(character: str) -> str:
    kind = unicodedata.decomposition(character).partition(">")[0]
    return {"<super": "^", "<sub": "_"}.get(kind, "")


def _levelled(level: str, run: str) -> str:
    return f"{level}{{{run}}}" if level else run
