"""Marks of a transcription: struck-out text, illegible text, and descriptions of drawings.

The prompt asks for ``~~struck out~~``, ``[illegible]`` and ``[drawing: ...]``; models write them in other ways, too.
"""

import re
import unicodedata
from collections import Counter
from dataclasses import dataclass, field
from functools import cache
from html import unescape
from typing import NamedTuple

STRUCK, STRUCK_END, UNREAD, DRAWN, DRAWN_END = "\ue000", "\ue001", "\ue002", "\ue003", "\ue004"
"""Characters of the private use area that stand for the marks."""

_SAME = str.maketrans({"～": "~", "［": "[", "］": "]", "【": "[", "】": "]", "⟦": "[", "⟧": "]"})  # noqa: RUF001 - the very signs
_OURS = frozenset((STRUCK, STRUCK_END, UNREAD, DRAWN, DRAWN_END))

_CANNOT_BE_READ = (
    r"(?:illegible|illeg\b|unreadable|unread\b|(?:in|un)decipherable|unintelligible|not (?:legible|readable)"
    r"|can(?:not|'t|’t) (?:be )?read|unleserlich|illisible|ilegible|illeggibile|onleesbaar|неразборчив|нечитаем)"  # noqa: RUF001 - the very signs
)
_HARD_TO_READ = r"(?:unclear|blurred|blurry|smudged|faded|faint|obscured|missing|cut off)"
_OUT = (
    r"(?:(?:crossed|struck|scratched|lined)[ -]?(?:out|through|over)|strike[ -]?(?:out|through)"
    r"|scribbled?(?: out| over)?|deleted|deletion|erased|cancell?ed)\b"
)
PICTURE = r"(?:drawing|sketch|diagram|figure|graph|picture)"
"""Pattern of a transcriber's words for a drawing."""

_INSIDE = r"(?:[^\[\]]|\[[^\[\]]{0,200}\])"
_OTHER_BRACKETS = re.compile(
    rf"[(<{{⟨]( {{0,2}}(?:{_CANNOT_BE_READ}|{_OUT} {{0,2}}:|{_HARD_TO_READ}(?= {{0,2}}[)>}}⟩]))"
    r"[^()<>{}⟨⟩\[\]\n]{0,300})[)>}⟩]",
    re.IGNORECASE,
)
_UNREAD = re.compile(
    rf"\\?\[(?! {{0,2}}{PICTURE}\b)[^\[\]\n]{{0,60}}?{_CANNOT_BE_READ}"
    rf"(?:{_INSIDE}{{0,300}}?\])?"
    rf"|\\?\[ {{0,2}}{_HARD_TO_READ}\b[^\[\]\n]{{0,300}}\]"
    rf"|\\?\[(?! {{0,2}}{PICTURE}\b)[^\[\]\n]{{0,40}}\? {{0,2}}\\?\]",
    re.IGNORECASE,
)
_DRAWING = re.compile(
    rf"\\?\[( {{0,2}}{PICTURE}(?: of\b| {{0,2}}:|(?= {{0,2}}\])))"
    rf"(?:({_INSIDE}{{0,2000}})\]|([^\n\[\]]{{0,2000}}))",
    re.IGNORECASE,
)
_UNREAD_INSIDE = re.compile(_CANNOT_BE_READ, re.IGNORECASE)
_NOTE_OF_STRIKING = re.compile(
    rf"\\?\[ {{0,2}}{_OUT}(?:[ \w]{{0,20}}: {{0,2}}(?P<named>{_INSIDE}{{0,2000}})\]|(?P<other>[^\[\]\n:]{{0,60}})\])"
    rf"|\\?\[(?P<before>[^\[\]\n]{{1,100}}?)[ ,;:(-]{{1,3}}{_OUT}\)? {{0,2}}\]"
    rf"|\\?\[ {{0,2}}{_OUT} {{0,2}}:",
    re.IGNORECASE,
)
_TAGGED = re.compile(rf"\[(/|end (?:of )?|)(?:s|del|strike|{_OUT})\]", re.IGNORECASE)
_STRUCK_SPAN = re.compile(r"<span[^<>\n]{0,100}line-through[^<>\n]{0,40}>([^<>]{0,2000})</span>", re.IGNORECASE)
_ENTITY = re.compile(r"&#?\w{2,8};")
_STROKES = re.compile("(?:[^\u0335\u0336\\s\u0300-\u036f][\u0300-\u0334\u0337-\u036f]{0,4}[\u0335\u0336]{1,4})+")
_STROKE = re.compile("[\u0335\u0336]")

_TOKEN = re.compile(
    rf"(?P<tildes>~+)|(?P<open>{STRUCK})|(?P<close>{STRUCK_END})|\\[{{}}]"
    r"|(?P<command>\\(?:[bhx]?cancel|sout|st|strikeout|textst|(?:cancelto|enclose)\{[^{}\n]{0,40}\})\*? {0,2}\{)"
    r"|(?P<brace>\{)|(?P<brace_end>\})"
    r"|<(?P<tag>/?)(?:s|del|strike)(?: [^<>=\n]{0,40}=[^<>\n]{0,100})? {0,2}>",
    re.IGNORECASE,
)
_BEFORE, _AFTER = "([{\"'“‘„«$*,;:=<>", ")]}\"'”’»$*.,;:!?<>"  # noqa: RUF001 - the very signs
"""Characters before an opening mark and after a closing one, beside white space."""


@dataclass(frozen=True, slots=True)
class MarkedText:
    """A text with one character for each mark.

    Parameters
    ----------
    text
        The text. All that may be struck out stands between two marks, including lines in which its extent is unknown.
    whole
        Whether each mark of striking has its other half.
    """

    text: str
    whole: bool

    @property
    def kept(self) -> str:
        """The text without its struck-out parts."""
        return re.sub(f"{STRUCK}[^{STRUCK_END}]*{STRUCK_END}", "", self.text)


def read_marks(text: str) -> MarkedText:
    """Return a transcription, or a quote from it, with its marks as single characters."""
    shown = _ENTITY.sub(lambda found: unescape(found[0]), text).translate(_SAME)
    shown = "".join(each for each in shown if each not in _OURS and not _is_invisible(each))
    shown = _STROKES.sub(
        lambda found: f"{STRUCK}{_STROKE.sub('', found[0])}{STRUCK_END}", shown.replace(r"\~", "~").replace("~ ~", "~~")
    )
    shown = _STRUCK_SPAN.sub(r"<s>\1</s>", shown)
    if any(found[1] for found in _TAGGED.finditer(shown)):
        shown = _TAGGED.sub(lambda found: "</s>" if found[1] else "<s>", shown)
    shown = _OTHER_BRACKETS.sub(r"[\1]", shown)
    shown = _DRAWING.sub(_drawn, _UNREAD.sub(UNREAD, _NOTE_OF_STRIKING.sub(_struck, shown)))
    return _Strikes(shown).read()


@cache
def _is_invisible(character: str) -> bool:
    return unicodedata.category(character) == "Cf"


def _drawn(found: re.Match[str]) -> str:
    description = found[2] if found[2] is not None else found[3]
    end = "]" if found[2] is not None else ""
    return f"{DRAWN}[{found[1]}{_UNREAD_INSIDE.sub(UNREAD, description)}{end}{DRAWN_END}"


def _struck(found: re.Match[str]) -> str:
    """Return the replacement of a note about striking: the struck-out text between marks, or only the opening mark.

    The opening mark alone stands for a note that leaves the extent open. At the beginning of a line, or if it names a
    thing, as in "[scribbled out word]", a note stands for the struck-out text itself.
    """
    struck = found["named"] or found["before"] or ""
    begins = found.start() == 0 or found.string[found.start() - 1] == "\n"
    closed = struck or (found["other"] is not None and (begins or found["other"].strip()))
    return f"{STRUCK}{struck}{STRUCK_END}" if closed else STRUCK


class _Mark(NamedTuple):
    kind: str
    start: int
    end: int


@dataclass(slots=True)
class _Strikes:
    """Pairing of the marks of striking in a text, read one half after another."""

    text: str
    stack: list[_Mark] = field(default_factory=list)
    opened: Counter[str] = field(default_factory=Counter)
    halves: list[int] = field(default_factory=list)
    changes: list[tuple[int, int, int]] = field(default_factory=list)
    """Start and end of each mark, and the change of striking depth after it."""

    def read(self) -> MarkedText:
        for found in _TOKEN.finditer(self.text):
            match found.lastgroup:
                case "tildes":
                    self._tildes(found.start(), found.end())
                case "tag":
                    (self._close if found["tag"] else self._open)("tag", found.start(), found.end())
                case "open" | "command":
                    self._open(found.lastgroup, found.start(), found.end())
                case "brace" if self.opened["command"]:
                    self._open("brace", found.start(), found.end())
                case "close":
                    self._close("open", found.start(), found.end())
                case "brace_end" if self.opened["command"]:
                    innermost = next(each.kind for each in reversed(self.stack) if each.kind in {"command", "brace"})
                    self._close(innermost, found.start(), found.end())
        while self.stack:
            self._drop()
        return self._marked()

    def _tildes(self, start: int, end: int) -> None:
        before, after = self.text[start - 1 : start], self.text[end : end + 1]
        opens = bool(after.strip()) and (not before.strip() or before in _BEFORE)
        closes = bool(before.strip()) and (not after.strip() or after in _AFTER)
        if end - start == 1:
            if opens and not closes:
                self._open("~", start, end)
            elif closes and not opens and self.opened["~"]:
                self._close("~", start, end)
            return
        count = (end - start) // 2
        for number in range(count):
            place = start + 2 * number
            one_way = opens != closes
            closing = closes if one_way else self.opened["~~"] > 0
            (self._close if closing else self._open)("~~", place, place + 2 if number < count - 1 else end)

    def _open(self, kind: str, start: int, end: int) -> None:
        self.stack.append(_Mark(kind, start, end))
        self.opened[kind] += 1

    def _close(self, kind: str, start: int, end: int) -> None:
        if not self.opened[kind]:
            self._half(start, end)
            return
        while self.stack[-1].kind != kind:
            self._drop()
        opening = self.stack.pop()
        self.opened[kind] -= 1
        if kind != "brace":
            self.changes += [(opening.start, opening.end, 1), (start, end, -1)]

    def _drop(self) -> None:
        """Give up the last mark, which has no other half; a single tilde may be a sign, and a brace is no mark."""
        dropped = self.stack.pop()
        self.opened[dropped.kind] -= 1
        if dropped.kind not in {"~", "brace"}:
            self._half(dropped.start, dropped.end)

    def _half(self, start: int, end: int) -> None:
        self.halves.append(start)
        self.changes.append((start, end, 0))

    def _marked(self) -> MarkedText:
        if self.halves:
            first = self.text.rfind("\n", 0, min(self.halves)) + 1
            last = self.text.find("\n", max(self.halves))
            last = len(self.text) if last < 0 else last
            self.changes += [(first, first, 1), (last, last, -1)]
        parts, place, depth = list[str](), 0, 0
        for start, end, change in sorted(self.changes):
            parts.append(self.text[place:start])
            if depth == 0 < change:
                parts.append(STRUCK)
            depth += change
            if depth == 0 > change:
                parts.append(STRUCK_END)
            if change == 0:
                parts.append(" ")
            place = end
        return MarkedText("".join([*parts, self.text[place:]]), whole=not self.halves)
