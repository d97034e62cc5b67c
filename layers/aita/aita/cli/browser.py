"""Files that a command opens in the browser."""

import webbrowser
from pathlib import Path

from aita.cli.output import Output


def open_in_browser(output: Output, path: Path) -> None:
    """Open a file in the browser, or say where it is if this computer has none."""
    if not webbrowser.open(path.resolve().as_uri()):
        output.warn(f"no browser was found here: open {path} yourself")
