"""``aita local``: the commands that start and stop the laptop's stack."""

import typer

from aita.settings import UserSettings
from local import stack

app = typer.Typer(help="The stack on this machine: the emulator and the simulated model.", no_args_is_help=True)


@app.command()
def up() -> None:
    """Start the local stack, and deploy it where files or settings changed.

    Takes AITA_MAX_WORKERS, AITA_RATE_LIMIT_RPS, AITA_MODEL, OPENAI_BASE_URL and OPENAI_API_KEY.
    Without a key the simulated model answers, for the sample exam only.
    """
    user = UserSettings.read()
    if user.openai_base_url is not None and user.openai_api_key is None:
        typer.echo("OPENAI_BASE_URL has no effect without OPENAI_API_KEY: set that to any word if no key is asked for")
    stack.up(stack.LocalSettings.of(user), say=typer.echo)


@app.command()
def down() -> None:
    """Stop the local stack. Its tables and files come back with the next `aita local up`."""
    stack.down(say=typer.echo)


@app.command()
def status() -> None:
    """Tell what runs; the exit status is 1 unless the local stack is up."""
    now = stack.status()
    typer.echo(f"emulator         {'running' if now.emulator else 'stopped'}")
    typer.echo(f"simulated model  {'running' if now.simulated_model else 'stopped'}")
    typer.echo(f"stack            {now.stack or 'not deployed, or not running'}")
    if now.connection is None:
        raise typer.Exit(1)
    typer.echo(f"endpoint         {now.connection.endpoint_url}")
    typer.echo(f"model            {now.connection.model} at {now.connection.model_base_url}")
    typer.echo(f"at once          {now.connection.max_workers}")
    if not now.emulator:
        raise typer.Exit(1)
