"""Global options of ``aita``, which may stand anywhere on the command line."""

from collections.abc import Sequence
from typing import Any

ANYWHERE = {"--local": False, "--json": False, "--stack": True, "--region": True}
"""Global options, and whether a value follows."""


def hoist(arguments: Sequence[str], command: Any) -> list[str]:
    """Return the arguments with global options first, except for options that a subcommand has itself.

    Parameters
    ----------
    arguments
        The command line after the program's name.
    command
        The command that parses them, with its subcommands.
    """
    first: list[str] = []
    rest: list[str] = []
    own: set[str] = set()
    left = list(arguments)
    while left:
        argument = left.pop(0)
        if argument == "--":
            return [*first, *rest, argument, *left]
        name, equals, _ = argument.partition("=")
        if name in ANYWHERE and name not in own:
            first.append(argument)
            if ANYWHERE[name] and not equals and left:
                first.append(left.pop(0))
            continue
        rest.append(argument)
        below = getattr(command, "commands", {}).get(argument)
        if below is not None:
            command = below
            own.update(option for parameter in below.params for option in parameter.opts)
    return [*first, *rest]
