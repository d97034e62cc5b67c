"""Misspelt fields of uploaded JSON, which would be passed over as unknown ones are."""

from collections.abc import Iterator
from difflib import get_close_matches
from typing import Any

from pydantic import BaseModel

_ALIKE = 0.75
"""Share of equal letters from which on an unknown field is a misspelt one: ``is_bonus`` and ``choice`` are."""


def misspelt_fields(read: Any, given: Any, path: str = "") -> Iterator[str]:
    """Yield a problem for each unknown field whose name is close to one that is not given beside it.

    Parameters
    ----------
    read
        Content as it was read: models, and tuples and dictionaries of models.
    given
        The same content as plain JSON.
    """
    if isinstance(read, BaseModel):
        fields = type(read).model_fields
        for name, value in given.items():
            if name in fields:
                yield from misspelt_fields(getattr(read, name), value, f"{path}.{name}")
            elif meant := get_close_matches(name.casefold(), fields.keys() - given.keys(), 1, _ALIKE):
                where = f"{path}.{name}".lstrip(".")
                yield f"{where}: there is no such field, and it would do nothing: name it {meant[0]}, or take it out"
    elif isinstance(read, dict):
        for key, value in read.items():
            yield from misspelt_fields(value, given[key], f"{path}.{key}")
    elif isinstance(read, tuple):
        for place, (value, plain) in enumerate(zip(read, given, strict=True)):
            yield from misspelt_fields(value, plain, f"{path}[{place}]")
