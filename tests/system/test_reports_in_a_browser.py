"""Reports in headless Chromium: no error, nothing cut off, charts drawn, and a PDF that is one."""

import re
from pathlib import Path
from typing import Any

import pytest

from tests.support import chromium
from tests.support.chromium import Chromium
from tests.support.report_pages import write_reports

COMMAND = chromium.find()

pytestmark = [
    pytest.mark.skipif(COMMAND is None, reason="Chromium is not installed"),
    pytest.mark.xdist_group("chromium"),
]


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Chromium:
    assert COMMAND is not None
    return Chromium(COMMAND, tmp_path_factory.mktemp("chromium"))


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return write_reports(tmp_path_factory.mktemp("reports"))


@pytest.fixture(scope="module")
def measured(browser: Chromium, reports: dict[str, Path]) -> tuple[list[dict[str, Any]], list[str]]:
    return browser.measure(reports, (360, 820, 1280))


def test_the_console_has_nothing_to_say(measured: tuple[list[dict[str, Any]], list[str]]) -> None:
    pages, console = measured
    assert len(pages) == 12
    assert console == []
    assert all(page["scripts"] == 0 for page in pages)


def test_no_text_is_cut_off(measured: tuple[list[dict[str, Any]], list[str]]) -> None:
    for page in measured[0]:
        assert page["cut"] == [], (page["name"], page["width"])
        assert page["overflow"] <= 0, (page["name"], page["width"])
        assert page["text"] > 500


def test_no_short_word_of_a_table_is_broken(measured: tuple[list[dict[str, Any]], list[str]]) -> None:
    for page in measured[0]:
        assert page["broken"] == [], (page["name"], page["width"])


def test_the_charts_text_can_be_read(measured: tuple[list[dict[str, Any]], list[str]]) -> None:
    """Its 12 px are at least 10 px, and all of it is on the screen: bars beyond the edge are as good as none."""
    for page in measured[0]:
        charts = [image for image in page["images"] if image["bars"]]
        assert len(charts) == (2 if page["name"] == "class" else 0)
        assert all(chart["scale"] >= 10 / 12 for chart in charts), (page["name"], page["width"])
        assert all(chart["width"] <= page["width"] for chart in charts), (page["name"], page["width"])


def test_charts_and_scans_are_drawn(measured: tuple[list[dict[str, Any]], list[str]]) -> None:
    for page in measured[0]:
        images = {image["label"]: image for image in page["images"]}
        assert all(image["width"] > 100 and image["height"] > 10 for image in images.values()), page
        if page["name"] == "class":
            assert images["Distribution of totals"]["bars"] >= 3
            assert images["Mean by question"]["bars"] == 6
        else:
            assert len(images) == {"student": 6, "open": 6, "transcription": 3}[page["name"]]


@pytest.mark.parametrize("name", ["class", "student", "transcription"])
def test_it_prints(browser: Chromium, reports: dict[str, Path], name: str) -> None:
    printed = browser.print(reports[name])
    assert printed.startswith(b"%PDF-")
    pages = len(re.findall(rb"/Type\s*/Page\b", printed))
    assert 1 <= pages <= {"class": 6, "student": 14, "transcription": 5}[name]
