"""Options of commands that record a person's decision."""

import getpass
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer
from pydantic import ValidationError

from aita.errors import AitaError, ConflictError, RequestError

WHO_IS_HERE = "who is logged in here"

By = Annotated[str | None, typer.Option("--by", metavar="NAME", help="Who decides.", show_default=WHO_IS_HERE)]

Again = Annotated[bool, typer.Option("--again", help="Decide otherwise than before.")]


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


@contextmanager
def already_recorded(subject: str) -> Iterator[None]:
    """Let an error say that the decision was recorded before it.

    Parameters
    ----------
    subject
        Id of the answer or the part that the decision is about.

    Raises
    ------
    AitaError
        The error of the block, with its class.
    """
    try:
        yield
    except AitaError as error:
        raise type(error)(
            f"the decision on {subject} was recorded, and only what came after it failed: {error}"
        ) from None


def refuse_second(before: str, look: str, *, again: bool) -> None:
    """Refuse to replace a decision that counts, unless that is asked for.

    Parameters
    ----------
    before
        A decision with its person and time, as a sentence without its end; empty if no decision counts.
    look
        Command line that shows the decision.

    Raises
    ------
    ConflictError
        If a decision counts, and another one was not asked for.
    """
    if before and not again:
        raise ConflictError(f"{before}: nothing was decided. Look again ({look}), and add --again to decide otherwise")
