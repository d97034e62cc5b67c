"""Instructions in an answer: text that addresses the transcriber or the grader instead of answering the question.

Such text is neither obeyed nor punished: the answer goes to a person. Only what looks like an attempt is found here;
the grader reports others (``Grading.addresses_grader``).
"""

import re
import unicodedata
from functools import cache
from typing import TYPE_CHECKING, Any

from aita.models.review_flags import Flag, FlagKind

if TYPE_CHECKING:
    from aita.tasks.cues import Lexicon

_INVISIBLE = re.compile(
    "[\u180e\u200b\u2060-\u2064\u202a-\u202e\u2066-\u206f\ufff9-\ufffb\U000e0000-\U000e01ef]"
    "|(?<=[A-Za-z])[\u200c\u200d\ufeff](?=[A-Za-z])"
)
"""Characters that hide or reverse text. Marks of direction, and joiners where a script needs them, are not among
them."""

_VOCABULARY = "english"
"""Language of the words that are looked for in other spellings, in codes and backwards."""


def suspicious(text: str) -> tuple[Flag, ...]:
    """Return a flag for each kind of instruction to whoever reads or grades it that a text seems to hold."""
    from aita.tasks.cues import fold  # noqa: PLC0415 - most functions grade nothing
    from aita.tasks.disguises import disguised  # noqa: PLC0415 - most functions grade nothing

    visible = _visible(text)
    lexicon, forms = _lexicon(), _forms()
    found: set[str] = set()
    for each in (visible, *disguised(visible, lexicon.words[_VOCABULARY])):
        folded = fold(each)
        found |= lexicon.notes(each)
        found |= {note for note, patterns in forms if any(pattern.search(folded) for pattern in patterns)}
    notes = sorted(found)
    if _INVISIBLE.search(text):
        notes.append("it holds invisible characters")
    return tuple(Flag(kind=FlagKind.INSTRUCTION, note=note) for note in notes)


def _visible(text: str) -> str:
    if text.isascii():
        return text
    return "".join(each for each in unicodedata.normalize("NFKC", text) if unicodedata.category(each) != "Cf")


@cache
def _lexicon() -> "Lexicon":
    """Return the cues and their weights; read when the first answer is graded."""
    from aita.tasks.cues import Lexicon  # noqa: PLC0415 - most functions grade nothing

    weights = _read("injection.toml")
    return Lexicon(_read("cues.toml"), weights["scores"], weights["covers"], weights["shapes"], weights["threshold"])


@cache
def _forms() -> tuple[tuple[str, tuple[re.Pattern[str], ...]], ...]:
    """Return each kind's note with the patterns of forms that are enough alone, such as a message's markup."""
    known = _read("injection.toml")
    parts = {f"{{{name}}}": part for name, part in known["parts"].items()}
    return tuple((note, tuple(_compile(each, parts) for each in kind)) for note, kind in known["patterns"].items())


def _compile(pattern: str, parts: dict[str, str]) -> re.Pattern[str]:
    for name, part in parts.items():
        pattern = pattern.replace(name, part)
    return re.compile(pattern, re.MULTILINE | re.DOTALL)


def _read(name: str) -> dict[str, Any]:
    import tomllib  # noqa: PLC0415 - most functions grade nothing
    from importlib import resources  # noqa: PLC0415 - most functions grade nothing

    return tomllib.loads(resources.files("aita").joinpath("tasks", name).read_text("utf-8"))
