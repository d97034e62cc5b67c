"""Draw the pictures of the console: its screens, light and dark, on a run of the sample exam on the emulator.

Run it from the project's folder: ``.venv/bin/python -m docs.console_pictures``. The screens are those of Chromium.
"""

import re
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from benchmarks.harness.console_process import console
from benchmarks.harness.emulator_stack import emulated
from tests.support import chromium

SAMPLE = Path(__file__).parents[1] / "samples" / "exam"
IMAGES = Path(__file__).parent / "images"
SIZE = {"width": 1280, "height": 800}
SCREENS = {
    "console-overview": "",
    "console-upload": "/upload",
    "console-rubrics": "/rubrics",
    "console-names": "/names",
    "console-equal": "/equal",
    "console-class": "/class",
    "console-export": "/export",
}


def main() -> None:
    """Grade the sample exam, and keep what the console shows of it."""
    with emulated(concurrency=5) as stack:
        for file in SAMPLE.rglob("*"):
            if file.is_file():
                stack.put(f"sample/{file.relative_to(SAMPLE)}", file.read_bytes())
        stack.model.control(latency=0)
        stack.run("sample", "exam")
        with console(stack) as address, sync_playwright() as driver:
            browser = driver.chromium.launch(executable_path=chromium.find(), args=["--no-sandbox"])
            for scheme in ("light", "dark"):
                page = browser.new_page(viewport=SIZE, color_scheme=scheme)
                page.goto(address)
                _draw(page, scheme)
                page.close()
            browser.close()


def _draw(page: Page, scheme: str) -> None:
    page.get_by_role("link", name=re.compile("Grade")).first.wait_for()
    for name, screen in SCREENS.items():
        page.evaluate("(to) => { location.hash = to }", f"#/sample{screen}")
        page.get_by_role("main").locator("h1, .whose").first.wait_for()
        page.wait_for_load_state("networkidle")
        page.wait_for_timeout(1500)
        page.screenshot(path=IMAGES / f"{name}-{scheme}.png")


if __name__ == "__main__":
    main()
