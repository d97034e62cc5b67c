"""Hostile files: each is refused with a reason or becomes bounded pages, in bounded time and memory."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from aita.errors import UnreadableScanError
from aita.imaging.isolated import MEMORY, pages_apart
from aita.models.scan import PageImage
from aita_local.state_dir import PROJECT
from tests.system.hostile_files import ENDLESS, FILES, LONGEST, SECRET

pytestmark = pytest.mark.long

BOMBS = [name for name in FILES if "89 megapixels" in name]
REFUSED = {
    "progressive JPEG of 5,000 scans": "more than 100 scans",
    "PNG strip of 80,000,000 x 1": "a side of more than 65,535 pixels",
    ENDLESS: "too long",
    "PDF form that draws itself": "more memory",
    "PDF forms that draw 10^9 times": "more memory",
    "PDF of a million pages": "more than 1,000 pages",
    "PDF of a million pages in a thousand branches": "more than 1,000 pages",
    "PDF and ZIP, the ZIP first": "zip archive",
    "SVG named .png": "an SVG drawing",
    "HTML named .png": "an HTML page",
    "encrypted PDF": "encrypted",
}
"""What some are refused with; the others may also be read by other versions of the libraries."""


@pytest.fixture(scope="module")
def outcomes() -> dict[str, Any]:
    """What became of each file, read in a process of its own: a crash there is not one here."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.system.hostile_files"],
        cwd=PROJECT,
        capture_output=True,
        timeout=3600,
        check=True,
    )
    assert done.stderr == b"", "what libraries print would be logged"
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_there_are_enough() -> None:
    assert len(FILES) >= 40
    assert len(BOMBS) >= 6


@pytest.mark.parametrize("name", FILES)
def test_it_is_refused_or_bounded(outcomes: dict[str, Any], name: str) -> None:
    outcome = outcomes[name]
    if "refused" in outcome:
        assert SECRET not in outcome["refused"]
        assert ": " in outcome["refused"], "what is wrong, and what to do"
    else:
        assert 1 <= outcome["pages"] <= 1000
        assert outcome["longest"] <= LONGEST


@pytest.mark.parametrize("name", REFUSED)
def test_it_is_refused_for_what_it_is(outcomes: dict[str, Any], name: str) -> None:
    assert REFUSED[name] in outcomes[name]["refused"]


@pytest.mark.parametrize("name", BOMBS)
def test_the_largest_allowed_page_fits(outcomes: dict[str, Any], name: str) -> None:
    assert outcomes[name]["pages"] == 1


# --- the process apart ------------------------------------------------------------------------

PAGE = PageImage(b"jpeg", 3, 2)


def endless(_data: bytes) -> Iterator[PageImage]:
    yield PAGE
    while True:
        time.sleep(1)


def gone(_data: bytes) -> Iterator[PageImage]:
    yield PAGE
    os.kill(os.getpid(), signal.SIGKILL)


def greedy(_data: bytes) -> Iterator[PageImage]:
    yield PAGE
    yield PageImage(bytes(2 * MEMORY), 1, 1)


def wrong(_data: bytes) -> Iterator[PageImage]:
    yield PAGE
    raise KeyError(SECRET)


def talkative(_data: bytes) -> Iterator[PageImage]:
    for stream in (1, 2):
        os.write(stream, SECRET.encode())
    yield PAGE


@pytest.mark.parametrize(("make", "why"), [(endless, "too long"), (gone, "more memory"), (greedy, "more memory")])
def test_what_ends_the_process_ends_the_file(make: Any, why: str) -> None:
    pages = pages_apart(b"", make, page_seconds=1)
    assert next(pages) == PAGE
    with pytest.raises(UnreadableScanError, match=why):
        next(pages)


def test_what_a_library_prints_is_not_logged(capfd: pytest.CaptureFixture[str]) -> None:
    assert list(pages_apart(b"", talkative)) == [PAGE]
    assert capfd.readouterr() == ("", "")


def test_an_error_of_ours_is_told_without_its_words() -> None:
    with pytest.raises(RuntimeError, match=r"ended with KeyError$"):
        list(pages_apart(b"", wrong))


def test_no_process_is_left_of_a_file_that_is_not_read_to_its_end() -> None:
    others = children()  # of tests before
    pages = pages_apart(b"", endless)
    next(pages)
    assert children() > others
    pages.close()  # type: ignore[attr-defined]
    assert children() <= others


def children() -> set[str]:
    """Return the ids of this process's children, those that have ended and were not waited for among them."""
    found = set()
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):  # it has ended meanwhile
            if f"\nPPid:\t{os.getpid()}\n" in (process / "status").read_text():
                found.add(process.name)
    return found
