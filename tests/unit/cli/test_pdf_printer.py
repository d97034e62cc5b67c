"""Printing as PDF by a browser that does not behave."""

import os
import time
from pathlib import Path

import pytest

from aita.cli.pdf_printer import PdfPrinter
from aita.errors import RequestError

PRINTS = 'for each in "$@"; do case $each in --print-to-pdf=*) printf %PDF- > "${each#--print-to-pdf=}";; esac; done\n'


def browser(folder: Path, script: str) -> PdfPrinter:
    command = folder / "browser"
    command.write_text(f"#!/bin/sh\n{script}")
    command.chmod(0o755)
    return PdfPrinter(str(command))


@pytest.fixture
def page(tmp_path: Path) -> Path:
    path = tmp_path / "page.html"
    path.write_text("<p>A report")
    return path


pytestmark = pytest.mark.skipif(os.name == "nt", reason="the browser is a shell script")


def test_a_child_that_outlives_the_browser_is_not_waited_for(page: Path, tmp_path: Path) -> None:
    begin = time.monotonic()
    browser(tmp_path, f"{PRINTS}sleep 5 &\n").print(page, tmp_path / "page.pdf")
    assert time.monotonic() - begin < 4


def test_a_pdf_of_before_is_not_taken_for_the_new_one(page: Path, tmp_path: Path) -> None:
    pdf = tmp_path / "page.pdf"
    pdf.write_bytes(b"%PDF- of before")
    with pytest.raises(RequestError, match="printed no PDF and says nothing of it"):
        browser(tmp_path, "exit 0").print(page, pdf)
    assert not pdf.exists()
