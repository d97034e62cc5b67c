"""Session of a command: global options, settings, the stack and its API."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property

import typer

from aita.cli.output import Output
from aita.cli.pasteable import Command
from aita.client.api_client import ApiClient
from aita.client.file_transfer import FileTransfer
from aita.client.sigv4 import SigV4Transport
from aita.client.stack_outputs import Stack, find_stack
from aita.client.stack_target import StackTarget
from aita.client.target_selection import choose_target
from aita.settings import UserSettings


@dataclass
class Session:
    """One invocation of ``aita``. The stack is looked up when a command first needs it.

    Parameters
    ----------
    output
        Output of the command.
    pause
        Function that waits some seconds.
    local, stack_name, region
        Global options.
    """

    output: Output
    pause: Callable[[float], None] = field(default=time.sleep, repr=False)
    local: bool = False
    stack_name: str | None = None
    region: str | None = None

    @classmethod
    def of(cls, context: typer.Context) -> "Session":
        """Return the session of a command, with the settings checked.

        Raises
        ------
        SettingsError
            If AITA_* variables are wrong; the message names each.
        """
        session: Session = context.obj
        _ = session.settings
        return session

    @cached_property
    def settings(self) -> UserSettings:
        """Settings from the AITA_* variables."""
        return UserSettings.read()

    @cached_property
    def place(self) -> StackTarget:
        """Location of the stack."""
        return choose_target(local=self.local, stack=self.stack_name, region=self.region)

    @cached_property
    def stack(self) -> Stack:
        """The deployed stack."""
        return find_stack(self.place)

    @cached_property
    def api(self) -> ApiClient:
        """The stack's API."""
        return ApiClient(SigV4Transport(self.place, self.stack.api_url, self.stack.region, self.pause))

    @cached_property
    def transfer(self) -> FileTransfer:
        """Transfer of files to and from the stack's bucket."""
        return FileTransfer(self.place, self.pause)

    @property
    def bar(self) -> bool:
        """Whether progress is shown."""
        return self.settings.show_progress

    def command(self, *words: str) -> str:
        """Return a command line for the same stack."""
        return self.output.pasteable.command(*words)

    def command_on(self, assignment: str) -> Command:
        """Return the maker of command lines on an assignment, for the same stack."""
        return lambda *words: self.command(*words, "--assignment", assignment)
