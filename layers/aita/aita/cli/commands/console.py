"""Command that serves the console."""

import webbrowser
from importlib.util import find_spec
from typing import Annotated

import typer

from aita.cli.console_work.kinds import own_work
from aita.cli.session import Session
from aita.errors import RequestError

_NEEDED = ("starlette", "uvicorn")


def console(
    context: typer.Context,
    port: Annotated[
        int,
        typer.Option(
            "--port", metavar="N", min=0, max=65535, help="Port on this computer.", show_default="any that is free"
        ),
    ] = 0,
    no_browser: Annotated[bool, typer.Option("--no-browser", help="Show the address, and open no browser.")] = False,
) -> None:
    """Grade in the browser: serve the console on this computer until Ctrl-C.

    It calls the stack with your credentials, and answers this computer's browser alone. The address holds a secret:
    whoever has it can do on this computer what you can do on the stack.
    """
    session = Session.of(context)
    if missing := [name for name in _NEEDED if find_spec(name) is None]:
        raise RequestError(
            f"the console needs {' and '.join(missing)}: run pip install 'aita-grader[console]', or in a clone of the "
            "project make venv"
        )
    from aita.client.console.server import serve_console  # noqa: PLC0415 - needs what is checked above

    def ready(address: str) -> None:
        session.output.result({"url": address}, f"the console is at {address}\nCtrl-C stops it")
        if not no_browser and not webbrowser.open(address):
            session.output.warn("no browser was found here: open the address yourself")

    try:
        serve_console(session.place, session.stack, port, own_work, ready)
    except KeyboardInterrupt:
        session.output.note("the console has stopped")
