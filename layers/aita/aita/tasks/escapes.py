r"""The backslashes in a reply's JSON: models write LaTeX into it without doubling them.

``\frac``, ``\times``, ``\beta``, ``\nu`` and ``\rho`` begin like JSON's own escapes, and a decoder makes control
characters of them in silence. Here each backslash is read as it was meant. Nobody means a form feed or a backspace;
a tab or a line break is told from LaTeX by the command's name, by how the reply writes its other backslashes, and by
what stands around it. What can't be told is a doubt. All other control characters become a space or U+FFFD.
"""

import re
from dataclasses import dataclass
from functools import cached_property

_COMMAND = re.compile(
    r"""
    n(?: u | eq? | eg | i | ot(?:in|ag)? | abla | atural | ew(?:line|page|command) | earrow | warrow | onumber | olimits
       | oindent | obreak | ormalsize | icefrac | exists | mid | less | gtr | [lg]eq(?:slant)? | parallel | sim | cong
       | (?:prec|succ)(?:eq)? | (?:sub|sup)seteq | triangle(?:left|right) | [vV]dash | vDash
       | (?:left|right|leftright)arrow | (?:Left|Right|Leftright)arrow )
    | t(?: imes | heta | au | anh? | o | op | ag | ilde | riangle(?:down|left|right|q)? | herefore | frac | binom
       | ext(?:bf|it|rm|sf|tt|sc|up|normal|style|color|degree|(?:sub|super)script)?
       | hinspace | hickspace | iny | hickapprox | hicksim | wohead(?:left|right)arrow )
    | r(?: ho | ight | angle | ceil | floor | ight(?:arrow|arrowtail|harpoonup|harpoondown|squigarrow)
       | ight(?:left(?:harpoons|arrows)|rightarrows) | [vV]ert | brace | brack | group | moustache | times
       | isingdotseq | m | oot | ule | aisebox | otatebox | esizebox | ef | elax )
    """,
    re.VERBOSE,
)
"""LaTeX's commands that begin like JSON's escapes of a line break, a tab and a carriage return."""

_RELATIONS = frozenset({"ne", "ni", "nmid", "nless", "nparallel", "nsim"})
_WORDY = _RELATIONS | {"nu", "neg", "nexists", "tan", "to", "top", "tag"}
r"""Commands of which the rest is a word or a variable: ``\nu`` may also be a new line that begins with u."""

_NO_OPERAND = re.compile(r"[).,:;!?']|\s{0,3}(?:=|[^\W\d_]{2})")
"""What follows a word or a list's letter, and no relation."""
_GLUED = re.compile("times|theta|therefore|triangle|nabla")
"""Commands of which the rest begins no word, also with letters behind them."""
_ARGUMENT = ("{", "_", "^")

_ENDS_TEXT = re.compile(
    r"(?:(?<![^\W\d_])(?<!\\)[^\W\d_]{2,}|[.,;:!?]|\d\s[^\W\d_]{1,3}(?:/[^\W\d_]{1,3})?(?:\^?-?\d)?)[\"')\]]?$"
)
"""What ends like words, a sentence, or a number with its unit: LaTeX does not follow without a space."""
_LABEL = re.compile(r"\s*(?:\(?\d{1,2}[a-z]?\)?|\(?[a-z]\))$")
_NUMBER = re.compile(r"\d$")
_EQUALS = re.compile(r"\s{0,3}=")

_TOKEN = re.compile(r'\\(?:u[0-9a-fA-F]{4}|[\s\S])|["\x00-\x1f]')
_LETTERS = re.compile(r"[A-Za-z]+")
_DOUBLED = re.compile(r"[A-Za-z]{2}|[(){}\[\]\\]")
_VARIABLE = re.compile(r"(?<![A-Za-z\\])[A-Za-z](?![A-Za-z])")
_SIGNS = re.compile(r"[$^]|_\{|\\[^nrtu\"/]")
_LOOKED_AT = 200  # characters before and after a command
_FIRST_PRINTABLE = " "


@dataclass(frozen=True, slots=True)
class Repaired:
    """JSON that any decoder takes; ``doubts`` are the escapes that may have been meant otherwise."""

    text: str
    doubts: tuple[str, ...]


def neutral(text: str) -> str:
    """Return a text of the same length without backslashes, in which objects and strings end where they should."""
    return re.sub(r"\\[\s\S]", "__", text)


def repaired(json_text: str) -> Repaired:
    """Return an object's or array's JSON with each backslash as it was meant."""
    return _Repair(json_text).run()


class _Repair:
    """One pass over a JSON text. ``line`` is what the string that it is in says since its last line break."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.doubts: list[str] = []
        self.line = ""
        self.after_break = False
        self.doubles, self.singles = self._habits()

    def run(self) -> Repaired:
        out: list[str] = []
        end, in_string = 0, False
        for token in _TOKEN.finditer(self.text):
            plain, found = self.text[end : token.start()], token.group()
            end = token.end()
            out.append(plain)
            if found == '"':
                in_string = not in_string
                self.line, self.after_break = "", False
            elif in_string:
                self._add(plain)
                found = self._said(found, end)
            out.append(found)
        return Repaired("".join([*out, self.text[end:]]), tuple(dict.fromkeys(self.doubts)))

    def _habits(self) -> tuple[bool, bool]:
        """Tell whether the reply doubles backslashes, and whether it leaves them single; some do both."""
        doubles = singles = in_string = False
        for token in _TOKEN.finditer(self.text):
            found, end = token.group(), token.end()
            if found == '"':
                in_string = not in_string
            elif in_string and found == "\\\\":
                doubles = doubles or _DOUBLED.match(self.text, end) is not None
            elif in_string and found[0] == "\\":
                singles = singles or self._is_single(found[1], found, end)
        return doubles, singles

    def _is_single(self, kind: str, found: str, end: int) -> bool:
        match kind:
            case "n" | '"' | "/" | "'":
                return False
            case "t" | "r":
                name = self._name(kind, end)
                return name not in _WORDY and _COMMAND.fullmatch(name) is not None
            case "u":
                return len(found) == len("\\u")
        return True

    def _said(self, found: str, end: int) -> str:
        """Return what stands for a token in the repaired text, and keep what the line says."""
        if found[0] != "\\":
            return self._control(found, end)
        if len(found) > len("\\u"):
            character = chr(int(found[2:], 16))
            if character < _FIRST_PRINTABLE:
                return self._control(character, end)
            self._add(character)
            return found
        match kind := found[1]:
            case '"' | "/":
                self._add(kind)
                return found
            case "'":
                self._add(kind)
                return kind  # the apostrophe of other languages' strings
            case "\\":
                self._add(kind)
                is_line_break = self.singles and not self.doubles and not self.text[end : end + 1].isalpha()
                return found * 2 if is_line_break else found
            case "n" | "t" | "r":
                return self._white(kind, end)
        return self._literal(kind)

    def _control(self, character: str, end: int) -> str:
        """Return what a control character means that was not written as a short escape."""
        match character:
            case "\n":
                return self._break("\\n")
            case "\t":
                return self._break("\\t")
            case "\r":
                return "" if self._breaks_next(end) else self._break("\\n")
            case "\b" | "\f":
                return self._literal("b" if character == "\b" else "f")
        seen = " " if character.isspace() else "\ufffd"
        self._add(seen)
        return seen

    def _white(self, kind: str, end: int) -> str:
        name = self._name(kind, end)
        after = self.text[end + len(name) - 1 :][:_LOOKED_AT]
        if kind == "r" and self._breaks_next(end):
            return ""
        if _COMMAND.fullmatch(name) is None:
            if (kind == "r" and len(name) > 1) or _GLUED.match(name):
                self.doubts.append(f"\\{name}")
            return self._break("\\t" if kind == "t" else "\\n")
        latex = self._is_latex(kind, name, after)
        if latex is None:
            self.doubts.append(f"\\{name}")
        return self._break(f"\\{kind}") if latex is False else self._literal(kind)

    def _is_latex(self, kind: str, name: str, after: str) -> bool | None:
        """Tell whether a command's name after a backslash is LaTeX; ``None`` if that can't be told."""
        wordy = name in _WORDY
        if kind == "r" or (kind == "t" and not wordy):
            return True
        if self._in_math(after) and not self._only_doubles:
            return True
        text_before = _ENDS_TEXT.search(self.line) is not None or _LABEL.fullmatch(self.line) is not None
        if self._only_doubles or (name in _RELATIONS and _NO_OPERAND.match(after)):
            return False
        if self.singles and not self.doubles:
            return None if text_before and wordy else True
        if text_before or (kind == "n" and wordy and self._begins_line(name, after)):
            return False
        is_likely = after.startswith(_ARGUMENT) and not wordy if kind == "n" else bool(self.line.strip())
        return True if is_likely else None

    @property
    def _only_doubles(self) -> bool:
        return self.doubles and not self.singles

    def _begins_line(self, name: str, after: str) -> bool:
        """Tell whether a variable or word begins a line here, in a reply that shows nothing of LaTeX there."""
        if name[1:] in self._variables:
            return True
        if _NUMBER.search(self.line) and _EQUALS.match(after):
            return True
        return self.after_break and not self.line and not self._has_signs

    @cached_property
    def _variables(self) -> frozenset[str]:
        return frozenset(_VARIABLE.findall(self.text))

    @cached_property
    def _has_signs(self) -> bool:
        return _SIGNS.search(self.text) is not None

    def _in_math(self, after: str) -> bool:
        """Tell whether a formula between dollars was begun on this line and ends on it."""
        marks = re.findall(r"(?<!\\)\${1,2}", self.line)
        if len(marks) % 2 == 0 or self.line.endswith("$$"):
            return False
        line, closes, _ = after.partition('"')[0].partition(marks[-1])
        return bool(closes) and not line.endswith(" ")

    def _name(self, kind: str, end: int) -> str:
        letters = _LETTERS.match(self.text, end)
        return kind + (letters.group() if letters else "")

    def _breaks_next(self, end: int) -> bool:
        return self.text.startswith(("\\n", "\n", "\\u000a", "\\u000A"), end)

    def _add(self, text: str) -> None:
        self.line = (self.line + text[-_LOOKED_AT:])[-_LOOKED_AT:]

    def _break(self, escape: str) -> str:
        self.line, self.after_break = "", True
        return escape

    def _literal(self, character: str) -> str:
        self._add(f"\\{character}")
        if character < _FIRST_PRINTABLE:  # a line break or tab after a backslash
            return "\\\\" + {"\n": "\\n", "\t": "\\t", "\r": "\\n"}.get(character, "\ufffd")
        return f"\\\\{character}"
