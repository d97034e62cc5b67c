"""Commands in messages, completed with the global options in use, so that each can be pasted as it is."""

import re
import shlex
from collections.abc import Callable, Iterable

Command = Callable[..., str]
"""Makes a command line of its words; in views of one assignment, a command on this assignment."""

_SAM = re.compile(r"(?<![\w./-])sam (deploy|logs)(?![\w-])(?! --stack-name)")


class Pasteable:
    """The global options of this invocation, and the commands that take them.

    Messages that come from the services or the API name commands, such as ``aita watch RUN``, and know nothing of the
    stack that the command line has chosen. Commands of sam would be of the stack in ``samconfig.toml``.
    """

    def __init__(self) -> None:
        self._options: tuple[str, ...] = ()
        self._sam_options: dict[str, tuple[str, ...]] = {}
        self._command = re.compile(r"(?!)")

    def choose(self, commands: Iterable[str], *, local: bool, stack: str | None, region: str | None) -> None:
        """Take the options that were given on the line, and the names of the commands that take them."""
        self._options = (
            *(["--local"] if local else []),
            *(["--stack", stack] if stack else []),
            *(["--region", region] if region else []),
        )
        of_stack = ("--stack-name", stack) if stack else ()
        prefix = ("--s3-prefix", stack) if stack else ()  # as docs/operations.md deploys a stack of another name
        in_region = ("--region", region) if region else ()
        self._sam_options = {"deploy": (*of_stack, *prefix, *in_region), "logs": (*of_stack, *in_region)}
        names = "|".join(map(re.escape, sorted(commands, key=len, reverse=True)))
        self._command = re.compile(rf"(?<![\w./-])(?<!--stack )aita (?=(?:{names})(?![\w-]|\.\w))")

    def command(self, *words: str) -> str:
        """Return a command line with the options."""
        return shlex.join(["aita", *self._options, *words])

    def complete(self, text: str) -> str:
        """Return a message with the options in each command that it names without any."""
        if not self._options:
            return text
        completed = self._command.sub(lambda _: shlex.join(["aita", *self._options]) + " ", text)
        return _SAM.sub(lambda found: shlex.join(["sam", found[1], *self._sam_options[found[1]]]), completed)
