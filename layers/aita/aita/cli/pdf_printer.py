"""Printing of HTML files as PDF, by the Chromium or Chrome of this computer."""

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Self

from aita.errors import RequestError

_COMMANDS = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "chrome",
    "msedge",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
)
_HTML = "leave --pdf out for reports in HTML"
_DEADLINE = 300.0  # seconds; a report takes some, and the covers of a large class a minute
_OPTIONS = (
    "--headless",
    "--disable-gpu",
    "--disable-extensions",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--no-pdf-header-footer",
)


@dataclass(frozen=True, slots=True)
class PdfPrinter:
    """Headless Chromium; ``instead`` says in its errors what goes without it."""

    command: str
    instead: str = _HTML

    @classmethod
    def find(cls, asked: str = "--pdf", instead: str = _HTML) -> Self:
        """Return the printer of this computer.

        Parameters
        ----------
        asked
            Option that asks for a PDF.

        Raises
        ------
        RequestError
            If there is no Chromium or Chrome.
        """
        for name in _COMMANDS:
            if (command := shutil.which(name)) is not None:
                return cls(command, instead)
        raise RequestError(
            f"{asked} prints with Chromium or Chrome, and neither is on the PATH here: install one, or {instead}"
        )

    def print(self, page: Path, pdf: Path) -> None:
        """Print an HTML file; a PDF that is there already is replaced.

        Raises
        ------
        RequestError
            If no PDF comes out of it.
        """
        pdf.unlink(missing_ok=True)
        with TemporaryDirectory(prefix="aita-chromium-", ignore_cleanup_errors=True) as profile:
            options = [*_OPTIONS, f"--user-data-dir={profile}", f"--print-to-pdf={pdf.resolve()}"]
            if hasattr(os, "geteuid") and os.geteuid() == 0:  # Chromium refuses root in its sandbox
                options.append("--no-sandbox")
            try:
                subprocess.run(  # noqa: S603 - a browser from the PATH, and no shell
                    [self.command, *options, page.resolve().as_uri()],
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,  # of a pipe, the end would be waited for while any child holds it
                    stderr=subprocess.DEVNULL,
                    timeout=_DEADLINE,
                    check=True,
                )
            except (OSError, subprocess.SubprocessError) as error:
                reason = f"{self.command} printed no PDF: {type(error).__name__}"
                raise RequestError(f"{reason}. Try again, or {self.instead}") from error
        if not pdf.is_file():
            raise RequestError(f"{self.command} printed no PDF and says nothing of it. Try again, or {self.instead}")
