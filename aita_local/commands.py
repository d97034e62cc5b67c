"""``aita local``: the commands that start and stop the laptop's stack."""

from dataclasses import asdict
from typing import Annotated

import typer

from aita.cli.session import Session
from aita.errors import RequestError
from aita.settings import UserSettings
from aita_local import stack

app = typer.Typer(help="The stack on this machine: the emulator and the simulated model.", no_args_is_help=True)


@app.command()
def up(
    context: typer.Context,
    *,
    anything: Annotated[
        bool, typer.Option("--anything", help="Let the simulated model make up what the sample exam does not have.")
    ] = False,
) -> None:
    """Start the local stack, and deploy it where files or settings changed.

    Takes AITA_MAX_WORKERS, AITA_RATE_LIMIT_RPS, AITA_MASK_HEADER, AITA_MODEL, OPENAI_BASE_URL and OPENAI_API_KEY; for a
    reader and a grader of their own AITA_READER_MODEL, _BASE_URL and _API_KEY, and AITA_GRADER_MODEL and so on; and
    AITA_PRICES, a file of prices. Without a key the simulated model answers, which knows the sample exam only; with
    OPENAI_BASE_URL=bedrock it does so as Amazon Bedrock does.
    """
    output = Session.of(context).output
    user = UserSettings.read()
    settings = stack.LocalSettings.of(user)
    if user.openai_base_url is not None and settings.base_url is None:
        output.note("OPENAI_BASE_URL has no effect without OPENAI_API_KEY: set that to any word if no key is asked for")
    if anything and not settings.is_simulated:
        raise RequestError("--anything is for the simulated model: unset OPENAI_API_KEY to have it")
    model_options = ["--anything"] if anything else []
    connection = stack.up(settings, model_options=model_options, say=output.note)
    output.result(
        asdict(connection), f"the local stack is up: {connection.max_workers} at once, model {connection.model}"
    )


@app.command()
def down(context: typer.Context) -> None:
    """Stop the local stack. Its tables and files come back with the next `aita local up`."""
    output = Session.of(context).output
    stack.down(say=output.note)
    output.result({"stopped": True}, "the local stack is down")


@app.command()
def status(context: typer.Context) -> None:
    """Tell whether the local stack is up; the exit status is 1 unless it is."""
    now = stack.status()
    lines = [
        f"emulator         {'running' if now.emulator else 'stopped'}",
        f"simulated model  {'running' if now.simulated_model else 'stopped'}",
        f"stack            {now.stack or 'not deployed, or not running'}",
    ]
    if now.connection is not None:
        lines += [
            f"endpoint         {now.connection.endpoint_url}",
            f"model            {now.connection.model} at {now.connection.model_base_url}",
            f"at once          {now.connection.max_workers}",
        ]
    Session.of(context).output.result(asdict(now), "\n".join(lines))
    if now.connection is None or not now.emulator:
        raise typer.Exit(1)
