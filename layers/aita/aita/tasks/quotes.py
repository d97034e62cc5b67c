"""Quotes: whether words stand in an answer, whatever became of their white space and typography on the way."""

import re
import unicodedata

_STRIKE = "~~"
_STRUCK = re.compile(f"{_STRIKE}.*?{_STRIKE}", re.DOTALL)
_UNREAD = "[illegible]"

_ONE_FORM = str.maketrans(
    dict.fromkeys("‘’‚‛′‵`´＇", "'")  # noqa: RUF001
    | dict.fromkeys("“”„‟″‶«»＂", '"')  # noqa: RUF001
    | dict.fromkeys("‐‑‒–—―−﹘﹣－", "-")  # noqa: RUF001
    | dict.fromkeys("×✕✖⨯╳", "x")  # noqa: RUF001
    | dict.fromkeys("·∙•", "⋅")
    | dict.fromkeys("⁄∕", "/")  # noqa: RUF001
    | dict.fromkeys((chr(code) for code in range(ord(" ")) if not chr(code).isspace()), "\ufffd")
    | {"\b": r"\b"}
)
"""Characters that a model writes for one another, by the one that stands for them here. Control characters are read in
no reply; they may stand in a transcription that was made before replies were read so."""

_FORM_FEED = re.compile(r"\f(?=[A-Za-z])")


def stands_in(quote: str, answer: str) -> bool:
    """Tell whether a quote stands in an answer word for word.

    White space, Unicode's compatible forms, and kinds of quotation marks, dashes and times signs make no
    difference. Words that the student struck out are passed over, unless the quote marks them as the answer does.
    """
    return _plain(quote) in _plain(answer if _STRIKE in quote else _STRUCK.sub("", answer))


def is_evidence(quote: str) -> bool:
    """Tell whether a quote holds something that was written, can be read and was not struck out."""
    return _plain(_STRUCK.sub("", quote).replace(_UNREAD, "")) != ""


def _plain(text: str) -> str:
    text = _FORM_FEED.sub(r"\\f", text)
    text = unicodedata.normalize("NFKC", text.translate(_ONE_FORM)).translate(_ONE_FORM)
    visible = "".join(character for character in text if unicodedata.category(character) != "Cf")
    return " ".join(visible.split()).strip("\"' ")
