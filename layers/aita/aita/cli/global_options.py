"""Options of ``aita`` itself may stand anywhere on the line, as people type them."""

from collections.abc import Sequence
from typing import Any

ANYWHERE = {"--local": False, "--json": False, "--stack": True, "--region": True}
"""Those options, and whether a value follows."""


def hoist(arguments: Sequence[str], command: Any) -> list[str]:
    """Return the arguments with those options first, but for one that a subcommand has of its own.

    Parameters
    ----------
    arguments
        The command line after the program's name.
    command
        The command, with its subcommands, that is going to read them.
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
