"""Output to the terminal: results to standard output, everything else to standard error.

Text is never read as rich's markup, and its control characters are escaped, so that a file or a
student named ``[red]`` is shown as such.
"""

import json
import os
import sys
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel
from rich.console import Console, RenderableType
from rich.text import Text

from aita.cli.pasteable import Pasteable
from aita.cli.plain_usage import plain_error
from aita.cli.views.prose import fitting
from aita.cli.views.terminal_escape import printable

_FILE_WIDTH = 200
"""Width of a file or pipe, in columns, unless COLUMNS says another: nothing is cut there."""


class Output:
    """Output of a command.

    Parameters
    ----------
    as_json
        Whether standard output gets exactly one JSON document.
    """

    def __init__(self, *, as_json: bool) -> None:
        self.as_json = as_json
        self.pasteable = Pasteable()
        is_terminal = sys.stdout.isatty()
        width = None if is_terminal or "COLUMNS" in os.environ else _FILE_WIDTH  # rich reads COLUMNS
        self._pads = is_terminal
        self._out = Console(width=width, markup=False, highlight=False, emoji=False, soft_wrap=True)
        self.err = Console(stderr=True, markup=False, highlight=False, emoji=False, soft_wrap=True)

    def say(self, text: str) -> None:
        """Write a line for people: to standard error when standard output is for JSON."""
        if self.as_json:
            self._err(Text(self._text(text)))
        else:
            self._print(Text(self._text(text)))

    def note(self, text: str) -> None:
        """Write a line that is not part of the result."""
        self._err(Text(self._text(text), style="dim"))

    def warn(self, text: str) -> None:
        """Write a warning, which is not part of the result."""
        self._err(Text(self._text(text), style="yellow"))

    def show(self, shown: RenderableType) -> None:
        """Write a part of the result for people before the rest is known; with ``--json`` nothing is written."""
        if not self.as_json:
            self._print(shown)

    def result(self, document: BaseModel | Mapping[str, Any], shown: RenderableType) -> None:
        """Write a command's result: ``document`` with ``--json``, else ``shown``, its form for people."""
        if self.as_json:
            self._document(document)
        self.show(shown)

    def failed(self, error: str, message: str, usage: str = "") -> None:
        """Write the error that ended the command; with ``--json`` as the document."""
        message = plain_error(message)
        if self.as_json:
            self._document({"error": error, "message": self.pasteable.complete(message)})
            return
        if usage:
            self._err(Text(printable(usage), style="dim"))
        self._err(Text.assemble(("Error: ", "bold red"), self._text(message)))

    def _err(self, text: Text) -> None:
        """Write text to standard error, wrapped between words on a terminal."""
        self.err.print(fitting(text) if self.err.is_terminal else text)

    def _print(self, shown: RenderableType) -> None:
        """Write to a terminal as rich does, and to a file without the blanks with which rich pads lines."""
        shown = fitting(shown) if self._out.is_terminal else shown  # programs read a file's lines
        if self._pads:
            self._out.print(shown)
            return
        with self._out.capture() as capture:
            self._out.print(shown)
        lines = capture.get().split("\n")
        sys.stdout.write("\n".join(line.rstrip(" ") for line in lines))

    def _text(self, text: str) -> str:
        return printable(self.pasteable.complete(text))

    def _document(self, document: BaseModel | Mapping[str, Any]) -> None:
        shown = document.model_dump(mode="json") if isinstance(document, BaseModel) else document
        sys.stdout.write(json.dumps(shown, indent=2) + "\n")
