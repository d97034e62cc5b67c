"""Making covers to print from the roster."""

import json
from pathlib import Path

import pytest

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
    code, _, error = aita("covers", "-a", "midterm", "--out", "covers.pdf")
    assert code != 0
    assert "save it as PDF from there" in error
    assert stack.requests == []
