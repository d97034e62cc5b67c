"""The texts of an error's body: providers put them at many places, and beside them may quote the prompt."""

from collections.abc import Collection, Iterator

_MOST_TEXT = 4_000
_DEEPEST = 6

_WORDS = frozenset(
    {"message", "msg", "detail", "details", "error", "errors", "title", "raw", "loc", "metadata", "innererror"}
    | {"error_description", "error_message", "status_msg", "param", "parameter"}
)
"""Fields whose text is for people, and those that such fields stand in."""

_CODES = frozenset({"code", "type", "status", "reason", "error_type", "error_code", "limit_source", "base_resp"})
_TELLING = _WORDS | _CODES
"""Fields whose text says what is wrong; others may quote the prompt."""


def message_text(body: object) -> str:
    """Return what a provider says of an error, for a person: it may quote the prompt."""
    return " ".join(dict.fromkeys(_texts(body, _WORDS)))


def diagnostic_text(body: object) -> str:
    """Return all that says what is wrong, with codes and parameters' names, to look for words in."""
    return " ".join(_texts(body, _TELLING))


def _texts(body: object, fields: Collection[str], depth: int = 0) -> Iterator[str]:
    if isinstance(body, str):
        yield body[:_MOST_TEXT]
    elif isinstance(body, list) and depth < _DEEPEST:
        for each in body:
            yield from _texts(each, fields, depth + 1)
    elif isinstance(body, dict) and depth < _DEEPEST:
        for name, value in body.items():
            if str(name).lower() in fields:
                yield from _texts(value, fields, depth + 1)
