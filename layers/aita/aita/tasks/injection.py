"""Instructions in an answer: text that addresses the grader instead of answering the question.

Such text is neither obeyed nor punished: the answer goes to a person. Only known attempts are found here; the grader
reports others (``Grading.addresses_grader``).
"""

import base64
import re
import unicodedata
from functools import cache

from aita.models.review_flags import Flag, FlagKind

_INVISIBLE = re.compile(
    "[\u180e\u200b\u2060-\u2064\u202a-\u202e\u2066-\u206f\ufff9-\ufffb\U000e0000-\U000e01ef]"
    "|(?<=[A-Za-z])[\u200c\u200d\ufeff](?=[A-Za-z])"
)
"""Characters that hide or reverse text. Marks of direction, and joiners where a script needs them, are not among
them."""

_LOOKALIKES = str.maketrans(
    "аеіјорсухѕԁһԛԝАВЕНІЈКМОРСТУХЅαορνΑΒΕΖΗΙΚΜΝΟΡΤΥΧ",  # noqa: RUF001 - the very letters
    "aeijopcyxsdhqwABEHIJKMOPCTYXSaopvABEZHIKMNOPTYX",
)
"""Cyrillic and Greek letters by the Latin ones that they look like (Unicode, UTS #39, confusables)."""

_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{24,}={0,2}")


def suspicious(text: str) -> tuple[Flag, ...]:
    """Return a flag for each kind of instruction to the grader that a text seems to hold."""
    visible = "".join(each for each in unicodedata.normalize("NFKC", text) if unicodedata.category(each) != "Cf")
    forms = {visible, visible.translate(_LOOKALIKES), *_decoded(visible)}
    notes = [note for note, patterns in _known() if any(each.search(form) for each in patterns for form in forms)]
    if _INVISIBLE.search(text):
        notes.append("it holds invisible characters")
    return tuple(Flag(kind=FlagKind.INSTRUCTION, note=note) for note in notes)


def _decoded(text: str) -> list[str]:
    """Return the base64 parts of a text, decoded, as far as they are text."""
    found = []
    for run in _BASE64.findall(text):
        digits = run.rstrip("=").replace("-", "+").replace("_", "/")
        try:
            found.append(base64.b64decode(digits + "=" * (-len(digits) % 4)).decode())
        except ValueError:  # another length, or bytes that are no text
            continue
    return found


@cache
def _known() -> tuple[tuple[str, tuple[re.Pattern[str], ...]], ...]:
    """Return each flag's note with its patterns, from ``injection.toml``; read when the first answer is graded."""
    import tomllib  # noqa: PLC0415 - most functions grade nothing
    from importlib import resources  # noqa: PLC0415

    known = tomllib.loads(resources.files("aita").joinpath("tasks", "injection.toml").read_text("utf-8"))
    parts = {f"{{{name}}}": part for name, part in known["parts"].items()}
    return tuple(
        (note, tuple(_compile(each, parts) for each in each_kind)) for note, each_kind in known["patterns"].items()
    )


def _compile(pattern: str, parts: dict[str, str]) -> re.Pattern[str]:
    for name, part in parts.items():
        pattern = pattern.replace(name, part)
    return re.compile(pattern, re.IGNORECASE | re.MULTILINE | re.DOTALL)
