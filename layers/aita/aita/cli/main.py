"""The ``aita`` command: its options, its subcommands, and the handling of their errors."""

import sys
import time
from collections.abc import Callable, Sequence
from importlib.metadata import EntryPoint, entry_points
from itertools import takewhile
from typing import Annotated, Any

import typer
from typer.main import get_command

from aita.cli import exit_codes
from aita.cli.commands import (
    assignments,
    audit,
    console,
    covers,
    doctor,
    export,
    key,
    keys,
    kinds,
    names,
    piles,
    purge,
    report,
    review,
    rubric,
    run_lists,
    runs,
    students,
    upload,
    versions,
)
from aita.cli.global_options import hoist
from aita.cli.output import Output
from aita.cli.plain_usage import make_plain
from aita.cli.session import Session
from aita.errors import AitaError, LocalStackError, RequestError
from aita.version import VERSION

PLUGINS = "aita.commands"
"""Group of the entry points that add commands: each is a typer app with the command's name."""

_LOCAL = (
    "the stack on this computer takes a clone of the project and is no part of the package: run 'make venv emulator' "
    "in the clone, then '.venv/bin/aita local up'"
)
"""Error of ``aita local`` unless a plug-in provides the command."""

_EPILOG = "The options --local, --stack, --region and --json may also follow the command."


def main(arguments: Sequence[str] | None = None, pause: Callable[[float], None] = time.sleep) -> int:
    """Run a command line and return its exit status.

    Parameters
    ----------
    arguments
        Arguments after the program's name; ``None`` stands for the process's own.
    pause
        Function that waits some seconds.
    """
    command = make_command()
    hoisted = hoist(sys.argv[1:] if arguments is None else arguments, command)
    output = Output(as_json="--json" in takewhile(lambda argument: argument != "--", hoisted))
    try:
        status = command.main(hoisted, "aita", standalone_mode=False, obj=Session(output, pause))
    except AitaError as error:
        output.failed(type(error).__name__, str(error))
        return exit_codes.of_error(error)
    except typer.TyperException as error:
        context = getattr(error, "ctx", None)
        output.failed("UsageError", error.format_message(), context.get_usage() if context else "")
        return error.exit_code
    except OSError as error:
        output.failed("OSError", f"{error.filename or 'a file'}: {error.strerror or error}")
        return exit_codes.FAILED
    except (KeyboardInterrupt, typer.Abort):
        output.failed("Interrupted", "interrupted")
        return exit_codes.INTERRUPTED
    return status if isinstance(status, int) else exit_codes.DONE


def make_command() -> Any:
    """Return the command in the form that parses a line: typer's app, with everything in it resolved."""
    command = get_command(make_app())
    make_plain(command)
    return command


def make_app() -> typer.Typer:
    """Return the command with its subcommands, including plug-ins'."""
    app = typer.Typer(
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        epilog=_EPILOG,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(_options)
    for function in (
        upload.upload,
        runs.extract_questions,
        runs.generate_rubric,
        runs.transcribe,
        runs.grade,
        runs.exam,
        runs.estimate,
        kinds.run,
        kinds.kinds,
        assignments.assignments,
        run_lists.runs,
        runs.status,
        runs.watch,
        runs.resume,
        runs.cancel,
        run_lists.tasks,
        run_lists.results,
        report.report,
        console.console,
        export.export,
        audit.audit,
        purge.purge,
        doctor.doctor,
    ):
        app.command(epilog=_EPILOG)(function)
    app.command("covers", epilog=_EPILOG)(covers.make_covers)
    app.add_typer(review.app, name="review")
    app.add_typer(versions.questions, name="questions")
    app.add_typer(keys.app, name="keys")
    app.add_typer(rubric.app, name="rubric")
    app.add_typer(piles.app, name="piles")
    app.add_typer(students.app, name="students")
    app.add_typer(names.app, name="names")
    app.add_typer(key.app, name="key")
    plugins = {plugin.name: plugin for plugin in entry_points(group=PLUGINS)}
    for plugin in plugins.values():
        _add(app, plugin)
    if "local" not in plugins:
        _add_refusing(app, "local", "The stack on this machine: it takes a clone.", LocalStackError(_LOCAL))
    return app


def _add(app: typer.Typer, plugin: EntryPoint) -> None:
    """Add a plug-in's command, or a command that raises the reason why it can't be loaded."""
    try:
        loaded = plugin.load()
    except (ImportError, AttributeError) as error:
        reason = f"the command {plugin.name!r} can't be loaded ({error}): install aita again"
    else:
        if isinstance(loaded, typer.Typer):
            app.add_typer(loaded, name=plugin.name)
            return
        reason = f"the command {plugin.name!r} is no typer app"
    _add_refusing(app, plugin.name, "Can't be loaded.", RequestError(reason))


def _add_refusing(app: typer.Typer, name: str, summary: str, error: AitaError) -> None:
    """Add a command that accepts any arguments and raises the error."""

    @app.command(name, help=summary, context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
    def refuse() -> None:
        raise error


def _version(wanted: bool) -> None:
    if wanted:
        sys.stdout.write(f"aita {VERSION}\n")
        raise typer.Exit


def _options(
    context: typer.Context,
    local: Annotated[
        bool, typer.Option("--local", envvar="AITA_LOCAL", help="Use the stack that runs on this computer.")
    ] = False,
    stack: Annotated[
        str | None, typer.Option("--stack", metavar="NAME", help="The stack on AWS.", show_default="aita")
    ] = None,
    region: Annotated[
        str | None, typer.Option("--region", metavar="NAME", help="Its region.", show_default="as AWS is configured")
    ] = None,
    as_json: Annotated[  # noqa: ARG001 - read before, as it says how errors are written
        bool, typer.Option("--json", help="Print one JSON document and nothing else.")
    ] = False,
    version: Annotated[  # noqa: ARG001 - its callback does all
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Grade scanned handwritten exams: answer keys, rubrics, transcriptions, grades and reports."""
    session: Session = context.obj
    session.local = local
    session.stack_name = stack
    session.region = region
    commands = set(getattr(context.command, "commands", {})) - {"local"}
    source = context.get_parameter_source("local")  # AITA_LOCAL holds for what is pasted, too
    typed = local and source is not None and source.name == "COMMANDLINE"
    session.output.pasteable.choose(commands, local=typed, stack=stack, region=region)


if __name__ == "__main__":
    sys.exit(main())
