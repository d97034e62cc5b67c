"""Command that stores the model's API key."""

import getpass
import sys
from typing import Annotated

import typer
from rich.text import Text

from aita.cli.session import Session
from aita.client.api_key_secret import store_api_key
from aita.errors import RequestError
from aita.models.model_role import ModelRole

app = typer.Typer(no_args_is_help=True, help="The API key of the model.")


@app.callback()
def key() -> None:
    """Store the API key of the model."""


@app.command("set")
def set_key(
    context: typer.Context,
    *,
    role: Annotated[
        ModelRole | None,
        typer.Option("--for", help="The key of the reader's or the grader's endpoint, where it has one of its own."),
    ] = None,
) -> None:
    """Read the key from standard input and store it in Secrets Manager, where the functions read it."""
    session = Session.of(context)
    secret = _secret_of(session, role)
    given = _read()
    store_api_key(session.place, secret, given)
    shown = f"The key is stored in the secret {secret} of stack {session.stack.name}; functions take it up in 5 minutes"
    session.output.result({"secret": secret, "stack": session.stack.name}, Text(shown))


def _secret_of(session: Session, role: ModelRole | None) -> str:
    if role is None:
        if session.stack.api_key_secret is None:
            raise RequestError(
                f"the model of stack {session.stack.name} is Amazon Bedrock's, which the functions call by their role: "
                "it needs no key"
            )
        return session.stack.api_key_secret
    if role not in session.stack.role_secrets:
        raise RequestError(
            f"the {role} has no endpoint of its own that takes a key: leave --for out, or deploy the stack with a "
            f"{role.capitalize()}BaseUrl"
        )
    return session.stack.role_secrets[role]


def _read() -> str:
    given = getpass.getpass("API key (it is not shown): ") if sys.stdin.isatty() else sys.stdin.read()
    given = given.strip()
    if not given:
        raise RequestError("there is no key on standard input: aita key set < file-with-the-key")
    if not given.isascii() or not given.isprintable() or " " in given:
        raise RequestError("what came on standard input is no key: it has spaces, line breaks or other characters")
    return given
