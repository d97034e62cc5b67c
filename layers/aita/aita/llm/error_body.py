"""Texts in the body of an error response. Providers put them in many places, and other fields may quote the prompt."""

from collections.abc import Collection, Iterator

_MOST_TEXT = 4_000
_DEEPEST = 8

_MESSAGES = frozenset(
    {"message", "msg", "detail", "details", "error", "errors", "title", "raw", "loc", "metadata", "innererror"}
    | {"error_description", "error_message", "error_msg", "errmsg", "status_msg", "param", "parameter"}
    | {"cause", "causes", "inner_error", "original_error", "upstream_error"}
)
"""Fields with texts for people, and fields that contain such fields."""

_CODES = frozenset({"code", "type", "status", "reason", "error_type", "error_code", "limit_source", "base_resp"})
_DIAGNOSTIC = _MESSAGES | _CODES
"""Fields that describe the error; others may quote the prompt."""


def message_text(body: object) -> str:
    """Return the provider's message for a person. It may quote the prompt."""
    return " ".join(dict.fromkeys(_texts(body, _MESSAGES)))


def diagnostic_text(body: object) -> str:
    """Return messages, codes and parameter names, for matching; not for a person.

    Codes that are numbers are left out: they would be read as a limit's.
    """
    return " ".join(_texts(body, _DIAGNOSTIC))


def field_text(body: object, name: str, depth: int = 0) -> str:
    """Return the text or number in the first field of a name, in lower case, wherever it stands; empty if none does."""
    if depth < _DEEPEST and isinstance(body, list | dict):
        for key, value in body.items() if isinstance(body, dict) else enumerate(body):
            if str(key).lower() == name and isinstance(value, str | int | float):
                return str(value)[:_MOST_TEXT]
            if found := field_text(value, name, depth + 1):
                return found
    return ""


def _texts(body: object, fields: Collection[str], depth: int = 0) -> Iterator[str]:
    if isinstance(body, str):
        yield body[:_MOST_TEXT]
    elif isinstance(body, list) and depth < _DEEPEST:
        for each in body:
            yield from _texts(each, fields, depth + 1)
    elif isinstance(body, dict) and depth < _DEEPEST:
        for name, value in body.items():
            is_number = isinstance(value, str) and value.isdecimal()
            if str(name).lower() in fields and not (is_number and str(name).lower() in _CODES):
                yield from _texts(value, fields, depth + 1)
