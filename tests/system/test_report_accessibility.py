"""axe-core on the reports: WCAG 2.2 AA, and axe's best practices, on screens of several widths and on paper."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, sync_playwright

from tests.support import chromium
from tests.support.report_pages import write_reports

COMMAND = chromium.find()
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
PAPER = 680  # pixels between the margins of A4
OPEN_ALL = "document.querySelectorAll('details').forEach(each => { each.open = true })"

pytestmark = [
    pytest.mark.skipif(COMMAND is None, reason="Chromium is not installed"),
    pytest.mark.xdist_group("chromium"),
]


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return write_reports(tmp_path_factory.mktemp("reports"))


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    """Return a page in which axe may run: the reports' own policy lets no script."""
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=COMMAND, args=["--no-sandbox"])
        yield browser.new_page(bypass_csp=True)
        browser.close()


def problems(page: Page) -> dict[str, list[str]]:
    """Return what violates a rule, by the rule."""
    found: dict[str, Any] = Axe().run(page, options={"runOnly": {"type": "tag", "values": RULES}}).response
    assert len(found["passes"]) > 20, "axe has looked at the page"
    return {each["id"]: [node["html"][:200] for node in each["nodes"]] for each in found["violations"]}


def check(page: Page, report: Path, width: int, look: str) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    page.emulate_media(
        media="print" if look == "print" else "screen", color_scheme="dark" if look == "dark" else "light"
    )
    page.goto(report.as_uri())
    page.evaluate(OPEN_ALL)
    assert problems(page) == {}
    most = max(width, PAPER) if look == "print" else width
    assert page.evaluate("document.documentElement.scrollWidth") <= most, "nothing but wide tables slides"


@pytest.mark.parametrize(
    ("name", "width", "look"), [("class", 375, "dark"), ("class", 1200, "print"), ("open", 320, "light")]
)
def test_axe_finds_nothing(page: Page, reports: dict[str, Path], name: str, width: int, look: str) -> None:
    check(page, reports[name], width, look)


@pytest.mark.long
@pytest.mark.parametrize("look", ["light", "dark", "print"])
@pytest.mark.parametrize("width", [320, 375, 1200])
@pytest.mark.parametrize("name", ["class", "student", "open", "transcription"])
def test_axe_finds_nothing_anywhere(page: Page, reports: dict[str, Path], name: str, width: int, look: str) -> None:
    check(page, reports[name], width, look)


def test_axe_would_find_what_is_wrong(page: Page, reports: dict[str, Path]) -> None:
    page.goto(reports["class"].as_uri())
    page.evaluate("document.querySelector('.histogram').removeAttribute('aria-label')")
    page.evaluate("document.querySelector('main p').style.color = '#bbb'")
    assert {"svg-img-alt", "color-contrast"} <= problems(page).keys()
