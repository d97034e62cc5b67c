"""Covers: each student's name as it stands, and a code on each sheet that is read from the print."""

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from aita.errors import InvalidMaterialError
from aita.imaging.codes import read_codes
from aita.imaging.pages import pages
from aita.models.student import RosterEntry
from aita.reports.covers import Paper, covers
from aita.services.assignments.cover_codes import make, parse
from tests.support.chromium import NAMES

ROSTER = (
    RosterEntry(name="Lovelace, Ada", number="0012345", section="B"),
    RosterEntry(name="王小明", number="2"),
    RosterEntry(name="محمد بن سلمان"),
    RosterEntry(name="<b>Bobby</b> & sons"),
    RosterEntry(name="Maria Elisabeth " * 8, number="5" * 20),
)
CHROMIUM = next(filter(None, map(shutil.which, NAMES)), None)


def sheets(html: bytes) -> Iterator[str]:
    yield from re.findall(r'<section class="sheet">.*?</section>', html.decode(), re.DOTALL)


def test_each_student_has_a_cover_and_as_many_sheets_as_were_asked_for() -> None:
    made = list(sheets(covers("midterm", ROSTER, 2, Paper.A4)))
    assert len(made) == 3 * len(ROSTER)
    assert ["Lovelace, Ada" in sheet for sheet in made] == [True] * 3 + [False] * 12
    assert [re.findall(r"cover</p>|page \d of 2", sheet) for sheet in made[:3]] == [
        ["cover</p>"],
        ["page 1 of 2"],
        ["page 2 of 2"],
    ]
    assert "0012345" in made[0]


def test_a_name_is_text() -> None:
    html = covers("midterm", ROSTER, 0, Paper.A4)
    assert b"&lt;b&gt;Bobby&lt;/b&gt; &amp; sons" in html
    assert b"<script" not in html


@pytest.mark.parametrize(
    "twins",
    [
        (RosterEntry(name="Min Lee"), RosterEntry(name="Min Lee")),
        (RosterEntry(name="Min Lee", number="007"), RosterEntry(name="Ann Poe", number="7")),
    ],
)
def test_students_whose_codes_would_be_one_get_none(twins: tuple[RosterEntry, ...]) -> None:
    with pytest.raises(InvalidMaterialError, match="2 students can't be told apart"):
        covers("midterm", (*ROSTER, *twins), 0, Paper.A4)


@pytest.mark.slow
@pytest.mark.xdist_group("chromium")
@pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed")
@pytest.mark.parametrize("paper", Paper)
def test_printed_sheets_are_read_at_a_hundred_dots_an_inch(tmp_path: Path, paper: Paper) -> None:
    name = "a-long-name-of-an-assignment_" + "x" * 35
    (tmp_path / "covers.html").write_bytes(covers(name, ROSTER, 1, paper))
    assert CHROMIUM is not None
    printed = subprocess.run(
        [
            CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path / 'profile'}",
            "--no-pdf-header-footer", f"--print-to-pdf={tmp_path / 'covers.pdf'}", f"{tmp_path / 'covers.html'}",
        ],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=120, check=True,
    )  # fmt: skip
    assert printed.returncode == 0
    longest = {Paper.A4: 1169, Paper.LETTER: 1100}[paper]
    read = [read_codes(page) for page in pages((tmp_path / "covers.pdf").read_bytes(), longest_side=longest)]
    assert read == [(make(name, entry, page).text,) for entry in ROSTER for page in (0, 1)]
    assert all(parse(text) for (text,) in read)
