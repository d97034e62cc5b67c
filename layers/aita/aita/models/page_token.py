"""Tokens of a list's pages, where a token is the place of the page's first entry in the whole list."""

from aita.errors import RequestError

_LONGEST = 12  # digits; far more entries than a list has


def place_of(token: str | None) -> int:
    """Return the place of a page's first entry; without a token, that of the list's first page.

    Raises
    ------
    RequestError
        If no list gives such a token.
    """
    if token is None:
        return 0
    if not token.isdecimal() or len(token) > _LONGEST:
        raise RequestError("next_token is not one that this list gave")
    return int(token)
