"""Making covers to print from the roster."""

import json
import shutil
from pathlib import Path

import pytest

from aita.imaging.codes import read_codes
from aita.imaging.pages import pages
from aita.services.assignments.cover_codes import CoverCode, parse
from tests.support.chromium import NAMES
from tests.support.command_fixtures import Aita
from tests.support.fake_stack import FakeStack

ROSTER = b"Name,Student ID\nAnn Lee,1\n\xe7\x8e\x8b\xe5\xb0\x8f\xe6\x98\x8e,2\n"


def answered(stack: FakeStack, roster: bytes | None) -> None:
    files = [] if roster is None else [stack.file("roster.csv", roster)]
    stack.answer("GET", "/assignments/midterm/files", {"files": files})


def test_covers_are_made_of_the_roster(stack: FakeStack, aita: Aita) -> None:
    answered(stack, ROSTER)
    code, out, _ = aita("covers", "-a", "midterm", "--pages", "8", "--paper", "letter")
    assert code == 0
    assert "2 covers in covers.html" in out
    assert "18 sheets of Letter paper" in out
    html = Path("covers.html").read_text(encoding="utf-8")
    assert html.count('class="sheet"') == 18
    assert "王小明" in html


def test_the_document_counts_them(stack: FakeStack, aita: Aita) -> None:
    answered(stack, ROSTER)
    _, out, _ = aita("covers", "-a", "midterm", "-o", "c.html", "--json")
    assert json.loads(out) == {"assignment": "midterm", "file": "c.html", "covers": 2, "sheets": 2, "paper": "a4"}


@pytest.mark.parametrize("roster", [None, b"Name,Student ID\n"], ids=["no roster", "nobody on it"])
def test_without_students_the_remedy_is_told(stack: FakeStack, aita: Aita, roster: bytes | None) -> None:
    answered(stack, roster)
    code, _, error = aita("covers", "-a", "midterm")
    assert code != 0
    assert "aita upload roster.csv --assignment midterm" in error
    assert not Path("covers.html").exists()


def test_another_kind_of_file_is_refused_before_anything_is_asked(stack: FakeStack, aita: Aita) -> None:
    code, _, error = aita("covers", "-a", "midterm", "--out", "covers.docx")
    assert code != 0
    assert "name it covers.html or covers.pdf" in error
    assert stack.requests == []


def test_without_a_browser_a_pdf_is_refused_with_what_to_do(
    stack: FakeStack, aita: Aita, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("aita.cli.pdf_printer.shutil.which", lambda _: None)
    code, _, error = aita("covers", "-a", "midterm", "--out", "covers.pdf")
    assert code != 0
    assert "neither is on the PATH here: install one, or write covers.html" in error
    assert stack.requests == []


@pytest.mark.slow
@pytest.mark.xdist_group("chromium")
@pytest.mark.skipif(not any(map(shutil.which, NAMES)), reason="Chromium is not installed")
def test_a_pdf_is_printed_here(stack: FakeStack, aita: Aita) -> None:
    answered(stack, ROSTER)
    code, out, error = aita("covers", "-a", "midterm", "--out", "covers.pdf", "--pages", "1")
    assert code == 0, error
    assert "2 covers in covers.pdf" in out
    read = [read_codes(page) for page in pages(Path("covers.pdf").read_bytes())]
    codes = [parse(text) for (text,) in read]
    assert [code.page for code in codes if isinstance(code, CoverCode)] == [0, 1, 0, 1]
