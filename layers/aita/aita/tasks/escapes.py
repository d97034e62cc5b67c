r"""Backslashes in a reply's JSON: models write LaTeX into it without doubling them.

``\frac``, ``\times``, ``\beta``, ``\nu`` and ``\rho`` begin like JSON's own escapes, and a decoder turns them into
control characters silently. Here an escape is LaTeX only where nothing else makes sense: a form feed, a backspace or a
tab before ``imes`` is never meant. Where a line or a cell may as well begin there, as with ``\nu`` and ``\to``, and the
context does not decide, it is read as JSON and reported as a doubt. All other control characters become a space or
U+FFFD.
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

_RELATIONS = frozenset({"ne", "neq", "ni", "nmid", "nless", "nparallel", "nsim"})
_WITH_ARGUMENT = frozenset({"text", "tag", "tfrac", "tbinom"})
_WORDY = _RELATIONS | _WITH_ARGUMENT | {"nu", "neg", "nexists", "tan", "tanh", "tau", "to", "top"}
r"""Commands of which the rest is a word or a variable: ``\nu`` may also be a new line that begins with u."""

_NO_OPERAND = re.compile(r"[).,:;!?']|\s{0,3}(?:[=<>*/]|\+[+=]|[^\W\d_]{2})")
"""Text that follows a word, a variable or a list's letter, but not a relation."""
_GLUED = re.compile("times|theta|therefore|triangle|nabla")
"""Commands of which the rest begins no word, also with letters behind them."""

_ENDS_TEXT = re.compile(
    r"(?:(?<![^\W\d_])(?<!\\)[^\W\d_]{2,}|[.,;:!?]|\d\s[^\W\d_]{1,3}(?:/[^\W\d_]{1,3})?(?:\^?-?\d)?)[\"')\]]?$"
    r"|^\s*(?:\(?\d{1,2}[a-z]?\)?|\(?[a-z]\))$"
)
"""Endings of words, a sentence, a number with its unit, or a label: LaTeX does not follow without a space."""
_NUMBER = re.compile(r"\d$")
_EQUALS = re.compile(r"\s{0,3}=")
_MATH = re.compile(r"(?<!\\)\${1,2}|\\[()]")
_CLOSES = {"$": "$", "$$": "$$", r"\(": r"\)", r"\)": r"\)"}
_PATH = re.compile(r"(?<![^\W\d_])[A-Za-z]:(?:\\[^\s\\]*)*$")
_PATTERN = re.compile(r"\\[A-Za-z]$")
r"""Endings of a file's path (``C:\users``), and of a regular expression (``\d+\s``)."""

_TOKEN = re.compile(r'\\(?:u[0-9a-fA-F]{4}|[\s\S])|["\x00-\x1f]')
_LETTERS = re.compile(r"[A-Za-z]+")
_DOUBLED = re.compile(r"[A-Za-z]{2}|[(){}\[\]]|\\\\")
_VARIABLE = re.compile(r"(?<![A-Za-z\\])[A-Za-z](?![A-Za-z])")
_SIGNS = re.compile(r"[$^]|_\{|\\[^nrtu\"/]")
_CONTEXT = 200  # characters before and after a command that decide on it
_FIRST_PRINTABLE = " "


@dataclass(frozen=True, slots=True)
class Repaired:
    """JSON that any decoder accepts; ``doubts`` are the ambiguous escapes in it."""

    text: str
    doubts: tuple[str, ...]


def neutral(text: str) -> str:
    """Return a text of the same length with its escapes blanked, so that strings and objects end at the right place."""
    return re.sub(r"\\[\s\S]", "__", text)


def repaired(json_text: str) -> Repaired:
    """Return the JSON of an object or array with LaTeX's backslashes doubled."""
    return _Repair(json_text).run()


class _Repair:
    """One pass over a JSON text. ``line`` is the decoded text of the current string since its last line break."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.doubts: list[str] = []
        self.line = ""
        self.after_break = False
        self.aside, self.singles = self._habits()

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
                found = self._repair(found, end)
            out.append(found)
        return Repaired("".join([*out, self.text[end:]]), tuple(dict.fromkeys(self.doubts)))

    def _habits(self) -> tuple[bool, bool]:
        """Tell whether the reply aside backslashes, and whether it leaves them single; some replies do both."""
        aside = singles = in_string = False
        for token in _TOKEN.finditer(self.text):
            found, end = token.group(), token.end()
            if found == '"':
                in_string = not in_string
            elif in_string and found == "\\\\":
                aside = aside or _DOUBLED.match(self.text, end) is not None
            elif in_string and found[0] == "\\":
                singles = singles or self._is_single(found[1], found, end)
        return aside, singles

    def _is_single(self, kind: str, found: str, end: int) -> bool:
        match kind:
            case "n" | '"' | "/" | "'":
                return False
            case "t" | "r":
                name = self._name(kind, end)
                return _COMMAND.fullmatch(name) is not None and not self._is_wordy(name, end)
            case "u":
                return len(found) == len("\\u")
        return True

    def _repair(self, found: str, end: int) -> str:
        """Return a token's replacement in the repaired text, and add the token's meaning to the line."""
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
                is_line_break = self.singles and not self.aside and not self.text[end : end + 1].isalpha()
                return found * 2 if is_line_break else found
            case "n" | "t" | "r":
                return self._white_space(kind, end)
        return self._literal(kind)

    def _control(self, character: str, end: int) -> str:
        """Return the replacement of a control character that was not written as a short escape."""
        match character:
            case "\n":
                return self._break()
            case "\t":
                return self._tab()
            case "\r":
                return "" if self._breaks_next(end) else self._break()
            case "\b" | "\f":
                return self._literal("b" if character == "\b" else "f")
        replacement = " " if character.isspace() else "\ufffd"
        self._add(replacement)
        return replacement

    def _white_space(self, kind: str, end: int) -> str:
        r"""Return the replacement of ``\n``, ``\t`` or ``\r``: a line break, a tab or LaTeX."""
        name = self._name(kind, end)
        if kind == "r" and self._breaks_next(end):
            return ""
        if _COMMAND.fullmatch(name) is None:
            if (kind == "r" and len(name) > 1) or _GLUED.match(name) or self._is_text(name, end):
                self.doubts.append(f"\\{name}")
        else:
            latex = self._is_latex(kind, name, end)
            if latex:
                return self._literal(kind)
            if latex is None:
                self.doubts.append(f"\\{name}")
        return self._tab() if kind == "t" else self._break()

    def _is_latex(self, kind: str, name: str, end: int) -> bool | None:
        """Tell whether a command's name after a backslash is LaTeX; ``None`` if it is ambiguous."""
        after = self.text[end + len(name) - 1 :][:_CONTEXT]
        wordy = self._is_wordy(name, end)
        if self._only_doubles:
            return False
        if kind == "r" or (kind == "t" and not wordy) or self._in_math(after):
            return True
        if self.singles:
            is_tab = kind == "t" and not self.line.endswith((" ", "{", "("))
            return None if wordy and (kind == "n" or is_tab) else True
        if _ENDS_TEXT.search(self.line) or (name in _RELATIONS and _NO_OPERAND.match(after)):
            return False
        return False if kind == "n" and wordy and self._begins_line(name, after) else None

    def _is_wordy(self, name: str, end: int) -> bool:
        has_argument = name in _WITH_ARGUMENT and self.text.startswith("{", end + len(name) - 1)
        return name in _WORDY and not has_argument

    def _is_text(self, name: str, end: int) -> bool:
        """Tell whether the backslash may be literal: in a path, a pattern, a program's string or a word."""
        if self._only_doubles:
            return False
        if self.text.startswith('\\"', end) and not self.text.startswith('\\"\\"', end):
            return self.line.count('"') % 2 == 1
        if not self.singles:
            return False
        is_glued = len(name) > 1 and ((name[0] == "t" and self.line[-1:].isalpha()) or _PATH.search(self.line))
        return bool(is_glued or _PATTERN.search(self.line))

    @property
    def _only_doubles(self) -> bool:
        return self.aside and not self.singles

    def _begins_line(self, name: str, after: str) -> bool:
        """Tell whether a variable or word begins a line here, in a reply without signs of LaTeX."""
        if name[1:] in self._variables:
            return True
        if _NUMBER.search(self.line) and _EQUALS.match(after):
            return True
        return self.after_break and not self.line.strip() and not self._has_signs

    @cached_property
    def _variables(self) -> frozenset[str]:
        return frozenset(_VARIABLE.findall(self.text))

    @cached_property
    def _has_signs(self) -> bool:
        return _SIGNS.search(self.text) is not None

    def _in_math(self, after: str) -> bool:
        """Tell whether the place is inside of a formula that begins and ends on this line."""
        opened = ""
        for mark in _MATH.findall(self.line):
            if not opened:
                opened = mark
            elif mark == _CLOSES[opened]:
                opened = ""
        if not opened or opened == r"\)" or self.line.endswith("$$"):
            return False
        formula, closes, rest = after.partition('"')[0].partition(_CLOSES[opened])
        is_price = opened == "$" and (formula.endswith(" ") or rest[:1].isdigit())
        return bool(closes) and not is_price

    def _name(self, kind: str, end: int) -> str:
        letters = _LETTERS.match(self.text, end)
        return kind + (letters.group() if letters else "")

    def _breaks_next(self, end: int) -> bool:
        return self.text.startswith(("\\n", "\n", "\\u000a", "\\u000A"), end)

    def _add(self, text: str) -> None:
        self.line = (self.line + text[-_CONTEXT:])[-_CONTEXT:]

    def _break(self) -> str:
        self.line, self.after_break = "", True
        return "\\n"

    def _tab(self) -> str:
        self._add("\t")
        return "\\t"

    def _literal(self, character: str) -> str:
        self._add(f"\\{character}")
        if character < _FIRST_PRINTABLE:  # a line break or tab after a backslash
            return "\\\\" + {"\n": "\\n", "\t": "\\t", "\r": "\\n"}.get(character, "\ufffd")
        return f"\\\\{character}"
