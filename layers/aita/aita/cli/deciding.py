"""Options of commands that record a person's decision."""

import getpass
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer
from pydantic import ValidationError

from aita.errors import RequestError

By = Annotated[
    str | None, typer.Option("--by", metavar="NAME", help="Who decides.", show_default="who is logged in here")
]


def current_user() -> str:
    """Return the name of the user who is logged in on this computer.

    Raises
    ------
    RequestError
        If the computer does not tell.
    """
    try:
        return getpass.getuser()
    except (ImportError, KeyError, OSError):
        raise RequestError("this computer does not tell who you are: give your name with --by") from None


@contextmanager
def decision_options(**options: str) -> Iterator[None]:
    """Turn an invalid request into an error that names the options.

    Parameters
    ----------
    options
        Names of the options, by the request's fields, where they differ.

    Raises
    ------
    RequestError
        If an option's value is invalid.
    """
    try:
        yield
    except ValidationError as error:
        found = [(str(detail["loc"][0]), detail["msg"]) for detail in error.errors(include_input=False)]
        wrong = "; ".join(f"--{options.get(field, field)}: {problem}" for field, problem in found)
        raise RequestError(f"nothing was decided: {wrong}") from None
